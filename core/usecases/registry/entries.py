"""Register another asset database, find it, change it, forget it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

from core.errors import Conflict, NotFound
from core.model.access import Actor, Permission, Person
from core.model.filters.queries import DocumentQuery
from core.model.json_values import text_problem
from core.model.registry import RegistryEntry
from core.ports import AssetPlatform, Found
from core.usecases.access.ownership import change_permission, check_may_change, check_writer
from core.usecases.registry.drafts import RegistryDraft

MAX_OWNED_ENTRIES = 200

_TICK = timedelta(microseconds=1)


def register_database(house: AssetPlatform, actor: Actor, draft: RegistryDraft) -> RegistryEntry:
    """Register a database: it is looked at first, and what was seen is kept with it, good or bad.

    Raises:  Unauthenticated, Forbidden (also for an address inside this network), Invalid; Conflict,
             where the id that it shall have is taken (`registry_entry_exists`), or somebody has
             registered as many as one may (`registry_full`).
    """
    person = check_writer(house, actor)
    _check_room(house, person)
    if draft.id and house.registry.find_entry(draft.id) is not None:
        raise Conflict(
            f"An asset database is registered as {draft.id} already.", code="registry_entry_exists"
        )
    house.others.check_address(draft.public_url)
    [health] = house.others.look_at_health([draft.public_url])
    now = house.clock.now()
    entry = RegistryEntry(
        id=draft.id or str(uuid4()),
        name=draft.name,
        public_url=draft.public_url,
        owner_id=None if person is None else person.id,
        owner_name="" if person is None else person.username,
        created_at=now,
        updated_at=now,
        metadata=draft.metadata,
        tags=draft.tags,
        health=health,
    )
    house.registry.create_entry(entry)
    return entry


def _check_room(house: AssetPlatform, person: Person | None) -> None:
    """Refuse further entries of one owner: each of them is called again and again, by others too."""
    if house.registry.count_entries(None if person is None else person.id) >= MAX_OWNED_ENTRIES:
        owner = "Nobody in particular" if person is None else person.username
        raise Conflict(
            f"{owner} has registered {MAX_OWNED_ENTRIES} asset databases, which is the most that one "
            "may: delete some that are no longer needed.",
            code="registry_full",
        )


def find_entry(house: AssetPlatform, entry_id: str) -> RegistryEntry:
    """Return an entry; the registry is open to everybody.

    Raises:  NotFound (`registry_entry_not_found`).
    """
    entry = None if text_problem(entry_id) else house.registry.find_entry(entry_id)
    if entry is None:
        raise NotFound(
            "No asset database is registered by this id.", code="registry_entry_not_found"
        )
    return entry


def change_entry(
    house: AssetPlatform,
    actor: Actor,
    entry_id: str,
    read_changes: Callable[[RegistryEntry], RegistryDraft],
) -> RegistryEntry:
    """Change what people say of an entry, never whose it is; a new address is looked at.

    `read_changes` is asked once the caller's right is known, and says what the entry shall be.
    Raises:  NotFound, Unauthenticated, Forbidden, Invalid; Conflict, if somebody was first.
    """
    entry = find_entry(house, entry_id)
    check_may_change(house, actor, entry.owner_id, entry.owner_name)
    draft = read_changes(entry)
    health = entry.health
    if draft.public_url != entry.public_url:
        house.others.check_address(draft.public_url)
        [health] = house.others.look_at_health([draft.public_url])
    changed = replace(
        entry,
        name=draft.name,
        public_url=draft.public_url,
        metadata=draft.metadata,
        tags=draft.tags,
        updated_at=max(house.clock.now(), entry.updated_at + _TICK),
        health=health,
    )
    house.registry.replace_entry(changed, seen_at=entry.updated_at)
    return changed


def delete_entry(house: AssetPlatform, actor: Actor, entry_id: str) -> RegistryEntry:
    """Forget an entry and its history; return what it was.

    Raises:  NotFound, Unauthenticated, Forbidden.
    """
    entry = find_entry(house, entry_id)
    check_may_change(house, actor, entry.owner_id, entry.owner_name)
    house.registry.delete_entry(entry.id)
    return entry


def query_entries(house: AssetPlatform, query: DocumentQuery) -> Found[RegistryEntry]:
    """Return a page of the entries that match."""
    return house.registry.query_entries(query)


def entry_permissions(
    house: AssetPlatform, actor: Actor, entry: RegistryEntry
) -> Mapping[str, Permission]:
    """Say whether the caller may change ("write") and delete ("delete") an entry.

    Raises:  Unauthenticated, for a token that is refused.
    """
    person = house.people.find_person(actor)
    permission = change_permission(house, person, entry.owner_id, entry.owner_name)
    return {"write": permission, "delete": permission}
