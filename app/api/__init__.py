"""The API for programs: blueprints by subject."""
