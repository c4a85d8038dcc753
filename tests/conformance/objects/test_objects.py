from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator

import pytest

from core.errors import Conflict, Damaged, DataMissing, Invalid, RangeUnsatisfiable, TooLarge
from core.model.names import FilePath, Md5
from core.model.storage import (
    BLOCK_BYTES,
    BatchItem,
    ByteRange,
    OpenObject,
    StoredObject,
    WantedObject,
)
from tests.conformance.objects.world import World, md5_of

MIB = 1024 * 1024
SMALL = b"a small file\n" * 100
LARGE = os.urandom(MIB) * 9 + b"its tail"
SIZES = pytest.mark.parametrize("data", (SMALL, LARGE), ids=("small", "large"))


def read(world: World, data: bytes, byte_range: ByteRange | None = None) -> bytes:
    opened = world.objects.open(world.placement, md5_of(data), len(data), byte_range)
    assert opened.size_bytes == len(data)
    return b"".join(opened.chunks)


def put(world: World, data: bytes) -> Md5:
    return world.objects.put(world.placement, [data]).md5


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


@SIZES
def test_wrong_bytes_are_refused_and_leave_nothing(world: World, data: bytes) -> None:
    with pytest.raises(Invalid) as refused:
        world.objects.put(world.placement, [data], expected=md5_of(b"others"))
    assert refused.value.code == "wrong_checksum"
    assert world.objects_there() == []
    assert world.leftovers() == []


@SIZES
@pytest.mark.parametrize("difference", (-1, 1))
def test_another_size_than_announced_is_refused(world: World, data: bytes, difference: int) -> None:
    with pytest.raises(Invalid) as refused:
        world.objects.put(world.placement, [data], size_bytes=len(data) + difference)
    assert refused.value.code == "wrong_size"
    assert world.objects_there() == []
    assert world.leftovers() == []


@SIZES
def test_a_stream_that_breaks_leaves_nothing(world: World, data: bytes) -> None:
    def breaking() -> Iterator[bytes]:
        yield data
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        world.objects.put(world.placement, breaking())
    assert world.objects_there() == []
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


def damages(data: bytes) -> dict[str, bytes]:
    middle = len(data) // 2
    flipped = bytes([data[middle] ^ 1])
    return {
        "flipped": data[:middle] + flipped + data[middle + 1 :],
        "cut": data[:-1],
        "longer": data + b"!",
        "empty": b"",
        "swapped": bytes(len(data)),
    }


DAMAGED = pytest.mark.parametrize(
    ("data", "damage"),
    (
        *((SMALL, damage) for damage in damages(SMALL)),
        *((LARGE, damage) for damage in ("flipped", "cut", "longer")),
    ),
    ids=lambda value: {SMALL: "small", LARGE: "large"}.get(value, value),
)


@DAMAGED
@pytest.mark.parametrize("knows_size", (True, False), ids=("sized", "unsized"))
def test_damaged_bytes_never_come_out_whole(
    world: World, data: bytes, damage: str, *, knows_size: bool
) -> None:
    md5 = put(world, data)
    world.behind.write(world.key(md5), damages(data)[damage])
    came_out: list[bytes] = []
    with pytest.raises(Damaged):
        came_out.extend(
            world.objects.open(world.placement, md5, len(data) if knows_size else None).chunks
        )
    assert sum(map(len, came_out)) < len(data)


@DAMAGED
def test_damaged_bytes_are_repaired_by_the_right_ones(
    world: World, data: bytes, damage: str
) -> None:
    md5 = put(world, data)
    world.behind.write(world.key(md5), damages(data)[damage])
    assert not world.objects.put(world.placement, [data]).was_there
    assert read(world, data) == data
    assert world.leftovers() == []


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


def test_a_range_of_a_damaged_block_is_refused(world: World) -> None:
    md5 = put(world, LARGE)
    world.behind.write(world.key(md5), damages(LARGE)["flipped"])
    with pytest.raises(Damaged):
        read(world, LARGE, ByteRange(BLOCK_BYTES, BLOCK_BYTES + 10))


def test_what_is_missing_is_named(world: World) -> None:
    there, short, wrong, absent = (bytes([number]) * 300 for number in range(4))
    for data in (there, short, wrong):
        put(world, data)
    world.behind.write(world.key(md5_of(wrong)), bytes(300))
    wanted = [(md5_of(data), 300) for data in (there, wrong, absent)]
    assert world.objects.missing(world.placement, [*wanted, (md5_of(short), 299), *wanted]) == {
        md5_of(data) for data in (short, wrong, absent)
    }
    assert world.objects.missing(world.placement, []) == set()


def test_large_objects_that_somebody_else_stored_are_proven_once(world: World) -> None:
    right, wrong = LARGE, LARGE + b"!"
    world.behind.write(world.key(md5_of(right)), right)
    world.behind.write(world.key(md5_of(wrong)), wrong[:-1] + b"?")
    wanted = [(md5_of(data), len(data)) for data in (right, wrong)]
    assert world.objects.missing(world.placement, wanted) == {md5_of(wrong)}


def test_a_thousand_are_asked_for_and_put_at_once(world: World) -> None:
    files = [f"file {number}".encode() for number in range(1000)]
    items = (
        BatchItem(FilePath(f"dir/{number}.txt"), md5_of(data), data)
        for number, data in enumerate(files)
    )
    results = list(world.objects.put_many(world.placement, items))
    assert {result.problem for result in results} == {None}
    assert {result.path.text for result in results} == {f"dir/{n}.txt" for n in range(1000)}
    wanted = [(md5_of(data), len(data)) for data in files]
    absent = [(md5_of(b"absent %d" % number), None) for number in range(20)]
    asked = [*wanted, *absent]
    assert world.objects.missing(world.placement, asked) == {md5 for md5, _ in absent}
    assert world.objects.find_sizes(world.placement, [md5 for md5, _ in asked]) == dict(wanted)


def test_one_wrong_file_does_not_stop_a_batch(world: World) -> None:
    items = [
        BatchItem(FilePath("good"), md5_of(SMALL), SMALL),
        BatchItem(FilePath("bad"), md5_of(b"others"), SMALL),
        BatchItem(FilePath("large"), md5_of(LARGE), LARGE),
    ]
    results = {str(one.path): one for one in world.objects.put_many(world.placement, iter(items))}
    assert results["good"].problem is None
    assert results["large"].problem is None
    assert results["bad"].stored is None
    assert results["bad"].problem
    assert len(world.objects_there()) == 2


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


def wanted(data: bytes, byte_range: ByteRange | None = None) -> WantedObject:
    return WantedObject(md5_of(data), len(data), byte_range)


def bytes_of(opened: OpenObject) -> bytes:
    return b"".join(opened.chunks)


def test_many_are_read_in_their_order(world: World) -> None:
    small = [f"file {number}".encode() * 50 for number in range(100)]
    for data in (*small, LARGE, b""):
        put(world, data)
    asked = [small[3], LARGE, *small, b"", small[3], LARGE]
    opened = world.objects.open_many(world.placement, map(wanted, asked))
    assert [bytes_of(one) for one in opened] == asked


def test_many_can_be_read_in_part(world: World) -> None:
    put(world, SMALL)
    put(world, LARGE)
    parts = [
        (SMALL, ByteRange(3, 9)),
        (LARGE, ByteRange(BLOCK_BYTES - 5, BLOCK_BYTES + 5)),
        (SMALL, ByteRange(len(SMALL) - 1, len(SMALL) - 1)),
    ]
    asked = [wanted(data, part) for data, part in parts]
    opened = world.objects.open_many(world.placement, asked)
    assert [bytes_of(one) for one in opened] == [
        data[part.first : part.last + 1] for data, part in parts
    ]


def test_many_of_dvc_2_are_read(world: World) -> None:
    world.behind.write(world.legacy_key(md5_of(SMALL)), SMALL)
    asked = [WantedObject(md5_of(SMALL), len(SMALL), legacy=True)]
    assert [bytes_of(one) for one in world.objects.open_many(world.placement, asked)] == [SMALL]


def test_one_of_many_that_is_absent_is_told_at_its_turn(world: World) -> None:
    put(world, SMALL)
    put(world, b"last")
    asked = [SMALL, SMALL, b"not there", b"last"]
    opened = world.objects.open_many(world.placement, map(wanted, asked))
    assert [bytes_of(next(opened)) for _ in range(2)] == [SMALL, SMALL]
    with pytest.raises(DataMissing):
        next(opened)


@SIZES
def test_one_of_many_that_is_damaged_is_never_whole(world: World, data: bytes) -> None:
    put(world, b"first")
    for wrong in damages(data).values():
        world.behind.write(world.key(md5_of(data)), wrong)
        opened = world.objects.open_many(world.placement, map(wanted, [b"first", data, b"first"]))
        assert bytes_of(next(opened)) == b"first"
        with pytest.raises(Damaged):
            bytes_of(next(opened))


def test_many_that_nobody_goes_on_reading_are_let_go(world: World) -> None:
    for number in range(40):
        put(world, str(number).encode())
    asked = [wanted(str(number).encode()) for number in range(40)]
    opened = world.objects.open_many(world.placement, asked)
    assert bytes_of(next(opened)) == b"0"
    opened.close()  # type: ignore[attr-defined]  # all that implement it are generators
    assert read(world, b"39") == b"39"


def test_many_are_judged_in_their_order_by_all_their_bytes(world: World) -> None:
    for data in (SMALL, LARGE, b"gone bad", b"fine"):
        put(world, data)
    world.behind.write(world.key(md5_of(b"gone bad")), b"gone BAD")
    world.behind.write(world.legacy_key(md5_of(b"old")), b"old")
    asked = [wanted(data) for data in (SMALL, b"gone bad", LARGE, b"not there", b"fine")]
    asked.append(WantedObject(md5_of(b"old"), 3, legacy=True))
    passed: list[int] = []
    judged = world.objects.prove_many(world.placement, asked, passed.append)
    assert list(judged) == [True, False, True, False, True, True]
    assert sum(passed) == len(LARGE)
    world.behind.write(world.key(md5_of(LARGE)), LARGE[:-1] + b"?")
    assert list(world.objects.prove_many(world.placement, [wanted(LARGE)], passed.append)) == [
        False
    ]


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


SLOT = "0123456789abcdef" * 2


def test_large_bytes_may_lie_in_a_slot_and_are_read_as_any_others(world: World) -> None:
    told: list[StoredObject] = []
    stored = world.objects.put(world.placement, [LARGE], before_naming=told.append, slot=SLOT)
    assert stored.slot == (SLOT if world.kind in {"seaweed", "fake"} else stored.slot)
    assert (stored.md5, stored.size_bytes) == (md5_of(LARGE), len(LARGE))
    assert stored.sha256 == hashlib.sha256(LARGE).hexdigest()
    assert (stored.block_sha256, stored.slot) == (told[0].block_sha256, told[0].slot)
    assert world.slots_there() == [SLOT] * bool(stored.slot)
    assert world.objects_there() == [world.key(stored.md5)] * (not stored.slot)
    for part in (None, ByteRange(0, 0), ByteRange(5 * MIB - 7, len(LARGE) - 1)):
        opened = world.objects.open(world.placement, stored.md5, len(LARGE), part, slot=stored.slot)
        wanted = LARGE[part.first : part.last + 1] if part else LARGE
        assert b"".join(opened.chunks) == wanted
    size = world.objects.find_size(world.placement, stored.md5, slot=stored.slot)
    assert size == len(LARGE)
    wanted_object = WantedObject(stored.md5, len(LARGE), slot=stored.slot)
    assert list(world.objects.prove_many(world.placement, [wanted_object], lambda _: None)) == [
        True
    ]
    (opened,) = world.objects.open_many(world.placement, [wanted_object])
    assert b"".join(opened.chunks) == LARGE
    assert world.leftovers() == []


def test_small_bytes_need_no_slot(world: World) -> None:
    stored = world.objects.put(world.placement, [SMALL], slot=SLOT)
    assert (stored.slot, world.slots_there()) == ("", [])
    assert read(world, SMALL) == SMALL


def test_what_lies_in_a_slot_is_removed_by_it(world: World) -> None:
    other = SLOT[::-1]
    for slot in (SLOT, other):
        world.behind.write(f"{world.placement.prefix}/large/{slot}", LARGE)
    named = put(world, SMALL)
    world.objects.remove_objects(world.placement, [], slots=[SLOT, "f" * 32])
    assert (world.slots_there(), world.objects_there()) == ([other], [world.key(named)])
    assert world.objects.find_size(world.placement, md5_of(LARGE), slot=SLOT) is None
    with pytest.raises(DataMissing):
        world.objects.open(world.placement, md5_of(LARGE), len(LARGE), slot=SLOT)


@pytest.mark.parametrize("world", ("seaweed", "rclone", "fake"), indirect=True)  # they have slots
@pytest.mark.parametrize("how", sorted(damages(LARGE)))
def test_damaged_bytes_in_a_slot_are_never_given_in_full(world: World, how: str) -> None:
    stored = world.objects.put(world.placement, [LARGE], slot=SLOT)
    assert stored.slot == SLOT
    world.behind.write(f"{world.placement.prefix}/large/{SLOT}", damages(LARGE)[how])
    wanted = WantedObject(stored.md5, len(LARGE), slot=SLOT)
    assert list(world.objects.prove_many(world.placement, [wanted], lambda _: None)) == [False]
    with pytest.raises(Damaged):
        list(world.objects.open(world.placement, stored.md5, len(LARGE), slot=SLOT).chunks)


@pytest.mark.parametrize("difference", (-1, 1))
def test_nothing_is_in_a_slot_that_was_judged_wrong(world: World, difference: int) -> None:
    class NoThanks(Exception):
        pass

    def refuse(stored: StoredObject) -> None:
        assert (world.slots_there(), world.objects_there()) == ([], [])
        raise NoThanks(stored.slot)

    def breaking() -> Iterator[bytes]:
        yield LARGE
        raise ConnectionResetError

    place, size_bytes = world.placement, len(LARGE) + difference
    with pytest.raises(NoThanks):
        world.objects.put(place, [LARGE], before_naming=refuse, slot=SLOT)
    with pytest.raises(Invalid):
        world.objects.put(place, [LARGE], size_bytes=size_bytes, slot=SLOT)
    with pytest.raises(Invalid):
        world.objects.put(place, [LARGE], expected=md5_of(b"others"), slot=SLOT)
    with pytest.raises(ConnectionResetError):
        world.objects.put(place, breaking(), slot=SLOT)
    assert (world.slots_there(), world.objects_there(), world.leftovers()) == ([], [], [])


@pytest.mark.parametrize("world", ("seaweed", "rclone", "folder"), indirect=True)  # with real keys
@pytest.mark.parametrize("slot", ("../files/md5/" + "0" * 19, "A" * 32, "0" * 31, "0" * 33))
def test_only_what_is_a_slot_is_taken_for_one(world: World, slot: str) -> None:
    with pytest.raises(Invalid):
        world.objects.open(world.placement, md5_of(LARGE), len(LARGE), slot=slot)
    with pytest.raises(Invalid):
        world.objects.remove_objects(world.placement, [], slots=[slot])
