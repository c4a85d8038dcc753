from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from core.errors import Conflict
from core.model.assets import KeptObject
from core.model.names import Md5, SiteId
from ledger.engine import Ledger
from tests.conformance.records.samples import LATER, NOW, SOON, at_once
from tests.conformance.records.test_assets import FILE, kept_asset

KEPT = KeptObject(FILE.site_id, FILE.md5)
MONTH = timedelta(days=30)


def claimed(ledger: Ledger, before: datetime, assets_db_id: str = "db") -> list[KeptObject]:
    """Claim what may be collected; the lease of the last one who did has just ended."""
    now = datetime.now(UTC)
    kept = ledger.assets.claim_collectable(assets_db_id, before, 9, now=now, lease_until=now)
    return list(kept)


def test_bytes_wait_for_collection_once_no_entry_names_them(ledger: Ledger) -> None:
    one, other = kept_asset(ledger), kept_asset(ledger)
    ledger.assets.delete_asset(one.id, NOW)
    assert claimed(ledger, NOW + MONTH) == []
    ledger.assets.delete_asset(other.id, NOW)
    assert claimed(ledger, NOW) == []
    assert claimed(ledger, NOW + MONTH, "other") == []
    assert claimed(ledger, NOW + MONTH) == [KEPT]


def test_bytes_that_are_named_again_in_time_stay(ledger: Ledger) -> None:
    ledger.assets.delete_asset(kept_asset(ledger).id, NOW)
    kept_asset(ledger)
    assert claimed(ledger, NOW + MONTH) == []


def test_bytes_that_are_being_collected_take_no_name_until_they_are_gone(ledger: Ledger) -> None:
    ledger.assets.delete_asset(kept_asset(ledger).id, NOW)
    for _ in range(2):  # the second time after a crash
        assert claimed(ledger, NOW + MONTH) == [KEPT]
    for act in (lambda: kept_asset(ledger), lambda: ledger.assets.expect_object("db", KEPT, NOW)):
        with pytest.raises(Conflict) as refused:
            act()
        assert refused.value.code == "being_collected"
    ledger.assets.forget_collected("db", [KEPT])
    ledger.assets.expect_object("db", KEPT, NOW)
    kept_asset(ledger)
    assert claimed(ledger, NOW + MONTH) == []


def test_bytes_of_an_upload_that_became_no_entry_are_collected(ledger: Ledger) -> None:
    ledger.assets.expect_object("db", KEPT, NOW)
    ledger.assets.expect_object("db", KEPT, SOON)
    assert claimed(ledger, SOON) == []
    assert claimed(ledger, LATER) == [KEPT]


def test_the_same_bytes_in_two_slots_are_two_things(ledger: Ledger) -> None:
    one, other = replace(KEPT, slot="a" * 32), replace(KEPT, slot="b" * 32)
    asset = kept_asset(ledger, file=replace(FILE, slot=one.slot))
    assert ledger.assets.find_asset("db", asset.id) == asset
    for kept in (KEPT, one, other):
        ledger.assets.expect_object("db", kept, NOW)
    assert sorted(claimed(ledger, NOW + MONTH)) == [KEPT, other]
    ledger.assets.forget_collected("db", [other])
    kept_asset(ledger, file=replace(FILE, slot=other.slot))
    assert claimed(ledger, NOW + MONTH) == [KEPT]
    ledger.assets.delete_asset(asset.id, NOW)
    assert sorted(claimed(ledger, NOW + MONTH)) == [KEPT, one]


def test_what_is_kept_is_found_by_its_database_site_and_md5(ledger: Ledger) -> None:
    file = replace(FILE, slot="a" * 32)
    kept_asset(ledger, file=file)
    assert ledger.assets.find_kept("db", file.site_id, file.md5) == file
    assert ledger.assets.find_kept("other", file.site_id, file.md5) is None
    assert ledger.assets.find_kept("db", SiteId(4), file.md5) is None
    assert ledger.assets.find_kept("db", file.site_id, Md5("3" * 32)) is None


@pytest.mark.parametrize("site", (FILE.site_id, SiteId(5)), ids=("same site", "another"))
def test_entries_are_moved_to_where_their_bytes_are_whole(ledger: Ledger, site: SiteId) -> None:
    new = KeptObject(site, FILE.md5, "a" * 32)
    assets = [kept_asset(ledger), kept_asset(ledger)]
    others = [
        kept_asset(ledger, file=replace(FILE, site_id=SiteId(4))),
        kept_asset(ledger, file=None),
    ]
    ledger.assets.expect_object("db", new, NOW)
    ledger.assets.move_kept("db", KEPT, new, SOON)
    for asset in assets:
        assert ledger.assets.find_asset("db", asset.id) == replace(
            asset, file=replace(FILE, site_id=site, slot=new.slot)
        )
    for asset in others:
        assert ledger.assets.find_asset("db", asset.id) == asset
    assert claimed(ledger, SOON) == []
    assert claimed(ledger, NOW + MONTH) == [KEPT]


def test_nothing_is_moved_to_what_is_being_collected(ledger: Ledger) -> None:
    new = replace(KEPT, slot="a" * 32)
    asset = kept_asset(ledger)
    ledger.assets.expect_object("db", new, NOW)
    assert claimed(ledger, NOW + MONTH) == [new]
    with pytest.raises(Conflict) as refused:
        ledger.assets.move_kept("db", KEPT, new, SOON)
    assert refused.value.code == "being_collected"
    assert ledger.assets.find_asset("db", asset.id) == asset


def test_what_no_entry_names_when_it_is_moved_goes_on_waiting(ledger: Ledger) -> None:
    new = replace(KEPT, slot="a" * 32)
    ledger.assets.expect_object("db", new, NOW)
    ledger.assets.move_kept("db", KEPT, new, SOON)
    assert claimed(ledger, NOW + MONTH) == [new]


def test_expecting_bytes_that_an_entry_names_makes_them_no_waste(ledger: Ledger) -> None:
    kept_asset(ledger)
    ledger.assets.expect_object("db", KEPT, NOW)
    assert claimed(ledger, NOW + MONTH) == []


def test_what_was_claimed_is_one_collectors_until_its_lease_ends(ledger: Ledger) -> None:
    ledger.assets.expect_object("db", KEPT, NOW)

    def claim(now: datetime) -> Sequence[KeptObject]:
        return ledger.assets.claim_collectable("db", SOON, 9, now=now, lease_until=now + MONTH)

    assert sum(at_once(4, lambda _: len(claim(LATER)))) == 1
    assert claim(LATER + MONTH - timedelta(seconds=1)) == []
    assert claim(LATER + MONTH) == [KEPT]
    ledger.assets.forget_collected("db", [KEPT])
    assert claim(LATER + 3 * MONTH) == []


def test_what_is_given_back_may_be_named_and_waits_behind_the_others(ledger: Ledger) -> None:
    other = replace(KEPT, slot="a" * 32)
    ledger.assets.expect_object("db", KEPT, NOW)
    ledger.assets.expect_object("db", other, SOON)

    def claim(limit: int) -> Sequence[KeptObject]:
        until = LATER + MONTH
        return ledger.assets.claim_collectable("db", LATER, limit, now=LATER, lease_until=until)

    def give_back(lease_until: datetime) -> None:
        since = LATER - timedelta(seconds=1)
        ledger.assets.give_back_claimed("db", [KEPT], lease_until=lease_until, unnamed_since=since)

    assert claim(1) == [KEPT]
    give_back(LATER)
    assert claim(1) == [other]
    assert claim(1) == []
    give_back(LATER + MONTH)
    ledger.assets.give_back_claimed("db", [other], lease_until=LATER + MONTH, unnamed_since=SOON)
    assert claim(1) == [other]
    ledger.assets.expect_object("db", KEPT, LATER)
    assert claim(2) == []
    give_back(LATER + MONTH)
    ledger.assets.give_back_claimed("db", [], lease_until=LATER, unnamed_since=SOON)


def test_of_bytes_that_are_noted_and_claimed_at_once_one_side_hears_of_the_other(
    ledger: Ledger,
) -> None:
    def act(number: int) -> str:
        if number % 2:
            return "claimed" if claimed(ledger, NOW + MONTH) else "nothing"
        try:
            ledger.assets.expect_object("db", KEPT, LATER + 2 * MONTH)
        except Conflict:
            return "refused"
        return "noted"

    for _ in range(10):
        ledger.assets.expect_object("db", KEPT, NOW)
        ends = at_once(2, act)
        assert ends in (["noted", "nothing"], ["refused", "claimed"])
        ledger.assets.forget_collected("db", [KEPT])
