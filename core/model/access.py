"""Who asks, and what GitLab lets them do."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date
from enum import IntEnum, StrEnum


class AccessLevel(IntEnum):
    """GitLab's roles, by GitLab's numbers."""

    NONE = 0
    GUEST = 10
    PLANNER = 15
    REPORTER = 20
    DEVELOPER = 30
    MAINTAINER = 40
    OWNER = 50

    @property
    def label(self) -> str:
        """The role as GitLab's pages spell it."""
        return self.name.capitalize()


class Visibility(StrEnum):
    """GitLab's three levels, from closed to open."""

    PRIVATE = "private"
    INTERNAL = "internal"
    PUBLIC = "public"

    @property
    def rank(self) -> int:
        """0 for private … 2 for public, to compare openness."""
        return ("private", "internal", "public").index(self.value)


@dataclass(frozen=True, slots=True)
class Secret:
    """A text that must not leave: printing shows `***`, `reveal()` is easy to search for."""

    _text: str

    def reveal(self) -> str:
        """Return the text itself, for the one call that needs it."""
        return self._text

    def fingerprint(self) -> str:
        """Return a sha256 (64 hex digits) that names the secret without telling it."""
        return hashlib.sha256(self._text.encode()).hexdigest()

    def __repr__(self) -> str:
        return "***"

    __str__ = __repr__


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks: a GitLab token (personal, project or OAuth), or nobody."""

    token: Secret | None = None

    @property
    def is_anonymous(self) -> bool:
        """Whether nobody in particular asks."""
        return self.token is None

    @property
    def key(self) -> str:
        """A name for caches: never the token itself."""
        return self.token.fingerprint() if self.token else "anonymous"


ANONYMOUS = Actor()


@dataclass(frozen=True, slots=True)
class Person:
    """The GitLab user behind a credential."""

    id: int
    username: str
    name: str
    email: str
    is_admin: bool = False
    avatar_url: str | None = None


@dataclass(frozen=True, slots=True)
class TokenFacts:
    """What GitLab tells of a token: its name, its scopes, and the day on which it ends, if one."""

    name: str
    scopes: frozenset[str]
    expires_on: date | None = None


@dataclass(frozen=True, slots=True)
class Permission:
    """Whether the caller may do one thing, and if not, why and whom to ask (user names)."""

    allowed: bool
    why: str | None = None
    ask: tuple[str, ...] = ()


ALLOWED = Permission(allowed=True)
