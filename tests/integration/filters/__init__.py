"""Filters held against MongoDB's documentation, mongomock, and each other's database."""
