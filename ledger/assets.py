"""The entries of asset databases: found by URI, by id, and by what they hold."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
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
from core.model.asset_documents import asset_document
from core.model.assets import (
    Asset,
    AssetFile,
    AssetName,
    AssetVisibility,
    KeptObject,
    PinnedFile,
)
from core.model.filters.queries import DocumentQuery
from core.model.names import DatasetId, FilePath, Md5, Revision, SiteId
from core.ports import AssetScope, Found
from ledger.asset_objects import KeptObjects
from ledger.database import AnyRow, Database
from ledger.filtering.rewriting import with_version_key
from ledger.filtering.search import Collection, search
from ledger.filtering.terms import terms_of
from ledger.tables import asset_terms, assets, installation

NEWEST_FOR_TAGS = 5_000  # entries whose tags are counted

_FILE_FIELDS = ("size", "md5", "sha256", "format", "file_name", "width", "height")
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

    def find_asset(self, assets_db_id: str | None, uri_or_id: str) -> Asset | None:
        """Return the entry of that URI, else of that id; None for `assets_db_id` looks in all.

        Of one URI in several databases the oldest entry is meant.
        """
        by_uri = {"wanted_key": _uri_key(uri_or_id)}
        with self._database.reading() as connection:
            row = connection.execute(_within(_FIND_BY_URI, assets_db_id), by_uri).first()
            if row is None:
                by_id = {"wanted": uri_or_id}
                row = connection.execute(_within(_FIND_BY_ID, assets_db_id), by_id).first()
        return None if row is None else _asset_of(row)

    def replace_asset(self, asset: Asset, *, seen_at: datetime) -> None:
        """Keep changed metadata, tags, visibility and URL of the entry that was seen with this `updated_at`.

        Raises:  Conflict, if somebody changed it meanwhile; NotFound.
        """
        with self._database.writing() as connection:
            former = connection.execute(_LOCK, {"wanted": asset.id}).first()
            if former is None:
                raise NotFound("There is no such asset any more.")
            changed = asset_row(_with_what_changes(_asset_of(former), asset))
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
            file = _asset_of(row).file
            if file is not None:
                self._objects.unname(connection, row.assets_db_id, file.kept, now)

    def query_assets(self, scope: AssetScope, query: DocumentQuery) -> Found[Asset]:
        """Return the entries that match, within the scope.

        Raises:  Invalid, for a cursor that is none of this order; Unavailable, if it takes too long.
        """
        with self._database.queries.turn():
            page = search(self._database, _COLLECTION, query, _visible(scope))
        return Found(tuple(map(_asset_of, page.rows)), page.cursor)

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
        return None if row is None else _asset_of(row).file

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
    is_public = assets.c.visibility == AssetVisibility.PUBLIC.value
    at_home = _is_in(scope.home_db_id)
    return and_(_is_in(scope.assets_db_id), or_(is_public, and_(at_home, _visible_at_home(scope))))


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


def _within(statement: Select[Any], assets_db_id: str | None) -> Select[Any]:
    if assets_db_id is not None:
        statement = statement.where(assets.c.assets_db_id == assets_db_id)
    return statement.order_by(assets.c.number).limit(1)


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


def _uri_key(uri: str) -> str | None:
    return sha256(uri.encode("utf-8", "replace")).hexdigest() if uri else None


def asset_row(asset: Asset) -> dict[str, Any]:
    """Return the columns of an entry, all but its number."""
    document = with_version_key(asset_document(asset), asset.name.version)
    return {
        "id": asset.id,
        "assets_db_id": asset.assets_db_id,
        "uri_key": _uri_key(asset.name.uri),
        "name": asset.name.name,
        "visibility": asset.visibility.value,
        "owner_id": asset.owner_id,
        "dataset_id": asset.dataset_id.number if asset.dataset_id else None,
        "site_id": asset.file.site_id.number if asset.file else None,
        "md5": asset.file.md5.hex if asset.file else None,
        "slot": asset.file.slot if asset.file else "",
        "created_at": asset.created_at,
        "updated_at": asset.updated_at,
        "document": document,
        "pinned_revision": asset.pinned.revision.sha if asset.pinned else None,
        "pinned_path": asset.pinned.path.text if asset.pinned else None,
        "terms": sorted(terms_of(document)),
    }


def _asset_of(row: AnyRow) -> Asset:
    told = row.document
    info = dict(told["asset_file_info"])
    file = None if row.md5 is None else _file_of(row.site_id, row.slot, info)
    return Asset(
        id=row.id,
        assets_db_id=row.assets_db_id,
        name=AssetName(row.name, **told["asset_version"]),
        visibility=AssetVisibility(row.visibility),
        owner_id=row.owner_id,
        owner_name=told["owner"],
        created_at=row.created_at,
        updated_at=row.updated_at,
        metadata=told["asset_metadata"],
        tags=tuple(told["asset_tags"]),
        file=file,
        public_url=told["asset_public_url"],
        dataset_id=None if row.dataset_id is None else DatasetId(row.dataset_id),
        pinned=_pinned_of(row),
        more_file_info={key: info[key] for key in info if not file or key not in _FILE_FIELDS},
    )


def _pinned_of(row: AnyRow) -> PinnedFile | None:
    if row.pinned_revision is None:
        return None
    return PinnedFile(
        DatasetId(row.dataset_id), Revision(row.pinned_revision), FilePath(row.pinned_path)
    )


def _file_of(site_id: int, slot: str, info: Mapping[str, Any]) -> AssetFile:
    return AssetFile(
        site_id=SiteId(site_id),
        size_bytes=info["size"],
        md5=Md5(info["md5"]),
        sha256=info["sha256"],
        format=info["format"],
        file_name=info["file_name"],
        width=info.get("width"),
        height=info.get("height"),
        slot=slot,
    )
