"""Decisions of the bridge that need no server."""
