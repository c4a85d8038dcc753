"""Labset's own records."""
