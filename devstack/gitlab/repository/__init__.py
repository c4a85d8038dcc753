"""The bare repositories, read and written with libgit2."""
