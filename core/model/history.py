"""Refs, commits and changes of a dataset's history."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from core.errors import Invalid
from core.model.content import Pointer
from core.model.names import FilePath, Ref, Revision

MAX_MESSAGE_CHARACTERS = 10_000


@dataclass(frozen=True, slots=True)
class Branch:
    """A branch and its tip; `protected` by GitLab's rules."""

    name: str
    revision: Revision
    protected: bool = False


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag: the commit that it names, the note, and when it was made (UTC; None if light)."""

    name: str
    revision: Revision
    message: str = ""
    released_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Refs:
    """All public names of a dataset's revisions at one moment."""

    branches: tuple[Branch, ...]
    tags: tuple[Tag, ...]


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit as people read it."""

    revision: Revision
    parents: tuple[Revision, ...]
    title: str
    message: str
    author_name: str
    author_email: str
    authored_at: datetime


@dataclass(frozen=True, slots=True)
class Change:
    """What one commit does to one path: a pointer, a text (its bytes), or None to delete it.

    Deleting a folder deletes all below it. A `str` path is one of git's own tree that no dataset
    path can name (`.dvc/config`), with its bytes: used by the binding only. `moved_from` is where a
    pointer stood before: what people noted in it (description, labels) comes along.
    """

    path: FilePath | str
    content: Pointer | bytes | None
    moved_from: FilePath | None = None


@dataclass(frozen=True, slots=True)
class CommitOrder:
    """One commit to make: one or none, whatever happens on the way.

    `key` is a random name of this order, written as the trailer `Upload-Session: <key>`, by which a
    second try recognises the first. `base` is the revision that the author saw: paths of ours that
    changed since are a conflict; None means that the repository was empty. `author` is the person.
    """

    key: str
    branch: Ref
    message: str
    changes: tuple[Change, ...]
    base: Revision | None
    author_name: str
    author_email: str
    trailers: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_message(self.message)


@dataclass(frozen=True, slots=True)
class Committed:
    """The commit that was made, and which of its paths had been there before."""

    revision: Revision
    replaced: frozenset[str] = frozenset()


def check_message(message: str) -> None:
    """Refuse an empty or endless commit message."""
    if not message.strip():
        raise Invalid("Give the change a message.", details={"field": "message"})
    if len(message) > MAX_MESSAGE_CHARACTERS or "\x00" in message:
        raise Invalid(
            f"The message is too long or holds a NUL; at most {MAX_MESSAGE_CHARACTERS} characters.",
            details={"field": "message"},
        )
