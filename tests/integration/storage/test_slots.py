"""Large objects that go to where they stay, at a site that fails now and then."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from core.errors import Unavailable
from core.model.storage import ByteRange, StoredObject
from storage_sites.keys import slot_key
from storage_sites.objects import SiteObjects
from storage_sites.s3_multipart import PART_BYTES, Multipart
from tests.conformance.objects.world import World, md5_of
from tests.integration.storage.faulty import Fault, FaultyProxy, Reply
from tests.integration.storage.test_buckets import connection_of
from tests.integration.storage.test_busy_sites import BUSY, first_times

PIECES = [os.urandom(PART_BYTES) for _ in range(4)] + [b"tail"]
DATA = b"".join(PIECES)
SLOT = "0123456789abcdef" * 2
GONE = Reply(404, {}, b"<Error><Code>NoSuchUpload</Code></Error>")
LAST_PART = "partNumber=5"
IS_PART, IS_SLOT = "partNumber=", "/large/"


def put(
    world: World, before_naming: Callable[[StoredObject], None] = lambda _: None
) -> StoredObject:
    return world.objects.put(world.placement, PIECES, slot=SLOT, before_naming=before_naming)


def check(world: World, stored: StoredObject, slot: str = SLOT) -> None:
    assert (stored.slot, stored.md5, stored.size_bytes) == (slot, md5_of(DATA), len(DATA))
    assert stored.sha256 == hashlib.sha256(DATA).hexdigest()
    opened = world.objects.open(world.placement, stored.md5, len(DATA), slot=slot)
    assert b"".join(opened.chunks) == DATA
    part = ByteRange(PART_BYTES - 1, PART_BYTES)
    opened = world.objects.open(world.placement, stored.md5, len(DATA), part, slot=slot)
    assert b"".join(opened.chunks) == DATA[part.first : part.last + 1]
    assert world.slots_there() == [slot] * bool(slot)
    assert world.objects_there() == [world.key(stored.md5)] * (not slot)
    assert world.leftovers() == []


def sweep(world: World) -> int:
    assert isinstance(world.objects, SiteObjects)
    later = datetime.now(UTC) + timedelta(days=9)
    return world.objects.sweep_staging(later, lambda *_: world.placement)


def check_nothing_left(world: World) -> None:
    assert (world.slots_there(), world.objects_there(), world.leftovers()) == ([], [], [])


def asked(proxy: FaultyProxy, method: str, mark: str = "") -> list[str]:
    return [path for verb, path, _ in proxy.requests if verb == method and mark in path]


def other_tag(count: int, mark: str, method: str = "PUT") -> Fault:
    """Answer the first of those requests with another ETag."""
    left = [count]

    def fault(verb: str, path: str, reply: Reply) -> Reply:
        if verb != method or mark not in path or not left[0]:
            return reply
        left[0] -= 1
        headers = {name: text for name, text in reply.headers.items() if name.lower() != "etag"}
        return replace(reply, headers=headers | {"ETag": '"' + "0" * 32 + '"'})

    return fault


def test_bytes_are_written_once_and_not_read_to_be_believed(
    proxied: World, proxy: FaultyProxy
) -> None:
    seen: list[tuple[list[str], list[str]]] = []
    proxy.requests.clear()
    stored = put(proxied, lambda _: seen.append((proxied.slots_there(), proxied.objects_there())))
    assert seen == [([], [])]
    assert len(asked(proxy, "PUT")) == len(asked(proxy, "PUT", IS_PART)) == len(PIECES)
    assert asked(proxy, "GET", IS_SLOT) == asked(proxy, "GET", "/staging/") == []
    check(proxied, stored)


@pytest.mark.parametrize("mark", (IS_PART, LAST_PART))
@pytest.mark.parametrize("wrong", (BUSY, Reply(200, {}, b"", 10)), ids=("busy", "cut"))
def test_a_part_whose_answer_does_not_come_is_sent_again(
    proxied: World, proxy: FaultyProxy, mark: str, wrong: Reply
) -> None:
    proxy.fault = first_times(2, "PUT", mark, wrong)
    check(proxied, put(proxied))


def test_a_part_that_is_changed_on_its_way_is_sent_again(
    proxied: World, proxy: FaultyProxy
) -> None:
    left = [2]

    def flip(method: str, path: str, body: bytes) -> bytes:
        if method != "PUT" or IS_PART not in path or not left[0]:
            return body
        left[0] -= 1
        return bytes([body[0] ^ 1]) + body[1:]

    proxy.spoil = flip
    check(proxied, put(proxied))
    assert left == [0]


@pytest.mark.parametrize("mark", (IS_PART, LAST_PART))
def test_a_part_that_is_not_what_was_sent_is_sent_again(
    proxied: World, proxy: FaultyProxy, mark: str
) -> None:
    proxy.fault = other_tag(1, mark)
    proxy.requests.clear()
    check(proxied, put(proxied))
    assert len(asked(proxy, "PUT", IS_PART)) == len(PIECES) + 1


def test_a_site_whose_tags_mean_nothing_is_read_as_before(
    proxied: World, proxy: FaultyProxy
) -> None:
    proxy.fault = other_tag(1000, IS_SLOT)
    check(proxied, put(proxied), slot="")
    assert asked(proxy, "GET", "/staging/")
    proxied.objects.remove_objects(proxied.placement, [md5_of(DATA)])
    proxy.requests.clear()
    check(proxied, put(proxied), slot="")
    assert asked(proxy, "PUT", IS_SLOT) == []  # it is known now


def test_a_site_that_forgets_what_tags_are_keeps_nothing(
    proxied: World, proxy: FaultyProxy
) -> None:
    proxy.fault = other_tag(1000, LAST_PART)
    with pytest.raises(Unavailable, match="did not keep"):
        put(proxied)
    check_nothing_left(proxied)


@pytest.mark.parametrize("times", (1, 2, 5))
def test_a_completion_whose_answer_was_lost_is_asked_again(
    proxied: World, proxy: FaultyProxy, times: int
) -> None:
    proxy.fault = first_times(times, "POST", "uploadId=")
    check(proxied, put(proxied))


def test_a_site_that_is_busy_after_the_completion_is_asked_again(
    proxied: World, proxy: FaultyProxy
) -> None:
    proxy.fault = first_times(4, "HEAD", IS_SLOT, Reply(503, {}, b""))
    check(proxied, put(proxied))


@pytest.mark.parametrize("is_there", (True, False))
def test_a_completion_of_which_nobody_knows_is_looked_at(
    proxied: World, proxy: FaultyProxy, *, is_there: bool
) -> None:
    said = [GONE, BUSY]

    def fault(method: str, path: str, reply: Reply) -> Reply:
        return said.pop() if method == "POST" and "uploadId=" in path and said else reply

    def forget(method: str, path: str, reply: Reply) -> Reply:
        is_looked_at = method == "HEAD" and IS_SLOT in path and not is_there
        return Reply(404, {}, b"") if is_looked_at else fault(method, path, reply)

    proxy.fault = forget
    if is_there:
        check(proxied, put(proxied))
        return
    with pytest.raises(Unavailable):
        put(proxied)
    assert proxied.leftovers() == []


def test_a_completion_that_is_refused_leaves_no_upload(proxied: World, proxy: FaultyProxy) -> None:
    """What the site made of it all the same was noted before, and is collected."""
    refused = Reply(403, {}, b"<Error><Code>AccessDenied</Code></Error>")
    proxy.fault = first_times(1, "POST", "uploadId=", refused)
    with pytest.raises(Unavailable):
        put(proxied)
    assert (proxied.objects_there(), proxied.leftovers()) == ([], [])


def test_what_a_silent_site_was_sent_is_left_to_the_sweeper(
    proxied: World, proxy: FaultyProxy
) -> None:
    with pytest.raises(Unavailable):
        put(proxied, lambda _: proxy.stall())
    proxy.resume()
    assert proxied.slots_there() == []
    assert proxied.staging.held
    until = time.monotonic() + 20
    while not sweep(proxied):
        assert time.monotonic() < until
    check_nothing_left(proxied)


def test_what_has_another_tag_is_read_before_it_is_believed(
    proxied: World, proxy: FaultyProxy
) -> None:
    proxy.fault = other_tag(1, IS_SLOT, "HEAD")
    stored = put(proxied)
    assert asked(proxy, "GET", IS_SLOT)
    check(proxied, stored)


def test_what_is_not_what_was_sent_is_taken_away(proxied: World, proxy: FaultyProxy) -> None:
    tell_otherwise = other_tag(1, IS_SLOT, "HEAD")

    def fault(method: str, path: str, reply: Reply) -> Reply:
        if method == "GET" and IS_SLOT in path:
            return replace(reply, body=reply.body[:-1] + b"?")
        return tell_otherwise(method, path, reply)

    proxy.fault = fault
    with pytest.raises(Unavailable, match="did not keep"):
        put(proxied)
    check_nothing_left(proxied)


@pytest.mark.parametrize("is_id_known", (True, False))
def test_the_sweeper_aborts_uploads_and_never_removes_what_lies_in_a_slot(
    bucket: World, *, is_id_known: bool
) -> None:
    for is_completed in (False, True):
        key = slot_key(bucket.placement, SLOT)
        upload = Multipart(connection_of(bucket), bucket.staging, bucket.placement, key, f"{key}#1")
        upload.begin()
        upload.send(PIECES[0], at_once=1)
        upload.settle()
        if is_completed:
            assert upload.complete()  # and the process is killed
        if not is_id_known:
            bucket.staging.record_staging(bucket.placement, f"{key}#1", None)
        assert sweep(bucket) == 1
        assert bucket.leftovers() == []
        assert bucket.slots_there() == [SLOT] * is_completed
    opened = bucket.objects.open(bucket.placement, md5_of(PIECES[0]), PART_BYTES, slot=SLOT)
    assert b"".join(opened.chunks) == PIECES[0]
