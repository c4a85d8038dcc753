from __future__ import annotations

import hashlib
from collections.abc import Iterator

import pytest

from core.errors import Damaged, DataMissing, Invalid
from core.model.storage import ByteRange, StoredObject, WantedObject
from tests.conformance.objects.samples import LARGE, MIB, SMALL, damages, put, read
from tests.conformance.objects.world import World, md5_of

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
