"""Registered asset databases, and what was seen of their health."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, insert, or_, select, true, update
from sqlalchemy.exc import IntegrityError

from core.errors import Conflict, NotFound
from core.model.asset_documents import health_document, registry_document
from core.model.filters.queries import DocumentQuery
from core.model.registry import HealthCheck, RegistryEntry
from core.ports import Found
from ledger.database import AnyRow, Database
from ledger.filtering.search import Collection, search
from ledger.tables import registry_checks as checks
from ledger.tables import registry_entries as entries

MAX_KEPT_CHECKS = 100

_IS_ONE = entries.c.id == bindparam("wanted")
_FIND = select(entries).where(_IS_ONE)
_LOCK = _FIND.with_for_update()
_COUNT = select(func.count()).select_from(entries)
_OF_ENTRY = checks.c.entry_id == bindparam("wanted")
_LIST_CHECKS = select(checks).where(_OF_ENTRY).order_by(checks.c.number.desc())
_OLDEST_KEPT = (
    select(checks.c.number)
    .where(_OF_ENTRY)
    .order_by(checks.c.number.desc())
    .limit(1)
    .offset(MAX_KEPT_CHECKS - 1)
    .scalar_subquery()
)
_SWEEP = delete(checks).where(_OF_ENTRY, checks.c.number < _OLDEST_KEPT)
_DUE = (
    select(entries)
    .where(or_(entries.c.due_from.is_(None), entries.c.due_from <= bindparam("oldest")))
    .order_by(entries.c.due_from.asc().nulls_first())
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)
_CLAIM = update(entries).where(_IS_ONE).values(due_from=bindparam("now"))
_COLLECTION = Collection(
    table=entries,
    sorted_columns={
        "created_at": entries.c.number,  # counted as they are made
        "updated_at": entries.c.updated_at,
        "asset_registry_name": entries.c.name,
        "asset_registry_id": entries.c.id,
    },
)


class SqlRegistryRecords:
    """`RegistryRecords` in the database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create_entry(self, entry: RegistryEntry) -> None:
        """Keep a new entry with its first check.

        Raises:  Conflict (`registry_entry_exists`), if there is one of that id.
        """
        row = _row_of(entry) | _due_row(entry.health)
        try:
            with self._database.writing() as connection:
                connection.execute(insert(entries), row)
                if entry.health is not None:
                    connection.execute(insert(checks), _check_row(entry.id, entry.health))
        except IntegrityError as error:
            raise Conflict(
                f"An asset database is registered as {entry.id} already.",
                code="registry_entry_exists",
            ) from error

    def find_entry(self, entry_id: str) -> RegistryEntry | None:
        """Return an entry."""
        with self._database.reading() as connection:
            row = connection.execute(_FIND, {"wanted": entry_id}).first()
        return None if row is None else _entry_of(row)

    def replace_entry(self, entry: RegistryEntry, *, seen_at: datetime) -> None:
        """Keep what people may change of an entry that was seen with this `updated_at`.

        Its health is what the checks say, whatever the caller saw of it; with another address it is
        the look that comes with it.
        Raises:  Conflict, if somebody changed it meanwhile; NotFound.
        """
        with self._database.writing() as connection:
            row = connection.execute(_LOCK, {"wanted": entry.id}).first()
            if row is None:
                raise NotFound("There is no such registry entry any more.")
            former = _entry_of(row)
            if former.updated_at != seen_at:
                raise Conflict("Somebody changed the entry meanwhile: look at it and try again.")
            has_moved = entry.public_url != former.public_url
            kept = replace(
                former,
                name=entry.name,
                public_url=entry.public_url,
                metadata=entry.metadata,
                tags=entry.tags,
                updated_at=entry.updated_at,
                health=entry.health if has_moved else former.health,
            )
            changes = _row_of(kept) | (_due_row(kept.health) if has_moved else {})
            one = {"wanted": entry.id}
            connection.execute(update(entries).where(_IS_ONE).values(**changes), one)
            if has_moved and kept.health is not None:
                _remember(connection, entry.id, kept.health)

    def delete_entry(self, entry_id: str) -> None:
        """Forget an entry and its checks."""
        with self._database.writing() as connection:
            connection.execute(delete(checks).where(_OF_ENTRY), {"wanted": entry_id})
            connection.execute(delete(entries).where(_IS_ONE), {"wanted": entry_id})

    def count_entries(self, owner_id: int | None) -> int:
        """Return how many entries somebody has; None: those that nobody in particular made."""
        with self._database.reading() as connection:
            found = connection.execute(
                _COUNT.where(entries.c.owner_id.is_not_distinct_from(owner_id))
            )
            return found.scalar_one()

    def count_all_entries(self) -> int:
        """Return how many entries there are."""
        with self._database.reading() as connection:
            return connection.execute(_COUNT).scalar_one()

    def query_entries(self, query: DocumentQuery) -> Found[RegistryEntry]:
        """Return the entries that match."""
        with self._database.queries.turn():
            page = search(self._database, _COLLECTION, query, true())
        return Found(tuple(map(_entry_of, page.rows)), page.cursor)

    def save_check(self, entry_id: str, check: HealthCheck, *, url: str) -> None:
        """Add a look at `url` to the history (the newest 100 are kept).

        Nothing, where the entry is gone or has another address, or has that look or a newer one already:
        those who wait for one look all bring it.
        """
        one = {"wanted": entry_id}
        with self._database.writing() as connection:
            row = connection.execute(_LOCK, one).first()
            if row is None or row.document["asset_registry_public_url"] != url:
                return
            if row.checked_at is not None and row.checked_at >= check.checked_at:
                return
            told = {"document": row.document | {"health": health_document(check)}}
            changes = _health_row(check) | _due_row(check) | told
            connection.execute(update(entries).where(_IS_ONE).values(**changes), one)
            _remember(connection, entry_id, check)

    def list_checks(self, entry_id: str, limit: int) -> Sequence[HealthCheck]:
        """Return the newest checks first."""
        with self._database.reading() as connection:
            rows = connection.execute(_LIST_CHECKS.limit(limit), {"wanted": entry_id}).all()
        return [HealthCheck(row.checked_at, row.seconds, row.problem) for row in rows]

    def claim_due_entries(
        self, now: datetime, due_before: datetime, limit: int
    ) -> Sequence[RegistryEntry]:
        """Return entries not checked since `due_before`, marked so that no other worker takes them now.

        Whoever claimed an entry and never checked it lost it when `due_before` passes that moment.
        """
        with self._database.writing() as connection:
            rows = connection.execute(_DUE, {"oldest": due_before, "most": limit}).all()
            if rows:
                connection.execute(_CLAIM, [{"wanted": row.id, "now": now} for row in rows])
        return [_entry_of(row) for row in rows]


def _row_of(entry: RegistryEntry) -> dict[str, Any]:
    return _health_row(entry.health) | {
        "id": entry.id,
        "name": entry.name,
        "owner_id": entry.owner_id,
        "created_at": entry.created_at,
        "updated_at": entry.updated_at,
        "document": registry_document(entry),
    }


def _health_row(check: HealthCheck | None) -> dict[str, Any]:
    if check is None:
        return {"checked_at": None, "seconds": None, "problem": None}
    return {"checked_at": check.checked_at, "seconds": check.seconds, "problem": check.problem}


def _due_row(check: HealthCheck | None) -> dict[str, Any]:
    return {"due_from": check.checked_at if check else None}


def _remember(connection: Connection, entry_id: str, check: HealthCheck) -> None:
    """Add a look to the history, of which the oldest ones go."""
    connection.execute(insert(checks), _check_row(entry_id, check))
    connection.execute(_SWEEP, {"wanted": entry_id})


def _check_row(entry_id: str, check: HealthCheck) -> dict[str, Any]:
    return {"entry_id": entry_id, **_health_row(check)}


def _entry_of(row: AnyRow) -> RegistryEntry:
    told = row.document
    health = None
    if row.checked_at is not None:
        health = HealthCheck(row.checked_at, row.seconds, row.problem)
    return RegistryEntry(
        id=row.id,
        name=row.name,
        public_url=told["asset_registry_public_url"],
        owner_id=row.owner_id,
        owner_name=told["owner"],
        created_at=row.created_at,
        updated_at=row.updated_at,
        metadata=told["asset_registry_metadata"],
        tags=tuple(told["asset_registry_tags"]),
        health=health,
    )
