from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from core.errors import Conflict, NotFound
from core.model.access import Secret
from core.model.storage import CheckStep, SiteAddress, SiteHealth, SiteKeys, SiteKind
from ledger.engine import Ledger
from tests.conformance.records.samples import (
    NOW,
    SOON,
    at_once,
    bound_placement,
    some_reservation,
    some_site,
)

STEP = CheckStep("copy", ok=False, seconds=0.2, problem="refused")
HEALTH = SiteHealth(
    ok=False,
    checked_at=NOW,
    steps=(CheckStep("write", ok=True, seconds=0.1), STEP),
    browser_transfer=True,
)


def test_a_site_comes_back_with_its_keys(ledger: Ledger) -> None:
    site = replace(some_site(), health=HEALTH)
    ledger.sites.save_site_record(site)
    found = ledger.sites.find_site_record(site.id)
    assert found == site
    assert found.keys is not None
    assert found.keys.secret_key.reveal() == f"secret-{site.id}"
    assert ledger.sites.find_site_record(some_site().id) is None


def test_a_local_site_has_no_keys(ledger: Ledger) -> None:
    address = SiteAddress(SiteKind.LOCAL, "file:///srv/data")
    site = replace(some_site(), address=address, keys=None)
    ledger.sites.save_site_record(site)
    assert ledger.sites.find_site_record(site.id) == site


def test_sites_are_listed_by_id_all_or_those_asked_for(ledger: Ledger) -> None:
    first, second, third = (some_site() for _ in range(3))
    for site in (third, first, second):
        ledger.sites.save_site_record(site)
    assert ledger.sites.list_site_records() == [first, second, third]
    assert ledger.sites.list_site_records([third.id, some_site().id, first.id]) == [first, third]
    assert ledger.sites.list_site_records([]) == []


def test_the_last_check_is_kept(ledger: Ledger) -> None:
    site = some_site()
    ledger.sites.save_site_record(site)
    ledger.sites.save_site_health(site.id, HEALTH)
    assert ledger.sites.find_site_record(site.id) == replace(site, health=HEALTH)


def test_an_unbound_site_may_move(ledger: Ledger) -> None:
    site = some_site()
    ledger.sites.save_site_record(site)
    moved = replace(site, address=replace(site.address, url="s3://other"))
    ledger.sites.save_site_record(moved)
    assert ledger.sites.find_site_record(site.id) == moved


@pytest.mark.parametrize(
    "change", ({"url": "s3://other"}, {"endpoint": "http://other.test"}, {"kind": SiteKind.LOCAL})
)
def test_the_address_of_a_bound_site_is_frozen(ledger: Ledger, change: dict[str, Any]) -> None:
    site = some_site()
    ledger.sites.save_site_record(site)
    bound_placement(ledger, site)
    moved = replace(site, address=replace(site.address, **change))
    with pytest.raises(Conflict) as refused:
        ledger.sites.save_site_record(moved)
    assert refused.value.code == "address_frozen"
    assert refused.value.details["datasets"] == 1
    assert ledger.sites.find_site_record(site.id) == site


def test_keys_name_and_way_for_browsers_of_a_bound_site_may_change(ledger: Ledger) -> None:
    site = some_site()
    ledger.sites.save_site_record(site)
    bound_placement(ledger, site)
    changed = replace(
        site,
        name="another name",
        keys=SiteKeys(Secret("new access"), Secret("new secret")),
        address=replace(site.address, public_endpoint="https://s3.public.test"),
    )
    ledger.sites.save_site_record(changed)
    assert ledger.sites.find_site_record(site.id) == changed


def test_a_site_in_use_cannot_be_forgotten(ledger: Ledger) -> None:
    site = some_site()
    ledger.sites.save_site_record(site)
    bound_placement(ledger, site)
    reserved = some_reservation(site)
    ledger.bindings.reserve_binding(reserved, SOON)
    with pytest.raises(Conflict) as refused:
        ledger.sites.delete_site_record(site.id)
    assert refused.value.code == "site_in_use"
    assert refused.value.details == {"datasets": 2}


def test_a_free_site_is_forgotten(ledger: Ledger) -> None:
    site = some_site()
    ledger.sites.save_site_record(site)
    reserved = some_reservation(site)
    ledger.bindings.reserve_binding(reserved, SOON)
    ledger.bindings.release_binding(reserved.placement.dataset_id)
    ledger.sites.delete_site_record(site.id)
    ledger.sites.delete_site_record(site.id)
    assert ledger.sites.find_site_record(site.id) is None


def test_a_site_that_is_deleted_while_many_bind_to_it_ends_either_way_whole(
    ledger: Ledger,
) -> None:
    site = some_site()
    ledger.sites.save_site_record(site)

    def act(number: int) -> bool:
        try:
            if number == 7:
                ledger.sites.delete_site_record(site.id)
            else:
                ledger.bindings.reserve_binding(some_reservation(site), SOON)
        except (Conflict, NotFound):
            return False
        return True

    outcomes = at_once(15, act)
    is_deleted = outcomes.pop(7)
    there = ledger.sites.find_site_record(site.id) is not None
    assert there is not is_deleted
    assert len(ledger.bindings.list_bound_to(site.id)) == sum(outcomes)
    assert any(outcomes) is not is_deleted
