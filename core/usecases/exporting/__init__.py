"""A whole revision for other programs: archives, manifest, Croissant."""
