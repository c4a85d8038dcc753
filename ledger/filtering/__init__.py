"""Filters over JSON documents: compiled for each database, on the indexes that it has."""
