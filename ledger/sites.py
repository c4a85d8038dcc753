"""Storage sites: their addresses, sealed keys and last checks."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, exists, func, select, update

from core.errors import Conflict
from core.model.access import Secret
from core.model.names import SiteId
from core.model.storage import CheckStep, SiteAddress, SiteHealth, SiteKeys, SiteKind, SiteRecord
from ledger.database import AnyRow, Database
from ledger.tables import assets, bindings, sites
from ledger.vault import Vault

MAX_AGE_SECONDS = 5.0
_FROZEN = ("kind", "url", "endpoint")

_ONE = select(sites).where(sites.c.id == bindparam("site_id"))
_LOCKED = _ONE.with_for_update()
_COUNT_BOUND = select(func.count()).where(bindings.c.site_id == bindparam("site_id"))
_HAS_ASSETS = select(exists().where(assets.c.site_id == bindparam("site_id")))
_SAVE_HEALTH = (
    update(sites).where(sites.c.id == bindparam("site_id")).values(health=bindparam("report"))
)
_DELETE = delete(sites).where(sites.c.id == bindparam("site_id"))


@dataclass(slots=True)
class _Known:
    """A record as it was read, the row that it came from, and when (monotonic seconds)."""

    record: SiteRecord
    row: tuple[Any, ...]
    read_at: float


class SqlSiteRecords:
    """`SiteRecords` in the database; the records lately read stay decrypted in memory."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault
        self._known: dict[SiteId, _Known] = {}
        insert = database.upsert(sites)
        changing = {column.name: insert.excluded[column.name] for column in sites.c}
        del changing["id"]
        self._save = insert.on_conflict_do_update(index_elements=["id"], set_=changing)

    def find_site_record(self, site_id: SiteId) -> SiteRecord | None:
        """Return the site as the database has it now, with its decrypted keys."""
        with self._database.reading() as connection:
            row = connection.execute(_ONE, {"site_id": site_id.number}).first()
        if row is None:
            self._known.pop(site_id, None)
            return None
        return self._remember(row)

    def find_recent(self, site_id: SiteId) -> SiteRecord | None:
        """Return the site as it was at most 5 seconds ago: the same object while nothing changes."""
        known = self._known.get(site_id)
        if known is None:
            return self.find_site_record(site_id)
        age = time.monotonic() - known.read_at
        if age < MAX_AGE_SECONDS:
            return known.record
        known.read_at += age  # the others need not read it as well
        try:
            return self.find_site_record(site_id)
        except Exception:
            known.read_at -= age
            raise

    def list_site_records(self, site_ids: Sequence[SiteId] | None = None) -> Sequence[SiteRecord]:
        """Return the given sites that are known, or all, by id."""
        wanted = select(sites).order_by(sites.c.id)
        if site_ids is not None:
            wanted = wanted.where(sites.c.id.in_([site_id.number for site_id in site_ids]))
        with self._database.reading() as connection:
            rows = connection.execute(wanted).all()
        return [self._remember(row) for row in rows]

    def save_site_record(self, record: SiteRecord) -> None:
        """Insert or replace a site.

        Raises:  Conflict (`address_frozen`), if kind, url or endpoint change under a dataset or assets.
        """
        row = self._row_of(record)
        with self._database.writing() as connection:
            former = connection.execute(_LOCKED, {"site_id": record.id.number}).first()
            if former is not None and not same_address(former, record.address):
                _check_unbound(
                    connection,
                    record.id,
                    f"The kind, url and endpoint of {former.name} stay as they are",
                    code="address_frozen",
                )
            connection.execute(self._save, row)
        self._known.pop(record.id, None)

    def save_site_health(self, site_id: SiteId, health: SiteHealth) -> None:
        """Keep the last check."""
        with self._database.writing() as connection:
            connection.execute(
                _SAVE_HEALTH, {"site_id": site_id.number, "report": _health_text(health)}
            )
        self._known.pop(site_id, None)

    def delete_site_record(self, site_id: SiteId) -> None:
        """Forget a site.

        Raises:  Conflict (`site_in_use`) with the number of datasets that are bound or reserve it, or for assets.
        """
        with self._database.writing() as connection:
            row = connection.execute(_LOCKED, {"site_id": site_id.number}).first()
            if row is not None:
                sentence = f"The storage site {row.name} cannot be deleted"
                _check_unbound(connection, site_id, sentence, code="site_in_use")
                connection.execute(_DELETE, {"site_id": site_id.number})
        self._known.pop(site_id, None)

    def _remember(self, row: AnyRow) -> SiteRecord:
        values = tuple(row)
        site_id = SiteId(row.id)
        known = self._known.get(site_id)
        if known is None or known.row != values:
            known = _Known(self._record_of(row), values, 0.0)
        known.read_at = time.monotonic()
        self._known[site_id] = known
        return known.record

    def _record_of(self, row: AnyRow) -> SiteRecord:
        site_id = SiteId(row.id)
        return SiteRecord(
            id=site_id,
            name=row.name,
            address=SiteAddress(
                SiteKind(row.kind), row.url, row.endpoint, row.public_endpoint, row.region
            ),
            keys=self._keys_of(row),
            registered_by=row.registered_by,
            health=None if row.health is None else _health_of(row.health),
        )

    def _keys_of(self, row: AnyRow) -> SiteKeys | None:
        if row.sealed_keys is None:
            return None
        access_key, secret_key = json.loads(self._vault.open(row.sealed_keys, keys_context(row.id)))
        return SiteKeys(Secret(access_key), Secret(secret_key))

    def _row_of(self, record: SiteRecord) -> dict[str, Any]:
        keys = None
        if record.keys is not None:
            pair = [record.keys.access_key.reveal(), record.keys.secret_key.reveal()]
            keys = self._vault.seal(json.dumps(pair), keys_context(record.id.number))
        return {
            "id": record.id.number,
            "name": record.name,
            "kind": record.address.kind.value,
            "url": record.address.url,
            "endpoint": record.address.endpoint,
            "public_endpoint": record.address.public_endpoint,
            "region": record.address.region,
            "registered_by": record.registered_by,
            "sealed_keys": keys,
            "health": None if record.health is None else _health_text(record.health),
        }


def keys_context(site_id: int) -> str:
    """Name the place where a site's keys are sealed."""
    return f"sites.sealed_keys:{site_id}"


def same_address(row: AnyRow, address: SiteAddress) -> bool:
    """Whether a row's bytes lie where `address` says."""
    return all(getattr(row, part) == getattr(address, part) for part in _FROZEN)


def _check_unbound(connection: Connection, site_id: SiteId, sentence: str, *, code: str) -> None:
    count = connection.execute(_COUNT_BOUND, {"site_id": site_id.number}).scalar_one()
    if connection.execute(_HAS_ASSETS, {"site_id": site_id.number}).scalar_one():
        raise Conflict(f"{sentence}: assets lie there.", code=code, details={"assets": True})
    if count:
        lie = "dataset lies" if count == 1 else "datasets lie"
        raise Conflict(f"{sentence}: {count} {lie} there.", code=code, details={"datasets": count})


def _health_text(health: SiteHealth) -> str:
    return json.dumps(
        {
            "ok": health.ok,
            "checked_at": health.checked_at.isoformat(),
            "browser_transfer": health.browser_transfer,
            "steps": [[step.name, step.ok, step.seconds, step.problem] for step in health.steps],
        }
    )


def _health_of(text: str) -> SiteHealth:
    read = json.loads(text)
    return SiteHealth(
        ok=read["ok"],
        checked_at=datetime.fromisoformat(read["checked_at"]),
        steps=tuple(CheckStep(*step) for step in read["steps"]),
        browser_transfer=read["browser_transfer"],
    )
