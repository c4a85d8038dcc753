"""One exam for the ports of the ledger, sat on SQLite and on PostgreSQL."""
