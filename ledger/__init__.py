"""Labset's own records: upload sessions, bindings, keys of sites, jobs, log-ins; SQLite or PostgreSQL."""
