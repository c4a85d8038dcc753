"""How the tables came to be: one file per change, run in order by `ledger.schema`."""
