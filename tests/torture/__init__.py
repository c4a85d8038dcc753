"""Crash loops, faults and attacks."""
