"""The shell around the verbs, without a socket or a disk."""
