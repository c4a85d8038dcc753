"""Storage sites: register, change and check them."""
