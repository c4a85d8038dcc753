"""Who may write in the asset database and its registry: owners, administrators, or everybody."""

from __future__ import annotations

from core.errors import Forbidden, Unauthenticated
from core.model.access import ALLOWED, Actor, Permission, Person
from core.ports import AssetPlatform


def check_known(house: AssetPlatform, actor: Actor) -> Person | None:
    """Return who would write, by what was known of him a moment ago; None as in `check_writer`.

    Raises:  Unauthenticated, also for a token that is refused there.
    """
    person = house.people.find_person(actor)
    if person is None and not house.rules.is_open:
        raise Unauthenticated("Writing needs a token: send it as `Authorization: Bearer <token>`.")
    return person


def check_writer(house: AssetPlatform, actor: Actor) -> Person | None:
    """Return who writes; None is nobody in particular, on a trusted network.

    Raises:  Unauthenticated, also for a token that is refused there; Forbidden (`insufficient_scope`).
    """
    person = check_known(house, actor)
    if person is not None:
        house.people.check_may_write(actor)
    return person


def change_permission(
    house: AssetPlatform, person: Person | None, owner_id: int | None, owner_name: str
) -> Permission:
    """Say whether `person` may change or delete what belongs to that owner (None: to nobody)."""
    if person is not None and (person.is_admin or person.id == owner_id):
        return ALLOWED
    if owner_id is not None:
        why = "only its owner and administrators may change it"
        return Permission(allowed=False, why=why, ask=(owner_name,) if owner_name else ())
    if house.rules.is_open:
        return ALLOWED
    return Permission(allowed=False, why="it belongs to nobody: only administrators may change it")


def check_may_change(
    house: AssetPlatform, actor: Actor, owner_id: int | None, owner_name: str
) -> None:
    """Refuse whoever may not change what belongs to that owner.

    Raises:  Unauthenticated, Forbidden.
    """
    person = check_writer(house, actor)
    permission = change_permission(house, person, owner_id, owner_name)
    if not permission.allowed and person is None:
        raise Unauthenticated("This entry belongs to somebody: send a token to change it.")
    if not permission.allowed:
        raise Forbidden(permission.why or "you may not change it", ask=permission.ask)
