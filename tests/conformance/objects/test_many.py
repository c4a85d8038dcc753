from __future__ import annotations

import pytest

from core.errors import Damaged, DataMissing
from core.model.names import FilePath
from core.model.storage import BLOCK_BYTES, BatchItem, ByteRange, WantedObject
from tests.conformance.objects.samples import (
    LARGE,
    SIZES,
    SMALL,
    bytes_of,
    damages,
    put,
    read,
    wanted,
)
from tests.conformance.objects.world import World, md5_of


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
