"""The only code that calls addresses which people name."""
