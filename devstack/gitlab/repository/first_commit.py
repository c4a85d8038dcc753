"""The commit that a project starts with when it is asked for a README."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pygit2
from pygit2.enums import FileMode

if TYPE_CHECKING:
    from devstack.gitlab.store.users import User


def commit_readme(repository: pygit2.Repository, branch: str, name: str, author: User) -> None:
    """Commit a README.md that carries the project's name, as the first commit of `branch`."""
    builder = repository.TreeBuilder()
    builder.insert("README.md", repository.create_blob(f"# {name}\n\n".encode()), FileMode.BLOB)
    signature = pygit2.Signature(author.name, author.email)
    repository.create_commit(
        f"refs/heads/{branch}", signature, signature, "Initial commit", builder.write(), []
    )
    repository.set_head(f"refs/heads/{branch}")
