"""Long work, and how to look at it."""
