from __future__ import annotations

import hashlib
import time

import pytest

from core.errors import Conflict, Damaged, DataMissing, RangeUnsatisfiable, TooLarge
from core.model.names import Md5
from core.model.storage import BLOCK_BYTES, ByteRange, StoredObject
from tests.conformance.objects.samples import LARGE, MIB, SIZES, SMALL, damages, put, read
from tests.conformance.objects.world import World, md5_of


@pytest.mark.parametrize("data", (b"", b"x", SMALL, LARGE), ids=("empty", "byte", "small", "large"))
def test_what_was_put_comes_back(world: World, data: bytes) -> None:
    stored = world.objects.put(
        world.placement, [data[:5], data[5:]], expected=md5_of(data), size_bytes=len(data)
    )
    assert (stored.md5, stored.size_bytes, stored.was_there) == (md5_of(data), len(data), False)
    assert len(stored.block_sha256) == (3 if data is LARGE else 0)
    assert read(world, data) == data
    assert world.objects_there() == [world.key(stored.md5)]
    assert world.leftovers() == []


@SIZES
def test_the_same_bytes_are_stored_once(world: World, data: bytes) -> None:
    put(world, data)
    again = world.objects.put(world.placement, [data])
    # Without conditional writes small ones are written again, with the same bytes.
    assert again.was_there or (world.kind == "rclone" and data is SMALL)
    assert len(world.objects_there()) == 1
    assert world.leftovers() == []


def test_listings_of_folders_have_names_of_their_own(world: World) -> None:
    md5 = Md5(md5_of(SMALL).hex, is_directory=True)
    world.objects.put(world.placement, [SMALL], expected=md5)
    assert world.objects_there() == [world.key(md5)]
    assert world.key(md5).endswith(".dir")
    assert world.objects.read(world.placement, md5, limit_bytes=len(SMALL)) == SMALL
    assert world.objects.missing(world.placement, [(md5_of(SMALL), None), (md5, None)]) == {
        md5_of(SMALL)
    }


def test_the_layout_of_dvc_2_is_read(world: World) -> None:
    md5 = md5_of(SMALL)
    world.behind.write(world.legacy_key(md5), SMALL)
    assert world.objects.find_size(world.placement, md5) is None
    assert world.objects.find_size(world.placement, md5, legacy=True) == len(SMALL)
    opened = world.objects.open(world.placement, md5, len(SMALL), legacy=True)
    assert b"".join(opened.chunks) == SMALL


@SIZES
def test_an_absent_object_is_told_before_anything_is_sent(world: World, data: bytes) -> None:
    with pytest.raises(DataMissing):
        world.objects.open(world.placement, md5_of(data), len(data))
    with pytest.raises(DataMissing):
        world.objects.open(world.placement, md5_of(data), len(data), ByteRange(0, 1))
    with pytest.raises(DataMissing):
        world.objects.open(world.placement, md5_of(data), None)


@SIZES
def test_ranges_are_cut_from_checked_bytes(world: World, data: bytes) -> None:
    put(world, data)
    ends = {(0, 0), (3, 17), (len(data) - 1, len(data) - 1), (0, len(data) - 1)}
    if data is LARGE:
        ends |= {(BLOCK_BYTES - 1, BLOCK_BYTES), (BLOCK_BYTES, 2 * BLOCK_BYTES - 1), (5, 9 * MIB)}
    for first, last in ends:
        assert read(world, data, ByteRange(first, last)) == data[first : last + 1]


@SIZES
def test_a_range_outside_is_refused_with_the_size(world: World, data: bytes) -> None:
    put(world, data)
    with pytest.raises(RangeUnsatisfiable) as refused:
        read(world, data, ByteRange(len(data), len(data)))
    assert refused.value.size_bytes == len(data)


@SIZES
def test_a_range_of_an_object_that_nobody_has_hashed(world: World, data: bytes) -> None:
    md5 = md5_of(data)
    world.behind.write(world.key(md5), data)
    assert read(world, data, ByteRange(7, 9)) == data[7:10]
    world.facts.known.clear()
    world.behind.write(world.key(md5), damages(data)["flipped"])
    with pytest.raises(Damaged):
        read(world, data, ByteRange(7, 9))


def test_reading_whole_has_a_limit(world: World) -> None:
    md5 = put(world, LARGE)
    assert world.objects.read(world.placement, md5, limit_bytes=len(LARGE)) == LARGE
    with pytest.raises(TooLarge):
        world.objects.read(world.placement, md5, limit_bytes=len(LARGE) - 1)


def test_the_binding_is_written_once_and_found_again(world: World) -> None:
    marker = {"dataset_id": 7, "order": "a" * 32, "dataset": "lab/ä"}
    world.objects.write_marker(world.placement, marker)
    world.objects.write_marker(world.placement, {**marker, "bound_at": "later"})
    with pytest.raises(Conflict):
        world.objects.write_marker(world.placement, {**marker, "order": "b" * 32})
    found = world.objects.read_markers(world.placement.site)
    assert [one for one in found if one["prefix"] == world.placement.prefix] == [
        {**marker, "prefix": world.placement.prefix}
    ]
    world.objects.remove_marker(world.placement)
    world.objects.remove_marker(world.placement)
    found = world.objects.read_markers(world.placement.site)
    assert world.placement.prefix not in [one["prefix"] for one in found]
    world.objects.write_marker(world.placement, {**marker, "order": "b" * 32})


def test_the_check_finds_the_site_well_and_leaves_nothing(world: World) -> None:
    site = world.placement.site
    health = world.objects.check(site.address, site.keys)
    assert health.ok, health.steps
    ends = time.monotonic() + 20  # it tidies up beside whoever asked
    while any("/labset-check-" in key for key in world.behind.keys("")):
        assert time.monotonic() < ends
    assert health.browser_transfer == (world.kind == "seaweed")


def test_sizes_of_objects_of_dvc_2_are_told(world: World) -> None:
    world.behind.write(world.legacy_key(md5_of(SMALL)), SMALL)
    md5 = md5_of(SMALL)
    assert world.objects.find_sizes(world.placement, [md5]) == {}
    assert world.objects.find_sizes(world.placement, [md5], legacy=True) == {md5: len(SMALL)}


@SIZES
@pytest.mark.parametrize("is_announced", (False, True), ids=("unannounced", "announced"))
def test_what_came_is_told_before_it_has_a_name(
    world: World, data: bytes, *, is_announced: bool
) -> None:
    told: list[tuple[Md5, int, str, list[str]]] = []

    def listen(stored: StoredObject) -> None:
        told.append((stored.md5, stored.size_bytes, stored.sha256, world.objects_there()))

    md5 = md5_of(data)
    world.objects.put(
        world.placement,
        [data],
        expected=md5 if is_announced else None,
        before_naming=listen,
    )
    assert told == [(md5, len(data), hashlib.sha256(data).hexdigest(), [])]
    assert read(world, data) == data


@SIZES
@pytest.mark.parametrize("is_announced", (False, True), ids=("unannounced", "announced"))
def test_whoever_objects_before_the_naming_leaves_nothing(
    world: World, data: bytes, *, is_announced: bool
) -> None:
    class NoThanks(Exception):
        pass

    def refuse(_: StoredObject) -> None:
        raise NoThanks

    expected = md5_of(data) if is_announced else None
    with pytest.raises(NoThanks):
        world.objects.put(world.placement, [data], expected=expected, before_naming=refuse)
    assert world.objects_there() == []
    assert world.leftovers() == []


@SIZES
def test_removed_objects_are_gone_and_can_be_put_again(world: World, data: bytes) -> None:
    kept = put(world, b"another file")
    removed = put(world, data)
    world.objects.remove_objects(world.placement, [removed, md5_of(b"never there")])
    assert world.objects_there() == [world.key(kept)]
    assert world.objects.missing(world.placement, [(removed, len(data))]) == {removed}
    with pytest.raises(DataMissing):
        read(world, data)
    put(world, data)
    assert read(world, data) == data
    world.objects.remove_objects(world.placement, [])
