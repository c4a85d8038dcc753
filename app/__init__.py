"""The only code that knows Flask."""
