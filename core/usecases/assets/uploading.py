"""Upload a file as an asset: bytes first, names last, nothing left behind by a bad form."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from core.errors import Conflict, DataMissing, Invalid, TooLarge, Unavailable
from core.model.access import Actor, Person
from core.model.assets import Asset, AssetFile, AssetName, KeptObject
from core.model.json_values import is_one_line
from core.model.names import SiteId
from core.model.storage import SiteRecord, StoredObject, WantedObject
from core.ports import AssetPlatform
from core.usecases.access.ownership import check_writer
from core.usecases.assets.drafts import AssetDraft
from core.usecases.assets.entries import new_asset
from core.usecases.assets.placing import assets_placement, open_kept_placement
from core.usecases.assets.rights import may_see
from core.usecases.uploading.announce import MAX_FILE_BYTES

HEAD_BYTES = 256 * 1024  # what is looked at to tell a file's format
MAX_ASSET_FILE_NAME_CHARACTERS = 255
_ASK_AGAIN = timedelta(seconds=5)
_SLOT_BYTES = 16


@dataclass(frozen=True, slots=True)
class Incoming:
    """A file on its way in; `read_draft` is called once its last byte has come.

    `may_be_empty`: whoever sends it said that no bytes are what is meant.
    """

    file_name: str
    chunks: Iterable[bytes]
    read_draft: Callable[[], AssetDraft]
    may_be_empty: bool = False


def upload_asset(
    house: AssetPlatform, actor: Actor, incoming: Incoming, site_id: SiteId | None = None
) -> Asset:
    """Keep a file and its entry; the same file under the same URI again is the entry there is.

    Raises:  Unauthenticated, Forbidden and what opening the site does, before a byte is read;
             Invalid, TooLarge, Conflict (`asset_exists`, `being_collected`, `site_changed`), Unavailable.
    """
    asked_at = house.clock.now()
    owner = check_writer(house, actor)
    site = house.places.open_site(actor, site_id)
    arrival = _Arrival(
        house, actor, incoming, site, owner, asked_at, has_chosen_site=site_id is not None
    )
    with suppress(_KeptAlready):
        house.objects.put(
            arrival.placement,
            arrival.chunks(),
            before_naming=arrival.prepare,
            slot=secrets.token_hex(_SLOT_BYTES),
        )
    return arrival.keep()


def kept_url(house: AssetPlatform, asset_id: str) -> str:
    """Return where the bytes of an asset are downloaded that this database keeps."""
    return f"{house.rules.base_url}/asset-object/{asset_id}"


class _KeptAlready(Exception):
    """The bytes are there, elsewhere than where they are just being put."""


class _Arrival:
    """One upload: its first bytes, and the entry that is decided on once all have come."""

    def __init__(
        self,
        house: AssetPlatform,
        actor: Actor,
        incoming: Incoming,
        site: SiteRecord,
        owner: Person | None,
        asked_at: datetime,
        *,
        has_chosen_site: bool,
    ) -> None:
        self._has_chosen_site = has_chosen_site  # whoever sends it, not the operator
        self._house = house
        self._actor = actor
        self._incoming = incoming
        self._site = site
        self._owner = owner
        self._asked_at = asked_at
        self._head = bytearray()
        self.placement = assets_placement(site, house.rules.assets_db_id)
        self._db_id = house.rules.assets_db_id
        self._asset: Asset | None = None
        self._is_there = False
        self._lost: list[KeptObject] = []  # the entries that name these will name what is kept

    def chunks(self) -> Iterator[bytes]:
        """Pass the bytes on, and keep the first of them."""
        size_bytes = 0
        for chunk in self._incoming.chunks:
            size_bytes += len(chunk)
            if size_bytes > MAX_FILE_BYTES:
                raise TooLarge(f"A file has at most {MAX_FILE_BYTES} bytes.")
            self._head += chunk[: HEAD_BYTES - len(self._head)]
            yield chunk

    def prepare(self, stored: StoredObject) -> None:
        """Decide on the entry and its place, and note the bytes, before they are there.

        What this database keeps elsewhere already is not kept twice, if it is whole there; if not,
        all entries that name it will name what comes: on this site, and for the entry of this very
        URI on any. Bytes that are there under this very name go on to be compared, and repaired if
        damaged.
        Raises:  _KeptAlready, where nothing has to be stored; Conflict (`site_changed`).
        """
        self._check_site()
        file = self._measured(stored)
        asset = replace(self._decide(stored), file=file)
        there = self._find_there(asset)
        self._asset, self._is_there = there or asset, there is not None
        named = None if there is None else there.file
        if named is not None and named.site_id != file.site_id:
            self._give_up(named, file)
            named = None
        known = named or self._find_known(file)
        if known is not None and known.kept != file.kept:
            self._choose_place(known, file, is_named=named is not None)
        elif named is None:
            self._note(file.kept)

    def keep(self) -> Asset:
        """Keep the entry of bytes that are there now.

        Raises:  Conflict, also (`site_changed`) where the site is not any more where they went.
        """
        self._check_site()
        asset, records = self._asset, self._house.assets
        if asset is None or asset.file is None:
            raise RuntimeError("a site named bytes without a word before")
        for lost in self._lost:
            records.move_kept(asset.assets_db_id, lost, asset.file.kept, self._house.clock.now())
        if self._is_there:
            return asset
        try:
            records.create_asset(asset)
        except Conflict as conflict:
            there = records.find_asset(asset.assets_db_id, asset.name.uri)
            if there is None or conflict.code != "asset_exists":
                raise
            self._check_same(there, asset)
            return there
        return asset

    def _find_there(self, asset: Asset) -> Asset | None:
        """Return the entry of that URI, which is the same. Raises Conflict (`asset_exists`)."""
        there = self._house.assets.find_asset(asset.assets_db_id, asset.name.uri)
        if there is None or there.name.uri != asset.name.uri:
            return None
        self._check_same(there, asset)
        return there

    def _find_known(self, file: AssetFile) -> AssetFile | None:
        """Return these bytes as this database keeps them. Raises Conflict (`md5_collision`)."""
        known = self._house.assets.find_kept(self._db_id, file.site_id, file.md5)
        if known is not None and known.sha256 != file.sha256:
            raise Conflict(
                "Another file with the same md5 is kept here, and this one is not the same: it was "
                "made so. It is not stored.",
                code="md5_collision",
            )
        return known

    def _give_up(self, named: AssetFile, file: AssetFile) -> None:
        """Let what comes replace what the entry names on another site, unless that is whole."""
        if self._is_whole(named):
            raise _KeptAlready
        self._lost.append(named.kept)
        self._take(file)

    def _choose_place(self, known: AssetFile, file: AssetFile, *, is_named: bool) -> None:
        """Take what is known, where it is whole (then _KeptAlready), else what comes for all."""
        if not is_named:
            self._note(known.kept)  # before it is read, so that it stays
        if self._is_whole(known):
            self._take(known)
            raise _KeptAlready
        self._take(file)
        self._note(file.kept)
        self._lost.append(known.kept)

    def _take(self, place: AssetFile) -> None:
        asset = self._asset
        if asset is not None and asset.file is not None:
            file = replace(asset.file, site_id=place.site_id, slot=place.slot)
            self._asset = replace(asset, file=file)

    def _is_whole(self, known: AssetFile) -> bool:
        """Read what is kept, as whoever sends a file again may mean to repair it."""
        wanted = WantedObject(known.md5, known.size_bytes, slot=known.slot)
        try:
            placement = open_kept_placement(self._house, known.site_id)
            return all(self._house.objects.prove_many(placement, [wanted], lambda _: None))
        except DataMissing:
            return False
        except Unavailable:
            if self._has_chosen_site and known.site_id != self._site.id:
                raise  # entries of all go to a site of the sender's own for what is lost alone
            return False  # what cannot be read is kept anew

    def _check_site(self) -> None:
        """Refuse what came to an address that the site, without an entry yet, has left meanwhile."""
        site = self._house.places.find_site(self._site.id)
        if site is None or site.address.is_elsewhere(self._site.address):
            raise Conflict(
                f"The storage site {self._site.name} was moved or deleted while the file came: send "
                "it again.",
                code="site_changed",
            )

    def _note(self, kept: KeptObject) -> None:
        self._house.assets.expect_object(self._db_id, kept, self._house.clock.now())

    def _check_same(self, there: Asset, asset: Asset) -> None:
        check_same(self._house, self._actor, self._owner, there, asset)

    def _decide(self, stored: StoredObject) -> Asset:
        if not stored.size_bytes and not self._incoming.may_be_empty:
            raise Invalid(
                "The file is empty: add ?empty=1 to the address, if it is meant to be.",
                code="nothing_sent",
                details={"field": "asset"},
            )
        draft = self._incoming.read_draft()
        if draft.public_url or draft.more_file_info:
            raise Invalid(
                "asset_public_url and asset_file_info of a file that is uploaded are given by the "
                "server: leave them out.",
                details={"field": "asset_public_url" if draft.public_url else "asset_file_info"},
            )
        if self._house.clock.now() - self._asked_at > _ASK_AGAIN:
            self._owner = check_writer(self._house, self._actor)
        asset = new_asset(self._house, self._actor, self._owner, draft)
        return replace(asset, public_url=kept_url(self._house, asset.id))

    def _measured(self, stored: StoredObject) -> AssetFile:
        found = self._house.recognize(bytes(self._head))
        return AssetFile(
            site_id=self._site.id,
            size_bytes=stored.size_bytes,
            md5=stored.md5,
            sha256=stored.sha256,
            format=found.media_type,
            file_name=plain_file_name(self._incoming.file_name),
            width=found.width,
            height=found.height,
            slot=stored.slot,
        )


def check_same(
    house: AssetPlatform, actor: Actor, person: Person | None, there: Asset, asset: Asset
) -> None:
    """Refuse a second asset of a URI, unless it holds the same and its sender sees the first.

    Raises:  Conflict (`asset_exists`).
    """
    if _identity(there) != _identity(asset) or not may_see(house, actor, person, there):
        raise Conflict(f"There is an asset {asset.name.uri} already.", code="asset_exists")


def plain_file_name(text: str) -> str:
    """Return the last part of a file's name without controls and overrides; "" for none."""
    name = text.replace("\\", "/").rpartition("/")[2]
    shown = "".join(filter(is_one_line, name)).strip()
    return shown[-MAX_ASSET_FILE_NAME_CHARACTERS:]


def _identity(asset: Asset) -> tuple[AssetName, object]:
    file = asset.file
    content: object = None
    if file is not None:
        content = (file.md5, file.sha256, file.size_bytes)
    return asset.name, content or asset.pinned or asset.id
