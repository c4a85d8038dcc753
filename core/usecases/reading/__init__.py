"""Look at a revision: its folders, files, bytes, and what differs from another one."""
