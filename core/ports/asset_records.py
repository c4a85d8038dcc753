"""What the ledger keeps of assets and of other asset databases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Protocol, TypeVar

from core.model.assets import Asset, AssetFile, KeptObject
from core.model.filters.queries import DocumentQuery
from core.model.names import DatasetId, Md5, SiteId
from core.model.registry import HealthCheck, RegistryEntry

ItemT = TypeVar("ItemT")


@dataclass(frozen=True, slots=True)
class AssetScope:
    """Which assets a caller may see: ANDed to whatever is asked for, outside of it.

    `person_id` None is nobody: public ones only. `dataset_ids` are datasets whose assets he may read.
    `sees_internal`: so does nobody in particular, on a trusted network. `everything` is for
    administrators and the worker. `assets_db_id` None searches all databases that share these records.
    `home_db_id` is where these people and datasets are known: of other databases, which have people
    of their own, public ones alone are seen; None: everywhere. `owner_id`: what that person owns at
    home alone, whatever he was called when he made it; None: whoever owns it.
    """

    person_id: int | None
    dataset_ids: frozenset[DatasetId] = frozenset()
    everything: bool = False
    assets_db_id: str | None = None
    home_db_id: str | None = None
    sees_internal: bool = False
    owner_id: int | None = None


@dataclass(frozen=True, slots=True)
class Found(Generic[ItemT]):
    """One page; `cursor` leads to the next one, None at the end."""

    items: tuple[ItemT, ...]
    cursor: str | None


class AssetRecords(Protocol):
    """The entries of all asset databases that share this ledger; each method is one transaction."""

    def create_asset(self, asset: Asset) -> None:
        """Keep a new entry.

        Raises:  Conflict: `asset_exists`, where its URI is taken in its database; `being_collected`,
                 where its bytes are just taken away, so that they must be uploaded again.
        """

    def find_asset(self, assets_db_id: str, uri_or_id: str) -> Asset | None:
        """Return the entry of that URI in a database, else of that id."""

    def find_shared(self, home_db_id: str, uri_or_id: str) -> Asset | None:
        """Return the oldest public entry of that URI, else of that id, in any database but this one."""

    def replace_asset(self, asset: Asset, *, seen_at: datetime) -> None:
        """Keep changed metadata, tags, visibility and URL of the entry that was seen with this `updated_at`.

        Raises:  Conflict, if somebody changed it meanwhile; NotFound.
        """

    def list_asset_datasets(self, assets_db_id: str, limit: int) -> Sequence[DatasetId]:
        """Return the datasets whose readers may see some asset, those of the newest assets first."""

    def delete_asset(self, asset_id: str, now: datetime) -> None:
        """Forget the entry; bytes that no entry names any more wait for collection from `now` on."""

    def query_assets(self, scope: AssetScope, query: DocumentQuery) -> Found[Asset]:
        """Return the entries that match, within the scope.

        Raises:  Invalid, for a cursor that is none of this order; Unavailable, if it takes too long.
        """

    def list_asset_tags(self, scope: AssetScope, limit: int) -> Sequence[tuple[str, int]]:
        """Return the most used tags with how many entries have each."""

    def expect_object(self, assets_db_id: str, kept: KeptObject, now: datetime) -> None:
        """Note, before bytes are put in their place, that they are there without an entry yet.

        An upload that never becomes an entry is collected like a deleted one.
        Raises:  Conflict (`being_collected`), as `create_asset`.
        """

    def find_kept(self, assets_db_id: str, site_id: SiteId, md5: Md5) -> AssetFile | None:
        """Return a file of that md5 that an entry names at a site; None where none does."""

    def move_kept(
        self, assets_db_id: str, former: KeptObject, kept: KeptObject, now: datetime
    ) -> None:
        """Let all entries that name `former` name `kept`, which holds the same bytes.

        From `now` on `former` waits for collection.
        Raises:  Conflict (`being_collected`), as `create_asset`.
        """

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

        They are the caller's until `lease_until`: whoever removed them later could take what was
        uploaded anew. What was claimed and not yet forgotten (a crash) is returned after that.
        """

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

    def forget_collected(self, assets_db_id: str, collected: Sequence[KeptObject]) -> None:
        """Note that their bytes are gone: whoever uploads them again stores them anew."""

    def read_assets_db_id(self) -> str:
        """Return the id that this installation made for its own asset database, the same for ever."""


class RegistryRecords(Protocol):
    """Registered asset databases; each method is one transaction."""

    def create_entry(self, entry: RegistryEntry) -> None:
        """Keep a new entry with its first check."""

    def find_entry(self, entry_id: str) -> RegistryEntry | None:
        """Return an entry."""

    def replace_entry(self, entry: RegistryEntry, *, seen_at: datetime) -> None:
        """Keep a changed entry; its health is what the checks say, be it seen since.

        With another address it is the look that comes with the entry, which begins anew.
        Raises:  Conflict, NotFound (as for assets).
        """

    def delete_entry(self, entry_id: str) -> None:
        """Forget an entry and its checks."""

    def count_entries(self, owner_id: int | None) -> int:
        """Return how many entries somebody has; None: those that nobody in particular made."""

    def count_all_entries(self) -> int:
        """Return how many entries there are."""

    def query_entries(self, query: DocumentQuery) -> Found[RegistryEntry]:
        """Return the entries that match."""

    def save_check(self, entry_id: str, check: HealthCheck, *, url: str) -> None:
        """Add a look at `url` to the history (the newest 100 are kept).

        Nothing, where the entry is gone or has another address, or has that look or a newer one already.
        """

    def list_checks(self, entry_id: str, limit: int) -> Sequence[HealthCheck]:
        """Return the newest checks first."""

    def claim_due_entries(
        self, now: datetime, due_before: datetime, limit: int
    ) -> Sequence[RegistryEntry]:
        """Return entries not checked since `due_before`, marked so that no other worker takes them now."""
