"""The asset database and its registry alone: without GitLab, broker or worker (docs/assets.md)."""
