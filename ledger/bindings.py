"""Which dataset lies where: reserved by one, bound for ever."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, false, select, true, update

from core.errors import Conflict, NotFound
from core.model.names import DatasetId, SiteId
from core.model.storage import Placement, SiteRecord
from core.ports import Binding
from ledger.database import AnyRow, Database
from ledger.sites import SqlSiteRecords, same_address
from ledger.tables import bindings, sites
from ledger.vault import Vault

_MANY = 500

_IS_ONE = bindings.c.dataset_id == bindparam("dataset")
_FIND_BOUND = select(bindings.c.site_id, bindings.c.prefix).where(
    _IS_ONE, bindings.c.bound == true()
)
_LIST_BOUND_TO = select(bindings.c.dataset_id).where(bindings.c.site_id == bindparam("site"))
_CONFIRM = update(bindings).where(_IS_ONE).values(bound=True, lease_until=None, token=None)
_RELEASE = delete(bindings).where(_IS_ONE, bindings.c.bound == false())
_CLAIM_STALE = (
    update(bindings)
    .where(bindings.c.bound == false(), bindings.c.lease_until <= bindparam("now"))
    .values(lease_until=bindparam("until"))
    .returning(bindings)
)
# Whoever changes or deletes the site waits until we are through, and we for them.
_SITE = select(sites).where(sites.c.id == bindparam("site")).with_for_update(read=True)


class SqlBindingRecords:
    """`BindingRecords` in the database; what is bound is remembered by each process."""

    def __init__(self, database: Database, vault: Vault, site_records: SqlSiteRecords) -> None:
        self._database = database
        self._vault = vault
        self._sites = site_records
        self._bound: dict[DatasetId, Placement] = {}
        insert = database.upsert(bindings).on_conflict_do_nothing()
        self._insert = insert.returning(bindings.c.dataset_id)

    def find_placement(self, dataset_id: DatasetId) -> Placement | None:
        """Return where a bound dataset lies; its site's name, keys and health ≤ 5 seconds old."""
        known = self._bound.get(dataset_id)
        if known is not None:
            return self._refreshed(known)
        with self._database.reading() as connection:
            row = connection.execute(_FIND_BOUND, {"dataset": dataset_id.number}).first()
        return None if row is None else self._remember(dataset_id, row)

    def list_placements(self, dataset_ids: Sequence[DatasetId]) -> Mapping[DatasetId, Placement]:
        """Return the placements of those that are bound."""
        unknown = [one.number for one in dataset_ids if one not in self._bound]
        for row in self._read_bound(unknown):
            self._remember(DatasetId(row.dataset_id), row)
        known = {one: self._bound[one] for one in dataset_ids if one in self._bound}
        return {one: self._refreshed(placement) for one, placement in known.items()}

    def list_bound_to(self, site_id: SiteId) -> Sequence[DatasetId]:
        """Return the datasets that are bound to the site, or reserve it, by id."""
        with self._database.reading() as connection:
            numbers = connection.execute(_LIST_BOUND_TO, {"site": site_id.number}).scalars().all()
        return [DatasetId(number) for number in sorted(numbers)]

    def reserve_binding(self, binding: Binding, lease_until: datetime) -> None:
        """Take the one place.

        Raises:  Conflict (`already_bound`), if it is taken, (`site_changed`), if the site's address
                 is no longer the one that the placement names; NotFound, if there is no such site.
        """
        with self._database.writing() as connection:
            _check_site(connection, binding.placement.site)
            row = self._row_of(binding, lease_until)
            if connection.execute(self._insert, row).first() is None:
                raise _taken(binding.placement)

    def confirm_binding(self, dataset_id: DatasetId) -> None:
        """Make a reservation final and drop its token.

        Raises:  Conflict (`binding_released`), if the reservation was given up meanwhile.
        """
        with self._database.writing() as connection:
            if connection.execute(_CONFIRM, {"dataset": dataset_id.number}).rowcount == 0:
                raise Conflict(
                    "The choice of the storage site was given up before it was confirmed: "
                    "look at the dataset, then choose again.",
                    code="binding_released",
                )

    def release_binding(self, dataset_id: DatasetId) -> None:
        """Give up a reservation whose commit did not come about; a bound one is left alone."""
        with self._database.writing() as connection:
            connection.execute(_RELEASE, {"dataset": dataset_id.number})

    def claim_stale_bindings(self, now: datetime, lease_until: datetime) -> Sequence[Binding]:
        """Return reservations whose lease ran out, leased anew to the caller."""
        with self._database.writing() as connection:
            rows = connection.execute(_CLAIM_STALE, {"now": now, "until": lease_until}).all()
        return [self._binding_of(row) for row in rows]

    def restore_binding(self, placement: Placement) -> None:
        """Insert a binding found on a site; one that says the same may be there already.

        Raises:  Conflict (`already_bound`), if the dataset lies, or is to lie, elsewhere; NotFound.
        """
        binding = Binding(placement, order_key="", bound=True)
        with self._database.writing() as connection:
            _check_site(connection, placement.site)
            row = self._row_of(binding, None)
            if connection.execute(self._insert, row).first() is None:
                _confirm_same(connection, placement)

    def _read_bound(self, numbers: Sequence[int]) -> Iterator[AnyRow]:
        if not numbers:
            return
        with self._database.reading() as connection:
            for start in range(0, len(numbers), _MANY):
                some = numbers[start : start + _MANY]
                yield from connection.execute(
                    select(bindings).where(
                        bindings.c.dataset_id.in_(some), bindings.c.bound == true()
                    )
                )

    def _remember(self, dataset_id: DatasetId, row: AnyRow) -> Placement:
        placement = Placement(dataset_id, self._site(SiteId(row.site_id)), row.prefix)
        self._bound[dataset_id] = placement
        return placement

    def _refreshed(self, placement: Placement) -> Placement:
        site = self._site(placement.site.id)
        if site is placement.site:
            return placement
        fresh = Placement(placement.dataset_id, site, placement.prefix)
        self._bound[placement.dataset_id] = fresh
        return fresh

    def _site(self, site_id: SiteId) -> SiteRecord:
        site = self._sites.find_recent(site_id)
        if site is None:
            raise _unknown_site(site_id)
        return site

    def _binding_of(self, row: AnyRow) -> Binding:
        dataset_id = DatasetId(row.dataset_id)
        return Binding(
            placement=Placement(dataset_id, self._site(SiteId(row.site_id)), row.prefix),
            order_key=row.order_key,
            bound=row.bound,
            token=self._vault.open_optional(row.token, token_context(row.dataset_id)),
        )

    def _row_of(self, binding: Binding, lease_until: datetime | None) -> dict[str, Any]:
        number = binding.placement.dataset_id.number
        return {
            "dataset_id": number,
            "site_id": binding.placement.site.id.number,
            "prefix": binding.placement.prefix,
            "order_key": binding.order_key,
            "bound": binding.bound,
            "lease_until": lease_until,
            "token": self._vault.seal_optional(binding.token, token_context(number)),
        }


def token_context(dataset_id: int) -> str:
    """Name the place where a reservation's token is sealed."""
    return f"bindings.token:{dataset_id}"


def _check_site(connection: Connection, site: SiteRecord) -> None:
    row = connection.execute(_SITE, {"site": site.id.number}).first()
    if row is None:
        raise _unknown_site(site.id)
    if not same_address(row, site.address):
        raise Conflict(
            f"The address of the storage site {row.name} was changed just now: look, then choose.",
            code="site_changed",
        )


def _confirm_same(connection: Connection, placement: Placement) -> None:
    row = connection.execute(
        select(bindings).where(_IS_ONE), {"dataset": placement.dataset_id.number}
    ).first()
    if row is None or (row.site_id, row.prefix) != (placement.site.id.number, placement.prefix):
        raise _taken(placement)
    connection.execute(_CONFIRM, {"dataset": placement.dataset_id.number})


def _taken(placement: Placement) -> Conflict:
    return Conflict(
        f"Dataset {placement.dataset_id} has its storage site already; it cannot be changed.",
        code="already_bound",
    )


def _unknown_site(site_id: SiteId) -> NotFound:
    return NotFound(f"Labset does not know the storage site {site_id}.", code="site_not_found")
