"""What set-up runs; no part of the server."""
