"""Decisions: no socket, no disk."""
