"""Bytes of asset databases that no entry names: since when, and whether they are being taken away."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, and_, bindparam, delete, exists, or_, select, update

from core.errors import Conflict
from core.model.assets import KeptObject
from core.model.names import Md5, SiteId
from ledger.database import Database
from ledger.tables import asset_objects as objects
from ledger.tables import assets

_IS_ONE = (
    objects.c.assets_db_id == bindparam("db"),
    objects.c.site_id == bindparam("site"),
    objects.c.md5 == bindparam("hex"),
    objects.c.slot == bindparam("in_slot"),
)
_FIND = select(objects.c.claimed).where(*_IS_ONE)
_NAME = delete(objects).where(*_IS_ONE, objects.c.claimed.is_(False))
_FORGET = delete(objects).where(*_IS_ONE, objects.c.claimed.is_(True))
_NAMES_ONE = (
    assets.c.assets_db_id == bindparam("db"),
    assets.c.site_id == bindparam("site"),
    assets.c.md5 == bindparam("hex"),
    assets.c.slot == bindparam("in_slot"),
)
_IS_NAMED = select(exists().where(*_NAMES_ONE))
_MOVE = (
    update(assets)
    .where(*_NAMES_ONE)
    .values(site_id=bindparam("to_site"), slot=bindparam("to_slot"))
)
_HAS_ENTRY = exists().where(  # two transactions at once may leave a note on what has a name
    assets.c.assets_db_id == objects.c.assets_db_id,
    assets.c.site_id == objects.c.site_id,
    assets.c.md5 == objects.c.md5,
    assets.c.slot == objects.c.slot,
)
_COLLECTABLE = (
    select(objects.c.site_id, objects.c.md5, objects.c.slot)
    .where(
        objects.c.assets_db_id == bindparam("db"),
        or_(
            and_(
                objects.c.claimed,
                or_(objects.c.claimed_until.is_(None), objects.c.claimed_until <= bindparam("now")),
            ),
            and_(
                objects.c.claimed.is_(False),
                objects.c.unnamed_since < bindparam("oldest"),
                ~_HAS_ENTRY,
            ),
        ),
    )
    .order_by(objects.c.claimed, objects.c.unnamed_since)  # no dead site holds up the others
    .limit(bindparam("most"))
    .with_for_update()
)
_CLAIM = update(objects).where(*_IS_ONE).values(claimed=True, claimed_until=bindparam("until"))

_GIVE_BACK = (
    update(objects)
    .where(*_IS_ONE, objects.c.claimed.is_(True), objects.c.claimed_until == bindparam("until"))
    .values(claimed=False, claimed_until=None, unnamed_since=bindparam("since"))
)


class KeptObjects:
    """A row for each object that no entry names; all else is there for good."""

    def __init__(self, database: Database) -> None:
        self._database = database
        insert = database.upsert(objects)
        self._note = insert.on_conflict_do_update(
            index_elements=["assets_db_id", "site_id", "md5", "slot"],
            set_={"unnamed_since": insert.excluded.unnamed_since},
            where=objects.c.claimed.is_(False),
        )

    def name(self, connection: Connection, assets_db_id: str, kept: KeptObject) -> None:
        """Note, before an entry names them, that these bytes stay.

        Raises:  Conflict (`being_collected`).
        """
        one = _one(assets_db_id, kept)
        if not connection.execute(_NAME, one).rowcount:
            _check_unclaimed(connection, one)

    def unname(
        self, connection: Connection, assets_db_id: str, kept: KeptObject, now: datetime
    ) -> None:
        """Note that an entry is gone; if it was the last one, its bytes wait from `now` on."""
        if not connection.execute(_IS_NAMED, _one(assets_db_id, kept)).scalar_one():
            connection.execute(self._note, _row(assets_db_id, kept, now))

    def expect(self, assets_db_id: str, kept: KeptObject, now: datetime) -> None:
        """Note bytes that will have an entry, or be collected.

        Asked after the note, which waits for whoever claims them at this moment.
        Raises:  Conflict (`being_collected`).
        """
        with self._database.writing() as connection:
            self.unname(connection, assets_db_id, kept, now)
            _check_unclaimed(connection, _one(assets_db_id, kept))

    def move(self, assets_db_id: str, former: KeptObject, kept: KeptObject, now: datetime) -> None:
        """Let all entries that name `former` name `kept`; `former` waits from `now` on.

        Raises:  Conflict (`being_collected`).
        """
        with self._database.writing() as connection:
            to = {"to_site": kept.site_id.number, "to_slot": kept.slot}
            if connection.execute(_MOVE, _one(assets_db_id, former) | to).rowcount:
                self.name(connection, assets_db_id, kept)
                self.unname(connection, assets_db_id, former, now)

    def claim(
        self,
        assets_db_id: str,
        before: datetime,
        limit: int,
        *,
        now: datetime,
        lease_until: datetime,
    ) -> Sequence[KeptObject]:
        """Return what nobody named since `before`, and what was claimed by somebody who is gone."""
        asked = {"db": assets_db_id, "oldest": before, "most": limit, "now": now}
        with self._database.writing() as connection:
            found = [
                KeptObject(SiteId(site_id), Md5(md5), slot)
                for site_id, md5, slot in connection.execute(_COLLECTABLE, asked)
            ]
            if found:
                until = {"until": lease_until}
                connection.execute(_CLAIM, [_one(assets_db_id, kept) | until for kept in found])
        return found

    def give_back(
        self,
        assets_db_id: str,
        claimed: Sequence[KeptObject],
        lease_until: datetime,
        unnamed_since: datetime,
    ) -> None:
        """Let them wait again, unless somebody else claimed them since."""
        if claimed:
            also = {"until": lease_until, "since": unnamed_since}
            with self._database.writing() as connection:
                rows = [_one(assets_db_id, kept) | also for kept in claimed]
                connection.execute(_GIVE_BACK, rows)

    def forget(self, assets_db_id: str, collected: Sequence[KeptObject]) -> None:
        """Note that their bytes are gone."""
        if collected:
            with self._database.writing() as connection:
                connection.execute(_FORGET, [_one(assets_db_id, kept) for kept in collected])


def _check_unclaimed(connection: Connection, one: dict[str, object]) -> None:
    if connection.execute(_FIND, one).scalar_one_or_none():
        raise Conflict(
            "These bytes are just being removed, since nothing named them: upload them again in "
            "a minute, or, where their site does not answer, in an hour.",
            code="being_collected",
        )


def _one(assets_db_id: str, kept: KeptObject) -> dict[str, object]:
    return {
        "db": assets_db_id,
        "site": kept.site_id.number,
        "hex": kept.md5.hex,
        "in_slot": kept.slot,
    }


def _row(assets_db_id: str, kept: KeptObject, now: datetime) -> dict[str, object]:
    return {
        "assets_db_id": assets_db_id,
        "site_id": kept.site_id.number,
        "md5": kept.md5.hex,
        "slot": kept.slot,
        "unnamed_since": now,
        "claimed": False,
    }
