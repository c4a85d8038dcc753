"""Large objects on their way to a site that fails now and then."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace

import pytest

from core.errors import Invalid, Unavailable
from core.model.names import Md5
from core.model.storage import StoredObject
from storage_sites.intake import Intake
from storage_sites.s3_connection import S3Connection
from storage_sites.s3_large import LargePut
from storage_sites.s3_multipart import PART_BYTES
from tests.conformance.objects.world import World, md5_of, s3_world
from tests.integration.storage.faulty import Fault, FaultyProxy, Reply
from tests.storage_servers import S3Server, rclone_server

PIECES = [os.urandom(PART_BYTES) for _ in range(7)] + [b"tail"]
DATA = b"".join(PIECES)
BUSY = Reply(500, {}, b"<Error><Code>InternalError</Code></Error>")


@pytest.fixture(scope="module")
def rclone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with rclone_server(tmp_path_factory.mktemp("rclone")) as server:
        yield server


def store(world: World, expected: Md5 | None = None) -> StoredObject:
    """Store it by way of several staging keys."""
    site = world.placement.site
    assert site.keys is not None
    connection = S3Connection(site.name, site.address, site.keys, calls_at_once=4)
    intake = Intake(PIECES, expected=expected, size_bytes=None)
    large = LargePut(connection, world.staging, world.placement, segment_parts=2)
    return large.store(intake, [intake.take(PART_BYTES)])


def check(world: World, stored: StoredObject) -> None:
    opened = world.objects.open(world.placement, stored.md5, len(DATA))
    assert b"".join(opened.chunks) == DATA
    assert world.objects_there() == [world.key(stored.md5)]
    assert world.leftovers() == []


def first_times(count: int, method: str, mark: str, wrong: Reply = BUSY) -> Fault:
    """Spoil the first replies to requests with that mark; the server did what was asked."""
    left = [count]

    def fault(asked: str, path: str, reply: Reply) -> Reply:
        is_meant = asked == method and mark in path and left[0] > 0
        left[0] -= is_meant
        return wrong if is_meant else reply

    return fault


@pytest.mark.parametrize("is_announced", (True, False))
def test_segments_are_proven_and_copied_while_others_arrive(
    *, bucket: World, is_announced: bool
) -> None:
    stored = store(bucket, md5_of(DATA) if is_announced else None)
    assert not stored.was_there
    check(bucket, stored)
    assert store(bucket, md5_of(DATA)).was_there


@pytest.mark.parametrize("mark", ("partNumber=", "uploadId="))
def test_a_part_or_a_copy_that_fails_twice_is_made_again(
    proxied: World, proxy: FaultyProxy, mark: str
) -> None:
    proxy.fault = first_times(2, "PUT", mark)
    check(proxied, store(proxied, md5_of(DATA)))


def test_a_copy_that_fails_is_made_again(proxied: World, proxy: FaultyProxy) -> None:
    proxy.fault = first_times(3, "PUT", "/files/md5/")
    check(proxied, store(proxied, md5_of(DATA)))


@pytest.mark.parametrize("times", (1, 2, 5))
def test_a_completion_whose_answer_was_lost_is_asked_again(
    proxied: World, proxy: FaultyProxy, times: int
) -> None:
    proxy.fault = first_times(times, "POST", "uploadId=")
    check(proxied, store(proxied, md5_of(DATA)))


def test_what_is_named_by_a_lost_answer_is_read_before_it_is_believed(
    proxied: World, proxy: FaultyProxy
) -> None:
    gone = Reply(404, {}, b"<Error><Code>NoSuchUpload</Code></Error>")
    said = [gone, BUSY]

    def fault(method: str, path: str, reply: Reply) -> Reply:
        is_naming = method == "POST" and "/files/md5/" in path and "uploadId=" in path
        return said.pop() if is_naming and said else reply

    proxy.fault = fault
    check(proxied, store(proxied, md5_of(DATA)))
    reads = [path for method, path, _ in proxy.requests if method == "GET"]
    assert any("/files/md5/" in path for path in reads)


def test_a_stream_that_breaks_off_goes_on(proxied: World, proxy: FaultyProxy) -> None:
    left = [3]

    def cut(method: str, path: str, reply: Reply) -> Reply:
        is_meant = method == "GET" and "/staging/" in path and left[0] > 0
        left[0] -= is_meant
        if not is_meant:
            return reply
        half = reply.body[: len(reply.body) // 2]
        return replace(reply, body=half, announced_bytes=len(reply.body))

    proxy.fault = cut
    check(proxied, store(proxied, md5_of(DATA)))
    assert left == [0]


def test_a_refusal_is_not_asked_again_and_leaves_nothing(
    proxied: World, proxy: FaultyProxy
) -> None:
    refused = Reply(403, {}, b"<Error><Code>AccessDenied</Code></Error>")
    proxy.fault = first_times(1, "PUT", "/files/md5/", refused)
    with pytest.raises(Unavailable):
        store(proxied, md5_of(DATA))
    assert (proxied.objects_there(), proxied.leftovers()) == ([], [])


def test_other_bytes_than_announced_leave_nothing(bucket: World) -> None:
    with pytest.raises(Invalid):
        store(bucket, md5_of(b"other"))
    assert (bucket.objects_there(), bucket.leftovers()) == ([], [])


@pytest.mark.parametrize("is_announced", (True, False))
def test_a_server_that_copies_no_parts_gets_them_sent_again(
    *, rclone: S3Server, is_announced: bool
) -> None:
    world = s3_world("rclone", rclone)
    stored = store(world, md5_of(DATA) if is_announced else None)
    opened = world.objects.open(world.placement, stored.md5, len(DATA))
    assert b"".join(opened.chunks) == DATA
