"""Stand-ins for storage and clock."""
