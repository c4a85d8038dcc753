"""The only code that speaks git and GitLab."""
