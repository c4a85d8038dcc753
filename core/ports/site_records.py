"""What the ledger keeps of sites, of what lies on them and of who is bound to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from core.model.access import Secret
from core.model.names import DatasetId, Md5, SiteId
from core.model.storage import ObjectFacts, Placement, SiteHealth, SiteRecord


class FactsRecords(Protocol):
    """What is known of objects. May forget in a crash: it can be found out again."""

    def find_facts(self, dataset_id: DatasetId, md5: Md5) -> ObjectFacts | None:
        """Return what is known of an object of this dataset."""

    def find_sha256s(self, dataset_id: DatasetId, wanted: Sequence[Md5]) -> Mapping[Md5, str]:
        """Return the sha256 (hex) of those objects of this dataset of which it is known."""

    def remember_facts(
        self, dataset_id: DatasetId, facts: Sequence[ObjectFacts], *, at_once: bool = False
    ) -> None:
        """Keep facts; need not be on disk when it returns, unless `at_once`."""


class StagingRecords(Protocol):
    """Temporary objects, recorded before they are created, so that none is ever orphaned."""

    def record_staging(self, placement: Placement, key: str, multipart_id: str | None) -> None:
        """Note a temporary key (and multipart upload) that is about to exist."""

    def forget_staging(self, placement: Placement, key: str) -> None:
        """Note that it is gone."""

    def list_staging(self, older_than: datetime) -> Sequence[tuple[DatasetId, str, str | None]]:
        """Return temporary objects recorded before `older_than`: dataset, key, multipart id."""


class SiteRecords(Protocol):
    """Storage sites as the ledger knows them."""

    def find_site_record(self, site_id: SiteId) -> SiteRecord | None:
        """Return the site with its decrypted keys."""

    def list_site_records(self, site_ids: Sequence[SiteId] | None = None) -> Sequence[SiteRecord]:
        """Return the given sites that are known, or all."""

    def save_site_record(self, record: SiteRecord) -> None:
        """Insert or replace a site; its address is refused (Conflict) if a dataset is bound."""

    def save_site_health(self, site_id: SiteId, health: SiteHealth) -> None:
        """Keep the last check."""

    def delete_site_record(self, site_id: SiteId) -> None:
        """Forget a site. Raises: Conflict, while a dataset is bound to it."""


@dataclass(frozen=True, slots=True)
class Binding:
    """A reservation or binding of a dataset to a placement. `order_key` names its commit."""

    placement: Placement
    order_key: str
    bound: bool
    token: Secret | None = None


class BindingRecords(Protocol):
    """Which dataset lies where: at most one row per dataset, for ever."""

    def find_placement(self, dataset_id: DatasetId) -> Placement | None:
        """Return where a bound dataset lies (kept in memory: it never changes once bound)."""

    def list_placements(self, dataset_ids: Sequence[DatasetId]) -> Mapping[DatasetId, Placement]:
        """Return the placements of those that are bound."""

    def list_bound_to(self, site_id: SiteId) -> Sequence[DatasetId]:
        """Return the datasets that are bound to the site, or reserve it."""

    def reserve_binding(self, binding: Binding, lease_until: datetime) -> None:
        """Take the one place. Raises: Conflict (code `already_bound`), if it is taken."""

    def confirm_binding(self, dataset_id: DatasetId) -> None:
        """Make a reservation final and drop its token."""

    def release_binding(self, dataset_id: DatasetId) -> None:
        """Give up a reservation whose commit did not come about; a bound one is left alone."""

    def claim_stale_bindings(self, now: datetime, lease_until: datetime) -> Sequence[Binding]:
        """Return reservations whose lease ran out, leased anew to the caller."""

    def restore_binding(self, placement: Placement) -> None:
        """Insert a binding found on a site (`make reindex`)."""
