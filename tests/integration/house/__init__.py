"""The checkout itself."""
