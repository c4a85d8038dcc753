"""The parts of storage_sites that need no server."""
