"""What the exams of objects are asked with, and how they ask."""

from __future__ import annotations

import os

import pytest

from core.model.names import Md5
from core.model.storage import ByteRange, OpenObject, WantedObject
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


def wanted(data: bytes, byte_range: ByteRange | None = None) -> WantedObject:
    return WantedObject(md5_of(data), len(data), byte_range)


def bytes_of(opened: OpenObject) -> bytes:
    return b"".join(opened.chunks)


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
