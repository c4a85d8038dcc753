"""The Flask shell over a real ledger and the GitLab look-alike."""
