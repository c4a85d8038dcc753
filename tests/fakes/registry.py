"""The registry's records of one test, in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from core.errors import Conflict, NotFound
from core.model.filters.queries import DocumentQuery
from core.model.filters.reading import parse_filter
from core.model.registry import HealthCheck, RegistryEntry
from core.ports import Found

_HEALTHY = parse_filter({"health.ok": True})


class FakeRegistry:
    """`RegistryRecords`; of filters it knows two: the healthy ones, and all."""

    def __init__(self) -> None:
        self.entries: dict[str, RegistryEntry] = {}
        self.checks: dict[str, list[HealthCheck]] = {}
        self.due_from: dict[str, datetime | None] = {}

    def create_entry(self, entry: RegistryEntry) -> None:
        """Keep a new entry with its first check."""
        if entry.id in self.entries:
            raise Conflict("There is an entry of this id.", code="registry_entry_exists")
        self.entries[entry.id] = entry
        self.checks[entry.id] = [entry.health] if entry.health else []
        self.due_from[entry.id] = entry.health.checked_at if entry.health else None

    def find_entry(self, entry_id: str) -> RegistryEntry | None:
        """Return an entry."""
        return self.entries.get(entry_id)

    def replace_entry(self, entry: RegistryEntry, *, seen_at: datetime) -> None:
        """Keep a changed entry, whose health is what the checks say, unless it has moved."""
        former = self.entries.get(entry.id)
        if former is None:
            raise NotFound("There is no such registry entry any more.")
        if former.updated_at != seen_at:
            raise Conflict("Somebody changed the entry meanwhile.")
        if former.public_url == entry.public_url:
            self.entries[entry.id] = replace(entry, health=former.health)
            return
        self.entries[entry.id] = entry
        self.checks[entry.id][:0] = [entry.health] if entry.health else []
        self.due_from[entry.id] = entry.health.checked_at if entry.health else None

    def delete_entry(self, entry_id: str) -> None:
        """Forget an entry and its checks."""
        self.entries.pop(entry_id, None)
        self.checks.pop(entry_id, None)

    def count_entries(self, owner_id: int | None) -> int:
        """Return how many somebody has."""
        return sum(entry.owner_id == owner_id for entry in self.entries.values())

    def count_all_entries(self) -> int:
        """Return how many there are."""
        return len(self.entries)

    def query_entries(self, query: DocumentQuery) -> Found[RegistryEntry]:
        """Return the entries, the oldest first; all of them, or those that are well."""
        found = sorted(self.entries.values(), key=lambda entry: entry.created_at)
        if query.condition == _HEALTHY:
            found = [entry for entry in found if entry.health and entry.health.ok]
        start = int(query.cursor or 0)
        end = start + query.limit
        return Found(tuple(found[start:end]), str(end) if end < len(found) else None)

    def save_check(self, entry_id: str, check: HealthCheck, *, url: str) -> None:
        """Add to the history, what is newer and of this address."""
        entry = self.entries.get(entry_id)
        if entry is None or entry.public_url != url:
            return
        if entry.health is not None and entry.health.checked_at >= check.checked_at:
            return
        self.entries[entry_id] = replace(entry, health=check)
        self.checks[entry_id].insert(0, check)
        self.due_from[entry_id] = check.checked_at

    def list_checks(self, entry_id: str, limit: int) -> Sequence[HealthCheck]:
        """Return the newest checks first."""
        return self.checks.get(entry_id, [])[:limit]

    def claim_due_entries(
        self, now: datetime, due_before: datetime, limit: int
    ) -> Sequence[RegistryEntry]:
        """Return entries that nobody claimed or checked since `due_before`."""
        due = [
            entry
            for entry in self.entries.values()
            if (since := self.due_from[entry.id]) is None or since <= due_before
        ][:limit]
        self.due_from |= dict.fromkeys((entry.id for entry in due), now)
        return due
