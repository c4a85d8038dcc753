"""The registry: other asset databases that people may find, look after and search."""
