"""What the client keeps on this machine: bytes, hashes, locks, private files."""
