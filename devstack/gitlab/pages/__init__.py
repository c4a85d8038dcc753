"""Pages for people: sign-in, consent, and enough to look at groups, projects, files and commits."""
