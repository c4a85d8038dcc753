"""Against the embedded stack, with real servers."""
