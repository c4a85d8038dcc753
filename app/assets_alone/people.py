"""Who may write to an asset database that runs alone: whoever holds one of its tokens."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from app.assets_alone.tokens import TokenFile
from core.errors import Unauthenticated
from core.model.access import Actor, Person
from core.model.names import DatasetId


@dataclass(frozen=True, slots=True)
class TokenPeople:
    """`AssetPeople` by a file of tokens; without one (an open installation) no token is known."""

    tokens: TokenFile | None

    def find_person(self, actor: Actor) -> Person | None:
        """Return whose token was sent; None where none was."""
        if actor.token is None:
            return None
        person = self.tokens.find_person(actor.token) if self.tokens else None
        if person is None:
            raise Unauthenticated(
                "This asset database does not know the token that you sent: ask whoever runs it for one."
            )
        return person

    def check_may_write(self, actor: Actor) -> None:
        """Let pass: every token that is known here may write."""

    def find_readable(
        self,
        actor: Actor,  # noqa: ARG002 - the port's
        among: Collection[DatasetId],  # noqa: ARG002
    ) -> frozenset[DatasetId]:
        """Return none: datasets belong to a GitLab, and there is none here."""
        return frozenset()

    find_readable_soon = find_readable
