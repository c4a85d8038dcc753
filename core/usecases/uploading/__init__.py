"""Many files on their way to one commit."""
