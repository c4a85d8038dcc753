"""Git and GitLab."""
