"""Pages for people: blueprints by subject."""
