"""Filters in MongoDB's words: read, limited, and held as a typed tree."""
