"""People whose tokens a test has given out."""

from __future__ import annotations

from collections.abc import Collection

from core.errors import Forbidden, Unauthenticated
from core.model.access import Actor, Person, Secret
from core.model.names import DatasetId


class FakePeople:
    """`AssetPeople`: a token is the name of its person; `readers` names those that only read."""

    def __init__(self, *people: Person, readers: Collection[str] = ()) -> None:
        self._people = {person.username: person for person in people}
        self._readers = frozenset(readers)

    def find_person(self, actor: Actor) -> Person | None:
        """Return whose token it is."""
        if actor.token is None:
            return None
        person = self._people.get(actor.token.reveal())
        if person is None:
            raise Unauthenticated("GitLab refuses this token.")
        return person

    def check_may_write(self, actor: Actor) -> None:
        """Refuse those that only read."""
        if actor.token is not None and actor.token.reveal() in self._readers:
            raise Forbidden("the token was made for reading", code="insufficient_scope")

    def find_readable(self, actor: Actor, among: Collection[DatasetId]) -> frozenset[DatasetId]:
        """Return all of them for those who are somebody."""
        return frozenset() if actor.is_anonymous else frozenset(among)

    find_readable_soon = find_readable


def some_person(number: int, name: str, *, is_admin: bool = False) -> Person:
    """Return a person."""
    return Person(number, name, name.title(), f"{name}@lab.test", is_admin=is_admin)


def who(name: str) -> Actor:
    """Return the person of that name, asking."""
    return Actor(Secret(name))
