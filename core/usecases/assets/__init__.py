"""The asset database: named, versioned, tagged files, kept at a site or somewhere else.

Source:  seed 001, COMPAT 0.2, docs/assets.md.
"""
