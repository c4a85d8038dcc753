from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import cast

import httpx
import pytest

from core.errors import Conflict, Incomplete, Invalid
from core.model.parts import PART_BYTES, PartPlan, Staging, plan_parts
from storage_sites.objects import SiteObjects
from storage_sites.parts import SiteParts
from tests.conformance.objects.world import World, folder_world, md5_of, s3_world
from tests.storage_servers import S3Server

DATA = os.urandom(1024 * 1024) * 19 + b"its tail"
PLAN = plan_parts(len(DATA))


class Cut(Exception):
    """A connection ended."""


@pytest.fixture(params=("seaweed", "rclone", "folder"))
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> World:
    kind = str(request.param)
    if kind == "folder":
        return folder_world(tmp_path_factory.mktemp("folder"))
    return s3_world(kind, request.getfixturevalue(kind))


@pytest.fixture(params=("seaweed", "rclone"))
def bucket(request: pytest.FixtureRequest) -> World:
    return s3_world(str(request.param), request.getfixturevalue(str(request.param)))


def parts_of(world: World) -> SiteParts:
    return cast("SiteObjects", world.objects).parts


def begin(world: World) -> Staging:
    return parts_of(world).begin(world.placement)


def append(world: World, staging: Staging, first: int, *chunks: bytes) -> int:
    return parts_of(world).append(world.placement, staging, PLAN, first, chunks)


def received(world: World, staging: Staging, plan: PartPlan = PLAN) -> int:
    arrived = parts_of(world).find_arrived(world.placement, staging, plan)
    assert arrived is not None
    return arrived.received_bytes


def finish(world: World, staging: Staging, data: bytes = DATA) -> None:
    parts_of(world).finish(world.placement, staging, PLAN, md5_of(data), lambda: None)


def cut_after(*chunks: bytes) -> Iterator[bytes]:
    yield from chunks
    raise Cut


def link(world: World, staging: Staging, number: int) -> str:
    links = parts_of(world).links(world.placement, staging, PLAN, [number])
    assert links is not None
    return links[number].url


def part(number: int) -> bytes:
    return DATA[(number - 1) * PART_BYTES :][: PLAN.bytes_of(number)]


def send(world: World, staging: Staging, number: int) -> None:
    assert httpx.put(link(world, staging, number), content=part(number)).status_code == 200


def is_stored(world: World) -> bool:
    opened = world.objects.open(world.placement, md5_of(DATA), len(DATA))
    return b"".join(opened.chunks) == DATA and world.leftovers() == []


def test_pieces_of_any_size_become_the_object(site: World) -> None:
    staging = begin(site)
    at = 0
    for size in (1, 5_000_000, PART_BYTES, 3, len(DATA)):
        at = append(site, staging, at, DATA[at : at + size])
        assert received(site, staging) == at
    assert site.objects_there() == []
    finish(site, staging)
    assert is_stored(site)


def test_a_body_that_is_cut_off_keeps_what_came(site: World) -> None:
    staging, parts = begin(site), parts_of(site)
    at = 0
    for size in (100, PART_BYTES - 100, PART_BYTES + 7):
        with pytest.raises(Cut):
            parts.append(site.placement, staging, PLAN, at, cut_after(DATA[at : at + size]))
        at += size
        assert received(site, staging) == at
    append(site, staging, at, DATA[at : at + 10], DATA[at + 10 :])
    finish(site, staging)
    assert is_stored(site)


def test_gaps_and_overlaps_are_refused_and_say_where_to_go_on(site: World) -> None:
    staging = begin(site)
    append(site, staging, 0, DATA[:1000])
    for first in (0, 999, 1001):
        with pytest.raises(Conflict) as refused:
            append(site, staging, first, DATA[first : first + 5])
        assert (refused.value.code, refused.value.details) == ("wrong_offset", {"expected": 1000})
    assert received(site, staging) == 1000
    parts_of(site).drop(site.placement, staging)
    assert site.leftovers() == []


def test_more_bytes_than_the_file_has_are_refused(site: World) -> None:
    staging = begin(site)
    with pytest.raises(Invalid) as refused:
        append(site, staging, 0, DATA, b"more")
    assert refused.value.code == "wrong_size"
    finish(site, staging)
    assert is_stored(site)


def test_wrong_bytes_get_no_name_and_leave_nothing(site: World) -> None:
    staging = begin(site)
    append(site, staging, 0, DATA[:-1], b"!")
    with pytest.raises(Invalid) as refused:
        finish(site, staging)
    assert refused.value.code == "wrong_checksum"
    assert site.objects_there() == []
    assert site.leftovers() == []


def test_what_is_not_whole_is_not_finished(site: World) -> None:
    staging = begin(site)
    append(site, staging, 0, DATA[:-1])
    with pytest.raises(Incomplete):
        finish(site, staging)
    append(site, staging, len(DATA) - 1, DATA[-1:])
    finish(site, staging)
    assert is_stored(site)


def test_the_right_bytes_that_are_there_already_are_kept(site: World) -> None:
    site.objects.put(site.placement, [DATA])
    staging = begin(site)
    append(site, staging, 0, DATA)
    finish(site, staging)
    assert is_stored(site)


def test_what_is_dropped_or_swept_leaves_nothing(site: World) -> None:
    dropped, swept = begin(site), begin(site)
    for staging in (dropped, swept):
        append(site, staging, 0, DATA[: PART_BYTES + 5])
    parts_of(site).drop(site.placement, dropped)
    assert parts_of(site).find_arrived(site.placement, dropped, PLAN) is None
    objects = cast("SiteObjects", site.objects)
    objects.sweep_staging(datetime.now(UTC) + timedelta(minutes=1), lambda *_: site.placement)
    assert site.leftovers() == []


def test_a_proof_that_was_killed_is_made_again(
    site: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    staging = begin(site)
    append(site, staging, 0, DATA)
    monkeypatch.setattr("storage_sites.parts._ALIVE_EVERY_SECONDS", 0)

    def die() -> None:
        raise Cut

    with pytest.raises(Cut):
        parts_of(site).finish(site.placement, staging, PLAN, md5_of(DATA), die)
    assert site.objects_there() == []
    assert received(site, staging) == len(DATA)
    finish(site, staging)
    assert is_stored(site)


def test_parts_go_straight_to_the_site_and_another_process_sees_them(bucket: World) -> None:
    staging = begin(bucket)
    send(bucket, staging, 1)
    send(bucket, staging, 2)
    arrived = parts_of(bucket).find_arrived(bucket.placement, staging, PLAN)
    assert arrived is not None
    assert [(one.number, one.size_bytes) for one in arrived.parts] == [
        (1, PART_BYTES),
        (2, PART_BYTES),
    ]
    assert arrived.received_bytes == 2 * PART_BYTES
    with pytest.raises(Incomplete) as refused:
        finish(bucket, staging)
    assert refused.value.details == {"missing_parts": [3]}
    append(bucket, staging, 2 * PART_BYTES, part(3))
    finish(bucket, staging)
    assert is_stored(bucket)


def test_a_link_takes_one_part_of_its_size_and_nothing_once_the_object_is_proven(
    bucket: World,
) -> None:
    staging = begin(bucket)
    first = link(bucket, staging, 1)
    assert httpx.put(first, content=part(1)[:-1]).status_code == 403
    assert httpx.put(first.replace("partNumber=1", "partNumber=2"), content=part(1)).is_error
    for number in (1, 2, 3):
        send(bucket, staging, number)
    finish(bucket, staging)
    assert httpx.put(first, content=part(1)).is_error
    assert is_stored(bucket)


def test_a_gap_before_parts_is_told_and_their_order_does_not_matter(
    seaweed: S3Server,
) -> None:
    world = s3_world("seaweed", seaweed)
    staging = begin(world)
    send(world, staging, 3)
    send(world, staging, 2)
    assert received(world, staging) == 0
    append(world, staging, 0, part(1)[:500])
    assert received(world, staging) == 500
    send(world, staging, 1)
    assert received(world, staging) == len(DATA)
    finish(world, staging)
    assert is_stored(world)


def test_a_folder_takes_no_parts(tmp_path_factory: pytest.TempPathFactory) -> None:
    world = folder_world(tmp_path_factory.mktemp("folder"))
    staging = begin(world)
    assert not parts_of(world).takes_parts(world.placement)
    assert parts_of(world).links(world.placement, staging, PLAN, [1]) is None
