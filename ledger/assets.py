"""The entries of asset databases: found by URI, by id, and by what they hold."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    bindparam,
    column,
    delete,
    false,
    func,
    insert,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.exc import IntegrityError

from core.errors import Conflict, NotFound
from core.model.assets import Asset, AssetFile, AssetVisibility, KeptObject
from core.model.filters.queries import DocumentQuery
from core.model.names import DatasetId, Md5, SiteId
from core.ports import AssetScope, Found
from ledger.asset_objects import KeptObjects
from ledger.asset_rows import asset_of, asset_row, uri_key
from ledger.database import Database
from ledger.filtering.search import Collection, search
from ledger.filtering.terms import terms_of
from ledger.tables import asset_terms, assets, installation

NEWEST_FOR_TAGS = 5_000  # entries whose tags are counted

_IS_PUBLIC = assets.c.visibility == AssetVisibility.PUBLIC.value
_FIND_BY_URI = select(assets).where(assets.c.uri_key == bindparam("wanted_key"))
_FIND_BY_ID = select(assets).where(assets.c.id == bindparam("wanted"))
_FIND_KEPT = (
    select(assets)
    .where(
        assets.c.assets_db_id == bindparam("db"),
        assets.c.site_id == bindparam("site"),
        assets.c.md5 == bindparam("hex"),
    )
    .limit(1)
)
_LOCK = select(assets).where(assets.c.id == bindparam("wanted")).with_for_update()
_REPLACE = update(assets).where(
    assets.c.id == bindparam("wanted"), assets.c.updated_at == bindparam("seen")
)
_DELETE_TERMS = delete(asset_terms).where(
    asset_terms.c.number == bindparam("of"), asset_terms.c.term == bindparam("which")
)
_CHANGING = ("visibility", "dataset_id", "updated_at", "document", "terms")
_DB_ID = "assets_db_id"
_FIND_DB_ID = select(installation.c.value).where(installation.c.name == _DB_ID)
_COLLECTION = Collection(
    table=assets,
    sorted_columns={
        "created_at": assets.c.number,  # counted as they are made
        "updated_at": assets.c.updated_at,
        "asset_name": assets.c.name,
        "asset_id": assets.c.id,
    },
    terms=asset_terms,
)


class SqlAssetRecords:
    """`AssetRecords` in the database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._objects = KeptObjects(database)
        self._make_db_id = database.upsert(installation).on_conflict_do_nothing()

    def create_asset(self, asset: Asset) -> None:
        """Keep a new entry.

        Raises:  Conflict: `asset_exists`, where its URI is taken in its database; `being_collected`,
                 where its bytes are just taken away, so that they must be uploaded again.
        """
        row = asset_row(asset)
        try:
            with self._database.writing() as connection:
                if asset.file is not None:
                    self._objects.name(connection, asset.assets_db_id, asset.file.kept)
                number = connection.execute(insert(assets).returning(assets.c.number), row)
                self._add_terms(connection, number.scalar_one(), row["terms"])
        except IntegrityError as error:
            raise Conflict(
                f"There is an asset {asset.name.uri or asset.id} already.", code="asset_exists"
            ) from error

    def find_asset(self, assets_db_id: str, uri_or_id: str) -> Asset | None:
        """Return the entry of that URI in a database, else of that id."""
        return self._find(uri_or_id, assets.c.assets_db_id == assets_db_id)

    def find_shared(self, home_db_id: str, uri_or_id: str) -> Asset | None:
        """Return the oldest public entry of that URI, else of that id, in any database but this one."""
        return self._find(uri_or_id, and_(_IS_PUBLIC, assets.c.assets_db_id != home_db_id))

    def replace_asset(self, asset: Asset, *, seen_at: datetime) -> None:
        """Keep changed metadata, tags, visibility and URL of the entry that was seen with this `updated_at`.

        Raises:  Conflict, if somebody changed it meanwhile; NotFound.
        """
        with self._database.writing() as connection:
            former = connection.execute(_LOCK, {"wanted": asset.id}).first()
            if former is None:
                raise NotFound("There is no such asset any more.")
            changed = asset_row(_with_what_changes(asset_of(former), asset))
            keys = {"wanted": asset.id, "seen": seen_at}
            changes = {name: changed[name] for name in _CHANGING}
            if not connection.execute(_REPLACE.values(**changes), keys).rowcount:
                raise Conflict("Somebody changed the asset meanwhile: look at it and try again.")
            old, new = terms_of(former.document), set(changed["terms"])
            self._drop_terms(connection, former.number, old - new)
            self._add_terms(connection, former.number, new - old)

    def delete_asset(self, asset_id: str, now: datetime) -> None:
        """Forget the entry; bytes that no entry names any more wait for collection from `now` on."""
        with self._database.writing() as connection:
            row = connection.execute(_LOCK, {"wanted": asset_id}).first()
            if row is None:
                return
            connection.execute(delete(assets).where(assets.c.number == row.number))
            self._drop_terms(connection, row.number, terms_of(row.document))
            file = asset_of(row).file
            if file is not None:
                self._objects.unname(connection, row.assets_db_id, file.kept, now)

    def query_assets(self, scope: AssetScope, query: DocumentQuery) -> Found[Asset]:
        """Return the entries that match, within the scope.

        Raises:  Invalid, for a cursor that is none of this order; Unavailable, if it takes too long.
        """
        with self._database.queries.turn():
            page = search(self._database, _COLLECTION, query, _visible(scope))
        return Found(tuple(map(asset_of, page.rows)), page.cursor)

    def list_asset_datasets(self, assets_db_id: str, limit: int) -> Sequence[DatasetId]:
        """Return the datasets whose readers may see some asset, those of the newest assets first."""
        with self._database.reading() as connection:
            found = connection.execute(_LIST_DATASETS, {"db": assets_db_id, "most": limit})
            return [DatasetId(number) for number in found.scalars()]

    def list_asset_tags(self, scope: AssetScope, limit: int) -> Sequence[tuple[str, int]]:
        """Return the most used tags with how many entries have each, of the newest 5,000 entries."""
        newest = (
            select(assets.c.document)
            .where(_visible(scope))
            .order_by(assets.c.number.desc())
            .limit(NEWEST_FOR_TAGS)
            .subquery()
        )
        with self._database.queries.turn(), self._database.reading() as connection:
            tags = self._elements(newest.c.document["asset_tags"])
            times = func.count().label("times")
            statement = (
                select(tags.c.value, times)
                .select_from(newest.join(tags, true()))
                .group_by(tags.c.value)
                .order_by(times.desc(), tags.c.value)
                .limit(limit)
            )
            return [(tag, count) for tag, count in connection.execute(statement)]

    def expect_object(self, assets_db_id: str, kept: KeptObject, now: datetime) -> None:
        """Note, before bytes are put in their place, that they are there without an entry yet.

        Raises:  Conflict (`being_collected`), as `create_asset`.
        """
        self._objects.expect(assets_db_id, kept, now)

    def find_kept(self, assets_db_id: str, site_id: SiteId, md5: Md5) -> AssetFile | None:
        """Return a file of that md5 that an entry names at a site; None where none does."""
        wanted = {"db": assets_db_id, "site": site_id.number, "hex": md5.hex}
        with self._database.reading() as connection:
            row = connection.execute(_FIND_KEPT, wanted).first()
        return None if row is None else asset_of(row).file

    def move_kept(
        self, assets_db_id: str, former: KeptObject, kept: KeptObject, now: datetime
    ) -> None:
        """Let all entries that name `former` name `kept`, which holds the same bytes."""
        self._objects.move(assets_db_id, former, kept, now)

    def claim_collectable(
        self,
        assets_db_id: str,
        before: datetime,
        limit: int,
        *,
        now: datetime,
        lease_until: datetime,
    ) -> Sequence[KeptObject]:
        """Return objects that no entry has named since `before`; from now on none can name them.

        They are the caller's until `lease_until`. What was claimed and not yet forgotten (a crash)
        is returned after that.
        """
        return self._objects.claim(assets_db_id, before, limit, now=now, lease_until=lease_until)

    def give_back_claimed(
        self,
        assets_db_id: str,
        claimed: Sequence[KeptObject],
        *,
        lease_until: datetime,
        unnamed_since: datetime,
    ) -> None:
        """Note that whoever claimed them until `lease_until` did not touch them: they may be named.

        They wait as what nothing has named since `unnamed_since`, behind what waits for longer.
        """
        self._objects.give_back(assets_db_id, claimed, lease_until, unnamed_since)

    def forget_collected(self, assets_db_id: str, collected: Sequence[KeptObject]) -> None:
        """Note that their bytes are gone: whoever uploads them again stores them anew."""
        self._objects.forget(assets_db_id, collected)

    def read_assets_db_id(self) -> str:
        """Return the id that this installation made for its own asset database, the same for ever."""
        with self._database.reading() as connection:
            found = connection.execute(_FIND_DB_ID).scalar_one_or_none()
        if found is None:
            made = {"name": _DB_ID, "value": secrets.token_hex(16)}
            with self._database.writing() as connection:
                connection.execute(self._make_db_id, made)
                found = connection.execute(_FIND_DB_ID).scalar_one()
        return str(found)

    def _find(self, uri_or_id: str, within: ColumnElement[bool]) -> Asset | None:
        by_uri, by_id = (
            one.where(within).order_by(assets.c.number).limit(1)
            for one in (_FIND_BY_URI, _FIND_BY_ID)
        )
        with self._database.reading() as connection:
            row = connection.execute(by_uri, {"wanted_key": uri_key(uri_or_id)}).first()
            row = row or connection.execute(by_id, {"wanted": uri_or_id}).first()
        return None if row is None else asset_of(row)

    def _elements(self, array: ColumnElement[Any]) -> Any:  # noqa: ANN401 - a table-valued function
        name = "json_each" if self._database.is_sqlite else "jsonb_array_elements_text"
        return getattr(func, name)(array).table_valued(column("value"), name="tags")

    def _add_terms(self, connection: Connection, number: int, terms: Iterable[int]) -> None:
        rows = [{"term": term, "number": number} for term in terms]
        if rows and self._database.is_sqlite:
            connection.execute(insert(asset_terms), rows)

    def _drop_terms(self, connection: Connection, number: int, terms: Iterable[int]) -> None:
        rows = [{"which": term, "of": number} for term in terms]
        if rows and self._database.is_sqlite:
            connection.execute(_DELETE_TERMS, rows)


def _list_datasets() -> Select[Any]:
    """Return a statement that goes from dataset to dataset by the index, however many assets each has."""
    is_here = assets.c.assets_db_id == bindparam("db")
    first = select(func.min(assets.c.dataset_id).label("id")).where(
        is_here, assets.c.dataset_id.isnot(None)
    )
    found = first.cte("found", recursive=True)
    following = select(func.min(assets.c.dataset_id)).where(
        is_here, assets.c.dataset_id > found.c.id
    )
    found = found.union_all(
        select(following.correlate(found).scalar_subquery()).where(found.c.id.isnot(None))
    )
    newest = select(func.max(assets.c.number)).where(is_here, assets.c.dataset_id == found.c.id)
    return (
        select(found.c.id)
        .where(found.c.id.isnot(None))
        .order_by(newest.correlate(found).scalar_subquery().desc())
        .limit(bindparam("most"))
    )


_LIST_DATASETS = _list_datasets()


def _visible(scope: AssetScope) -> ColumnElement[bool]:
    at_home = _is_in(scope.home_db_id)
    is_seen = or_(_IS_PUBLIC, and_(at_home, _visible_at_home(scope)))
    asked = [_is_in(scope.assets_db_id), is_seen]
    if scope.owner_id is not None:
        asked += [at_home, assets.c.owner_id == scope.owner_id]
    return and_(*asked)


def _visible_at_home(scope: AssetScope) -> ColumnElement[bool]:
    """Say what is seen beside the public ones."""
    if scope.everything:
        return true()
    readable: list[ColumnElement[bool]] = []
    if scope.person_id is not None or scope.sees_internal:
        readable.append(assets.c.visibility == AssetVisibility.INTERNAL.value)
    if scope.person_id is not None:
        readable.append(assets.c.owner_id == scope.person_id)
    if scope.dataset_ids:
        numbers = sorted(one.number for one in scope.dataset_ids)
        is_datasets = assets.c.visibility == AssetVisibility.DATASET.value
        readable.append(and_(is_datasets, assets.c.dataset_id.in_(numbers)))
    return or_(false(), *readable)


def _is_in(assets_db_id: str | None) -> ColumnElement[bool]:
    return true() if assets_db_id is None else assets.c.assets_db_id == assets_db_id


def _with_what_changes(former: Asset, asset: Asset) -> Asset:
    return replace(
        former,
        metadata=asset.metadata,
        tags=asset.tags,
        visibility=asset.visibility,
        dataset_id=asset.dataset_id,
        public_url=asset.public_url,
        more_file_info=asset.more_file_info,
        updated_at=asset.updated_at,
    )
