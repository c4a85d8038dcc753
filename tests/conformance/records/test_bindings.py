from __future__ import annotations

from dataclasses import replace

import pytest

from core.errors import Conflict, NotFound
from core.model.names import DatasetId
from core.model.storage import SiteRecord
from core.ports import Binding
from ledger.engine import Ledger
from tests.conformance.records.samples import (
    LATER,
    NOW,
    SOON,
    at_once,
    bound_placement,
    some_placement,
    some_reservation,
    some_site,
)


@pytest.fixture
def site(ledger: Ledger) -> SiteRecord:
    record = some_site()
    ledger.sites.save_site_record(record)
    return record


def test_a_reservation_is_no_placement_until_it_is_confirmed(
    ledger: Ledger, site: SiteRecord
) -> None:
    binding = some_reservation(site)
    dataset_id = binding.placement.dataset_id
    assert ledger.bindings.find_placement(dataset_id) is None
    ledger.bindings.reserve_binding(binding, SOON)
    assert ledger.bindings.find_placement(dataset_id) is None
    assert ledger.bindings.list_placements([dataset_id]) == {}
    ledger.bindings.confirm_binding(dataset_id)
    assert ledger.bindings.find_placement(dataset_id) == binding.placement


def test_of_fifty_who_bind_a_dataset_at_once_one_does(ledger: Ledger, site: SiteRecord) -> None:
    dataset_id = some_placement(site).dataset_id
    tries = [
        replace(one, placement=replace(one.placement, dataset_id=dataset_id))
        for one in (some_reservation(site) for _ in range(50))
    ]

    def bind(number: int) -> Binding | None:
        try:
            ledger.bindings.reserve_binding(tries[number], SOON)
        except Conflict:
            return None
        return tries[number]

    winners = [won for won in at_once(50, bind) if won is not None]
    assert len(winners) == 1
    ledger.bindings.confirm_binding(dataset_id)
    assert ledger.bindings.find_placement(dataset_id) == winners[0].placement


def test_a_bound_dataset_is_bound_for_ever(ledger: Ledger, site: SiteRecord) -> None:
    placement = bound_placement(ledger, site)
    again = replace(some_reservation(site), placement=placement)
    with pytest.raises(Conflict) as refused:
        ledger.bindings.reserve_binding(again, SOON)
    assert refused.value.code == "already_bound"
    ledger.bindings.release_binding(placement.dataset_id)
    ledger.bindings.confirm_binding(placement.dataset_id)
    assert ledger.bindings.find_placement(placement.dataset_id) == placement


def test_a_released_reservation_frees_the_place(ledger: Ledger, site: SiteRecord) -> None:
    binding = some_reservation(site)
    ledger.bindings.reserve_binding(binding, SOON)
    ledger.bindings.release_binding(binding.placement.dataset_id)
    with pytest.raises(Conflict) as refused:
        ledger.bindings.confirm_binding(binding.placement.dataset_id)
    assert refused.value.code == "binding_released"
    ledger.bindings.reserve_binding(binding, SOON)


def test_no_two_datasets_lie_under_one_prefix(ledger: Ledger, site: SiteRecord) -> None:
    placement = bound_placement(ledger, site)
    other = some_reservation(site)
    other = replace(other, placement=replace(other.placement, prefix=placement.prefix))
    with pytest.raises(Conflict):
        ledger.bindings.reserve_binding(other, SOON)


def test_a_stale_reservation_is_leased_to_one_with_its_token(
    ledger: Ledger, site: SiteRecord
) -> None:
    binding = some_reservation(site)
    ledger.bindings.reserve_binding(binding, SOON)
    bound_placement(ledger, site)
    assert ledger.bindings.claim_stale_bindings(NOW, LATER) == []
    claims = at_once(20, lambda _: ledger.bindings.claim_stale_bindings(SOON, LATER))
    assert [claim for claim in claims if claim] == [[binding]]
    again = ledger.bindings.claim_stale_bindings(LATER, LATER)
    assert [one.token.reveal() for one in again if one.token] == ["glpat-bind"]


def test_bound_and_reserving_datasets_of_a_site_are_listed(
    ledger: Ledger, site: SiteRecord
) -> None:
    other = some_site()
    ledger.sites.save_site_record(other)
    bound, elsewhere = bound_placement(ledger, site), bound_placement(ledger, other)
    reserved = some_reservation(site)
    ledger.bindings.reserve_binding(reserved, SOON)
    of_site = [bound.dataset_id, reserved.placement.dataset_id]
    assert ledger.bindings.list_bound_to(site.id) == of_site
    assert ledger.bindings.list_bound_to(other.id) == [elsewhere.dataset_id]


def test_many_placements_are_read_at_once(ledger: Ledger, site: SiteRecord) -> None:
    placements = [bound_placement(ledger, site) for _ in range(5)]
    ids = [placement.dataset_id for placement in placements]
    asked = [*ids, DatasetId(10**15)]
    assert ledger.bindings.list_placements(asked) == dict(zip(ids, placements, strict=True))
    assert ledger.bindings.list_placements(asked) == dict(zip(ids, placements, strict=True))


def test_a_placement_shows_new_keys_and_health_of_its_site(
    ledger: Ledger, site: SiteRecord
) -> None:
    placement = bound_placement(ledger, site)
    assert ledger.bindings.find_placement(placement.dataset_id) == placement
    renamed = replace(site, name="new name", keys=None)
    ledger.sites.save_site_record(renamed)
    found = ledger.bindings.find_placement(placement.dataset_id)
    assert found == replace(placement, site=renamed)
    assert ledger.bindings.find_placement(placement.dataset_id) is found


def test_a_binding_needs_a_site_that_is_known_and_where_it_was(
    ledger: Ledger, site: SiteRecord
) -> None:
    with pytest.raises(NotFound):
        ledger.bindings.reserve_binding(some_reservation(some_site()), SOON)
    moved = replace(site, address=replace(site.address, url="s3://elsewhere"))
    with pytest.raises(Conflict) as refused:
        ledger.bindings.reserve_binding(some_reservation(moved), SOON)
    assert refused.value.code == "site_changed"


def test_a_binding_found_on_a_site_is_restored_once_and_never_moved(
    ledger: Ledger, site: SiteRecord
) -> None:
    placement = some_placement(site)
    for _ in range(2):
        ledger.bindings.restore_binding(placement)
    assert ledger.bindings.find_placement(placement.dataset_id) == placement
    with pytest.raises(Conflict):
        ledger.bindings.restore_binding(replace(placement, prefix="elsewhere"))


def test_a_restored_binding_makes_its_own_reservation_final(
    ledger: Ledger, site: SiteRecord
) -> None:
    binding = some_reservation(site)
    ledger.bindings.reserve_binding(binding, SOON)
    ledger.bindings.restore_binding(binding.placement)
    assert ledger.bindings.find_placement(binding.placement.dataset_id) == binding.placement
