"""The records of the look-alike, in one SQLite file."""
