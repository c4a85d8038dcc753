"""What surrounds Labset on a developer's machine: a GitLab look-alike, object storage, demo data."""
