"""The client with a running stack."""
