"""A process may die at any outside call: nothing is lost, nothing lies, nothing stays for ever."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import pytest

from core.errors import Conflict, Unavailable
from core.model.assets import Asset, KeptObject
from core.model.names import Md5, SiteId
from core.model.storage import Placement
from core.ports import AssetPlatform
from core.usecases.assets.collection import COLLECTING_LEASE, UNNAMED_LIFETIME, collect_unnamed
from core.usecases.assets.entries import delete_asset
from core.usecases.assets.finding import find_asset
from core.usecases.assets.objects import KeptBytes, find_object, open_object
from tests.integration.assets.world import NOBODY, OWNER, House, md5_of, named

DATA = b"the bytes of the lamp"
EITHER_PLACE = pytest.mark.parametrize(
    "slots_from_bytes", (1000, 0), ids=("under its md5", "in a slot")
)
FORTNIGHT = UNNAMED_LIFETIME + timedelta(seconds=1)


class Killed(BaseException):
    """The process is gone: nobody catches this."""


class Counted:
    """Passes calls on to what it stands for; dies at the Nth, before it or just after it."""

    def __init__(self, things: dict[str, object], deadly: int, *, after: bool) -> None:
        self.calls = 0
        self.things = {name: _Counting(self, thing) for name, thing in things.items()}
        self._deadly = deadly
        self._after = after

    def run(self, call: Callable[[], Any]) -> Any:  # noqa: ANN401 - whatever the call gives
        self.calls += 1
        is_deadly = self.calls == self._deadly
        if is_deadly and not self._after:
            raise Killed
        result = call()
        if is_deadly:
            raise Killed
        return result


class _Counting:
    def __init__(self, counted: Counted, thing: object) -> None:
        self._counted = counted
        self._thing = thing

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - as above
        method = getattr(self._thing, name)

        def call(*args: object, **kwargs: object) -> object:
            return self._counted.run(lambda: method(*args, **kwargs))

        return call


def mortal(house: House, deadly: int, *, after: bool) -> tuple[House, Counted]:
    names = ("people", "places", "assets", "objects")
    counted = Counted({name: getattr(house.platform, name) for name in names}, deadly, after=after)
    platform = replace(house.platform, **cast("Any", counted.things))
    return replace(house, platform=platform), counted


def check_truth(house: House) -> None:
    """Every entry has its bytes; two weeks later all bytes have an entry."""
    assets = [asset for asset in everything(house) if asset.file is not None]
    for asset in assets:
        found = find_object(house.platform, OWNER, asset.id)
        assert isinstance(found, KeptBytes)
        assert b"".join(open_object(house.platform, found).chunks)
    house.clock.sleep(FORTNIGHT.total_seconds())
    collect_unnamed(house.platform)
    assert set(house.objects.bytes_at) == {house.place(asset) for asset in assets}


def everything(house: House) -> list[Asset]:
    from_uri = house.ledger.assets.find_asset("db", "Lamp:1.0-initial")
    return [from_uri] if from_uri else []


@pytest.mark.parametrize("after", (False, True), ids=("before", "after"))
@pytest.mark.parametrize("then", ("again", "never"))
@EITHER_PLACE
def test_an_upload_that_dies_at_any_call_is_whole_or_nothing(
    house: House, then: str, slots_from_bytes: int, *, after: bool
) -> None:
    house.objects.slots_from_bytes = slots_from_bytes
    deadly = 0
    while True:
        deadly += 1
        dying, counted = mortal(house, deadly, after=after)
        try:
            dying.upload(named(), DATA)
        except Killed:
            pass
        else:
            assert counted.calls >= 5
            break
        if then == "again":
            asset = house.upload(named(), DATA)
            assert find_asset(house.platform, NOBODY, asset.id) == asset
        check_truth(house)
        if everything(house):
            delete_asset(house.platform, OWNER, "Lamp:1.0-initial")
        house.clock.sleep(FORTNIGHT.total_seconds())
        collect_unnamed(house.platform)
        assert house.objects.bytes_at == {}


@pytest.mark.parametrize("after", (False, True), ids=("before", "after"))
@EITHER_PLACE
def test_a_deletion_or_collection_that_dies_is_finished_by_the_next(
    house: House, slots_from_bytes: int, *, after: bool
) -> None:
    house.objects.slots_from_bytes = slots_from_bytes
    for deadly in range(1, 12):
        house.upload(named(), DATA)
        for act in (
            lambda dying: delete_asset(dying.platform, OWNER, "Lamp:1.0-initial"),
            lambda dying: collect_unnamed(dying.platform),
        ):
            dying, _ = mortal(house, deadly, after=after)
            try:
                act(dying)
            except Killed:
                check_entry_has_bytes(house)
            house.clock.sleep(FORTNIGHT.total_seconds())
        if everything(house):
            delete_asset(house.platform, OWNER, "Lamp:1.0-initial")
        for _ in range(2):
            house.clock.sleep(FORTNIGHT.total_seconds())
            collect_unnamed(house.platform)
        assert house.objects.bytes_at == {}


def check_entry_has_bytes(house: House) -> None:
    for asset in everything(house):
        found = find_object(house.platform, OWNER, asset.id)
        assert isinstance(found, KeptBytes)
        assert b"".join(open_object(house.platform, found).chunks) == DATA


@EITHER_PLACE
def test_bytes_are_removed_two_weeks_after_their_last_name(
    house: House, slots_from_bytes: int
) -> None:
    house.objects.slots_from_bytes = slots_from_bytes
    place = house.place(house.upload(named(), DATA))
    house.upload(named("second name"), DATA)
    delete_asset(house.platform, OWNER, "Lamp:1.0-initial")
    house.clock.sleep(FORTNIGHT.total_seconds())
    assert collect_unnamed(house.platform) == 0
    delete_asset(house.platform, OWNER, "second name:1.0-initial")
    house.clock.sleep(UNNAMED_LIFETIME.total_seconds())
    assert collect_unnamed(house.platform) == 0
    assert list(house.objects.bytes_at) == [place]
    house.clock.sleep(1)
    assert collect_unnamed(house.platform) == 1
    assert house.objects.bytes_at == {}
    assert collect_unnamed(house.platform) == 0


def test_uploading_the_same_bytes_again_saves_them(house: House) -> None:
    house.upload(named(), DATA)
    delete_asset(house.platform, OWNER, "Lamp:1.0-initial")
    house.clock.sleep(FORTNIGHT.total_seconds())
    house.upload(named("again"), DATA)
    assert collect_unnamed(house.platform) == 0
    assert list(house.objects.bytes_at) == [house.key(DATA)]


def test_an_upload_during_the_collection_of_its_bytes_is_told_so(house: House) -> None:
    house.upload(named(), DATA)
    delete_asset(house.platform, OWNER, "Lamp:1.0-initial")
    house.clock.sleep(FORTNIGHT.total_seconds())
    told: list[str] = []

    class Raced:
        def __getattr__(self, name: str) -> object:
            return getattr(house.objects, name)

        def remove_objects(
            self, placement: Placement, md5s: list[object], *, slots: list[str]
        ) -> None:
            assert slots == []
            with pytest.raises(Conflict) as refused:
                house.upload(named("during"), DATA)
            told.append(refused.value.code)
            house.objects.remove_objects(placement, cast("Any", md5s))

    raced = replace(house.platform, objects=cast("Any", Raced()))
    assert collect_unnamed(raced) == 1
    assert told == ["being_collected"]
    house.upload(named("during"), DATA)
    assert list(house.objects.bytes_at) == [house.key(DATA)]


def test_bytes_that_are_noted_and_not_named_yet_are_not_collected(house: House) -> None:
    """The upload has noted them, the collector comes, the upload goes on."""
    house.upload(named(), DATA)
    delete_asset(house.platform, OWNER, "Lamp:1.0-initial")
    house.clock.sleep(FORTNIGHT.total_seconds())
    kept = KeptObject(SiteId(3), md5_of(DATA))
    house.ledger.assets.expect_object("db", kept, house.clock.now())
    assert collect_unnamed(house.platform) == 0


def test_a_collector_that_lost_its_time_removes_nothing(house: House) -> None:
    """Another one has finished its work, and the bytes may be there anew."""
    house.upload(named(), DATA)
    delete_asset(house.platform, OWNER, "Lamp:1.0-initial")
    house.clock.sleep(FORTNIGHT.total_seconds())

    class Slow:
        def __getattr__(self, name: str) -> object:
            return getattr(house.ledger.assets, name)

        def claim_collectable(self, *args: object, **kwargs: object) -> object:
            claimed = house.ledger.assets.claim_collectable(*args, **kwargs)  # type: ignore[arg-type]
            house.clock.sleep(COLLECTING_LEASE.total_seconds())
            assert collect_unnamed(house.platform) == 1
            house.upload(named(), DATA)
            return claimed

    slow = replace(house.platform, assets=cast("Any", Slow()))
    assert collect_unnamed(slow) == 0
    check_entry_has_bytes(house)


class HalfDead:
    """Objects of which those on site 3 cannot be removed."""

    def __init__(self, house: House) -> None:
        self._house = house

    def __getattr__(self, name: str) -> object:
        return getattr(self._house.objects, name)

    def remove_objects(self, placement: Placement, md5s: list[Md5], *, slots: list[str]) -> None:
        if placement.site.id == SiteId(3):
            raise Unavailable("The site does not answer.")
        self._house.objects.remove_objects(placement, md5s, slots=slots)


def half_dead(house: House) -> AssetPlatform:
    return replace(house.platform, objects=cast("Any", HalfDead(house)))


def unnamed_on(house: House, site: int, count: int) -> list[bytes]:
    """Upload and delete some; two weeks of these go by."""
    data = [b"%d" % number for number in range(count)]
    for one in data:
        house.upload(named(), one, site=site)
        delete_asset(house.platform, OWNER, "Lamp:1.0-initial")
    house.clock.sleep(FORTNIGHT.total_seconds())
    return data


def test_a_site_that_does_not_answer_keeps_its_bytes_for_the_next_time(house: House) -> None:
    for site in (3, 4):
        unnamed_on(house, site, 1)
    assert collect_unnamed(half_dead(house)) == 1
    assert list(house.objects.bytes_at) == [house.key(b"0", site=3)]
    assert collect_unnamed(house.platform) == 0
    house.clock.sleep(COLLECTING_LEASE.total_seconds())
    assert collect_unnamed(house.platform) == 1
    assert house.objects.bytes_at == {}


def test_what_was_not_tried_on_a_site_that_does_not_answer_may_be_named_at_once(
    house: House,
) -> None:
    data = unnamed_on(house, 3, 25)
    assert collect_unnamed(half_dead(house)) == 0
    refused = []
    for number, one in enumerate(data):
        try:
            house.upload(named(f"again {number}"), one)
        except Conflict as conflict:
            refused.append(conflict.code)
    assert refused == 10 * ["being_collected"]  # of which the site may have heard


def test_a_site_that_does_not_answer_holds_up_no_other(house: House) -> None:
    unnamed_on(house, 3, 35)
    unnamed_on(house, 4, 3)
    platform = half_dead(house)
    assert sum(collect_unnamed(platform, 20) for _ in range(3)) == 3
    assert len(house.objects.bytes_at) == 35


def test_a_collector_stops_in_time_and_gives_the_rest_back(house: House) -> None:
    unnamed_on(house, 3, 25)

    class Slow(HalfDead):
        def remove_objects(
            self, placement: Placement, md5s: list[Md5], *, slots: list[str]
        ) -> None:
            house.clock.sleep(6)
            house.objects.remove_objects(placement, md5s, slots=slots)

    slow = replace(house.platform, objects=cast("Any", Slow(house)))
    assert [collect_unnamed(slow) for _ in range(3)] == [20, 5, 0]
    assert house.objects.bytes_at == {}


def test_a_site_that_is_gone_holds_up_nothing(house: House) -> None:
    house.upload(named(), DATA)
    delete_asset(house.platform, OWNER, "Lamp:1.0-initial")
    house.clock.sleep(FORTNIGHT.total_seconds())
    house.places.sites.clear()
    assert collect_unnamed(house.platform) == 0
    house.clock.sleep(FORTNIGHT.total_seconds())
    assert (
        house.ledger.assets.claim_collectable(
            "db", house.clock.now(), 9, now=house.clock.now(), lease_until=house.clock.now()
        )
        == []
    )
