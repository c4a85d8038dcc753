"""A GitLab look-alike: the REST API, git over HTTP, OAuth and a few pages, over real bare repositories.

It is a process of its own and shares no code with Labset: whatever runs against it speaks the public protocols only.
"""
