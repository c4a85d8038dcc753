"""Changes that are one commit each: files put, moved, deleted, packed, a change undone."""
