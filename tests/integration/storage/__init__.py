"""Storage sites."""
