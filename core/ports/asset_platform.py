"""Everything that the verbs of the asset database and its registry reach, with or without a GitLab."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Protocol

from core.model.access import Actor, Person
from core.model.assets import AssetVisibility, FileFormat
from core.model.names import DatasetId, SiteId
from core.model.storage import SiteRecord
from core.ports.asset_records import AssetRecords, RegistryRecords
from core.ports.clock import Clock
from core.ports.objects import Objects
from core.ports.other_databases import OtherDatabases


class AssetPeople(Protocol):
    """Who asks, and what he may: GitLab's answer, or a file of tokens where an asset database runs alone."""

    def find_person(self, actor: Actor) -> Person | None:
        """Return who asks; None for nobody in particular.

        Raises:  Unauthenticated, for a token that is refused.
        """

    def check_may_write(self, actor: Actor) -> None:
        """Refuse a token that was made for reading.

        Raises:  Forbidden (`insufficient_scope`).
        """

    def find_readable(self, actor: Actor, among: Collection[DatasetId]) -> frozenset[DatasetId]:
        """Return those of some datasets whose files the caller may read.

        Raises:  Unauthenticated; Unavailable, where nobody answers.
        """

    def find_readable_soon(
        self, actor: Actor, among: Collection[DatasetId]
    ) -> frozenset[DatasetId]:
        """Return those of which that is known within 3 seconds.

        Raises:  Unauthenticated.
        """


class AssetPlaces(Protocol):
    """The storage sites on which assets may lie."""

    def find_site(self, site_id: SiteId) -> SiteRecord | None:
        """Return a site that this installation reaches, whoever asks: entries name it."""

    def open_site(self, actor: Actor, site_id: SiteId | None) -> SiteRecord:
        """Return where new bytes go: the site that the operator chose (None), or one of the caller's.

        Raises:  Conflict (`no_assets_site`), where none was chosen; NotFound, Forbidden: the caller
                 does not hold the key of the site that he names.
        """


@dataclass(frozen=True, slots=True)
class AssetRules:
    """What the operator decided.

    `base_url` ends without a slash. `is_open`: whoever reaches this installation may write (a
    trusted network); what nobody in particular made, anybody may change.
    """

    assets_db_id: str
    base_url: str
    is_open: bool
    visibility: AssetVisibility
    allowed_hosts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AssetPlatform:
    """What the verbs in `core.usecases.assets` and `core.usecases.registry` reach.

    `recognize` says from the first bytes of a file (at most 256 KiB) what it is.
    """

    people: AssetPeople
    places: AssetPlaces
    assets: AssetRecords
    registry: RegistryRecords
    objects: Objects
    others: OtherDatabases
    recognize: Callable[[bytes], FileFormat]
    clock: Clock
    rules: AssetRules
