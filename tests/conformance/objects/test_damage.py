from __future__ import annotations

from collections.abc import Iterator

import pytest

from core.errors import Damaged, Invalid
from core.model.storage import BLOCK_BYTES, ByteRange
from tests.conformance.objects.samples import LARGE, SIZES, SMALL, damages, put, read
from tests.conformance.objects.world import World, md5_of


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


def test_a_range_of_a_damaged_block_is_refused(world: World) -> None:
    md5 = put(world, LARGE)
    world.behind.write(world.key(md5), damages(LARGE)["flipped"])
    with pytest.raises(Damaged):
        read(world, LARGE, ByteRange(BLOCK_BYTES, BLOCK_BYTES + 10))
