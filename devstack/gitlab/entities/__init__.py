"""The JSON bodies of GitLab's resources."""
