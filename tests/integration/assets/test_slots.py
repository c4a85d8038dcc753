"""Large files lie where they were sent before their md5 was known; the entries say where."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import pytest

from core.errors import Conflict, DataMissing, Unavailable
from core.model.asset_documents import asset_document
from core.model.assets import Asset
from core.model.names import SiteId
from core.model.storage import Placement
from core.usecases.assets.collection import collect_unnamed
from core.usecases.assets.entries import delete_asset
from core.usecases.assets.finding import find_asset
from core.usecases.assets.objects import (
    KeptBytes,
    check_object_there,
    find_object,
    open_object,
)
from ledger.engine import Ledger
from tests.integration.assets.test_crashes import DATA, FORTNIGHT, Killed, mortal
from tests.integration.assets.world import (
    NOBODY,
    OWNER,
    STRANGER,
    House,
    named,
    open_house,
    some_site,
)


@pytest.fixture
def house(ledger: Ledger) -> House:
    """An asset database to which every file is a large one."""
    house = open_house(ledger)
    house.objects.slots_from_bytes = 0
    return house


def read(house: House, asset_id: str) -> bytes:
    found = find_object(house.platform, NOBODY, asset_id)
    assert isinstance(found, KeptBytes)
    check_object_there(house.platform, found)
    return b"".join(open_object(house.platform, found).chunks)


def slot_of(asset: Asset) -> str:
    assert asset.file is not None
    return asset.file.slot


def asset_now(house: House, asset: Asset) -> Asset:
    return find_asset(house.platform, NOBODY, asset.id)


def later(house: House) -> int:
    house.clock.sleep(FORTNIGHT.total_seconds())
    return collect_unnamed(house.platform)


def test_a_large_file_lies_in_a_slot_of_which_nothing_is_shown(house: House) -> None:
    asset = house.upload(named(), DATA)
    assert len(slot_of(asset)) == 32
    assert list(house.objects.bytes_at) == [house.place(asset)]
    assert asset_now(house, asset) == asset
    assert slot_of(asset) not in str(asset_document(asset))
    assert read(house, asset.id) == DATA
    del house.objects.bytes_at[house.place(asset)]
    with pytest.raises(DataMissing):
        read(house, asset.id)


def test_the_same_bytes_are_kept_once_whoever_sends_them(house: House) -> None:
    first = house.upload(named(), DATA)
    assert house.upload(named(), DATA) == first
    assert house.upload(named(), DATA, site=4) == first
    second = house.upload(named("second"), DATA, by=STRANGER)
    assert slot_of(second) == slot_of(first)
    elsewhere = house.upload(named("third"), DATA, site=4)
    assert slot_of(elsewhere) != slot_of(first)
    assert set(house.objects.bytes_at) == {house.place(first), house.place(elsewhere)}
    assert later(house) == 0
    assert read(house, second.id) == DATA


@pytest.mark.parametrize("is_first_in_slot", (False, True))
def test_bytes_that_have_a_name_by_their_md5_need_no_slot_nor_the_other_way_round(
    house: House, *, is_first_in_slot: bool
) -> None:
    house.objects.slots_from_bytes = 0 if is_first_in_slot else 1000
    first = house.upload(named(), DATA)
    house.objects.slots_from_bytes = 1000 if is_first_in_slot else 0
    assert slot_of(house.upload(named("second"), DATA)) == slot_of(first)
    assert list(house.objects.bytes_at) == [house.place(first)]
    assert later(house) == 0


@pytest.mark.parametrize("is_named_anew", (False, True))
@pytest.mark.parametrize("damage", (b"damaged", b"", None), ids=("other", "empty", "gone"))
@pytest.mark.parametrize("was_in_slot", (False, True))
def test_sending_a_file_again_repairs_all_entries_of_it(
    house: House, damage: bytes | None, *, is_named_anew: bool, was_in_slot: bool
) -> None:
    house.objects.slots_from_bytes = 0 if was_in_slot else 1000
    first, second = (house.upload(named(name), DATA) for name in ("first", "second"))
    house.objects.slots_from_bytes = 0
    place = house.place(first)
    if damage is None:
        del house.objects.bytes_at[place]
    else:
        house.objects.bytes_at[place] = damage
    again = house.upload(named("third" if is_named_anew else "first"), DATA)
    for asset in (first, second, again):
        assert house.place(asset_now(house, asset)) == house.place(again) != place
        assert read(house, asset.id) == DATA
    assert asset_now(house, again) == again
    later(house)
    assert list(house.objects.bytes_at) == [house.place(again)]


@pytest.mark.parametrize("slots_from", (0, 1000), ids=("in a slot", "by md5"))
@pytest.mark.parametrize("is_there_too", (False, True))
@pytest.mark.parametrize("damage", (b"damaged", None), ids=("other", "gone"))
def test_a_file_that_is_sent_again_to_another_site_repairs_all_entries_of_it(
    house: House, slots_from: int, damage: bytes | None, *, is_there_too: bool
) -> None:
    house.objects.slots_from_bytes = slots_from
    first, second = (house.upload(named(name), DATA) for name in ("first", "second"))
    if is_there_too:
        house.upload(named("there too"), DATA, site=4)
    if damage is None:
        del house.objects.bytes_at[house.place(first)]
    else:
        house.objects.bytes_at[house.place(first)] = damage
    again = house.upload(named("first"), DATA, site=4)
    for asset in (first, second):
        now = asset_now(house, asset)
        assert house.place(now) == house.place(again) != house.place(asset)
        assert now.file is not None
        assert now.file.site_id == SiteId(4)
        assert read(house, asset.id) == DATA
    assert asset_now(house, again) == again
    later(house)
    assert list(house.objects.bytes_at) == [house.place(again)]


def test_what_comes_to_another_site_replaces_what_lies_on_one_that_nobody_knows(
    house: House,
) -> None:
    first = house.upload(named(), DATA)
    house.places.sites = [some_site(4)]
    assert house.upload(named(), DATA).id == first.id
    assert read(house, first.id) == DATA


def test_bytes_that_cannot_be_read_are_kept_anew(house: House) -> None:
    first = house.upload(named(), DATA)
    assert first.file is not None

    class Unreadable:
        def __getattr__(self, name: str) -> object:
            return getattr(house.objects, name)

        def prove_many(self, *_: object) -> object:
            raise Unavailable("The site lost a disk.")

    broken = replace(house, platform=replace(house.platform, objects=cast("Any", Unreadable())))
    second = broken.upload(named("second"), DATA)
    assert slot_of(second) != slot_of(first)
    assert asset_now(house, first).file == replace(first.file, slot=slot_of(second))


def test_a_site_that_does_not_answer_loses_its_entries_to_the_operators_site_alone(
    house: House,
) -> None:
    first = house.upload(named(), DATA)

    class Silent:
        def __getattr__(self, name: str) -> object:
            return getattr(house.objects, name)

        def prove_many(self, placement: Placement, *more: object) -> object:
            if placement.site.id == SiteId(3):
                raise Unavailable("The site does not answer.")
            return house.objects.prove_many(placement, *cast("Any", more))

    silent = replace(house, platform=replace(house.platform, objects=cast("Any", Silent())))
    with pytest.raises(Unavailable):
        silent.upload(named(), DATA, by=STRANGER, site=4)
    assert asset_now(house, first) == first
    house.places.sites.reverse()
    assert silent.upload(named(), DATA).id == first.id
    file = asset_now(house, first).file
    assert file is not None
    assert file.site_id == SiteId(4)
    assert read(house, first.id) == DATA


def test_bytes_that_wait_for_collection_are_kept_anew_beside(house: House) -> None:
    former = house.upload(named(), DATA)
    delete_asset(house.platform, OWNER, former.id)
    house.clock.sleep(FORTNIGHT.total_seconds())
    asset = house.upload(named(), DATA)
    assert collect_unnamed(house.platform) == 1
    assert list(house.objects.bytes_at) == [house.place(asset)] != [house.place(former)]


def test_bytes_whose_md5_another_file_has_are_not_stored(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.fakes.objects._md5", lambda _: "0" * 32)
    asset = house.upload(named(), b"one of a pair")
    with pytest.raises(Conflict) as refused:
        house.upload(named("second"), b"the other one")
    assert refused.value.code == "md5_collision"
    assert list(house.objects.bytes_at) == [house.place(asset)]


def test_whoever_loses_a_race_for_a_uri_leaves_nothing_for_ever(house: House) -> None:
    class Raced:
        def __getattr__(self, name: str) -> object:
            return getattr(house.ledger.assets, name)

        def create_asset(self, asset: Asset) -> None:
            house.upload(named(), DATA)
            house.ledger.assets.create_asset(asset)

    raced = replace(house, platform=replace(house.platform, assets=cast("Any", Raced())))
    asset = raced.upload(named(), DATA)
    assert len(house.objects.bytes_at) == 2
    later(house)
    assert list(house.objects.bytes_at) == [house.place(asset)]


@pytest.mark.parametrize("site", (3, 4))
@pytest.mark.parametrize("after", (False, True), ids=("before", "after"))
def test_a_repair_that_dies_at_any_call_loses_nothing_that_was_there(
    house: House, site: int, *, after: bool
) -> None:
    deadly = 0
    while True:
        deadly += 1
        first, second = (house.upload(named(name), DATA) for name in ("first", "second"))
        house.objects.bytes_at[house.place(first)] = b"damaged"
        dying, counted = mortal(house, deadly, after=after)
        try:
            dying.upload(named("third" if site == 3 else "first"), DATA, site=site)
        except Killed:
            repaired = house.upload(named("first"), DATA, site=site)
            assert repaired.id == first.id
        assert read(house, first.id) == read(house, second.id) == DATA
        later(house)
        places = {house.place(asset_now(house, one)) for one in (first, second)}
        assert set(house.objects.bytes_at) == places
        for uri in ("first", "second", "third"):
            if house.ledger.assets.find_asset("db", f"{uri}:1.0-initial"):
                delete_asset(house.platform, OWNER, f"{uri}:1.0-initial")
        later(house)
        assert house.objects.bytes_at == {}
        if counted.calls < deadly:
            return
