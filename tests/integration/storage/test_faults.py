from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from core.errors import Damaged, LabsetError, Unavailable
from core.model.storage import ByteRange
from tests.conformance.objects.world import World, md5_of
from tests.integration.storage.faulty import Fault, FaultyProxy, Reply

SMALL = b"small" * 4000
LARGE = bytes(range(256)) * 4096 * 9


def flip(data: bytes) -> bytes:
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 8]) + data[middle + 1 :] if data else data


def on_get(change: Callable[[Reply], Reply]) -> Fault:
    return lambda method, _path, reply: change(reply) if method == "GET" else reply


def with_etag(reply: Reply, e_tag: str) -> Reply:
    headers = {name: value for name, value in reply.headers.items() if name.lower() != "etag"}
    had_one = len(headers) < len(reply.headers)
    return replace(reply, headers={**headers, "ETag": f'"{e_tag}"'}) if had_one else reply


FAULTS = {
    "flipped": lambda reply: replace(reply, body=flip(reply.body)),
    "cut off": lambda reply: replace(
        reply, body=reply.body[:-100], announced_bytes=len(reply.body)
    ),
    "shorter": lambda reply: replace(reply, body=reply.body[:-100]),
    "longer": lambda reply: replace(reply, body=reply.body + b"!"),
    "empty": lambda reply: replace(reply, body=b""),
    "swapped": lambda reply: replace(reply, body=bytes(len(reply.body))),
    "broken": lambda reply: replace(reply, status=500, body=b"<html>gateway</html>"),
}


@pytest.mark.parametrize("fault", tuple(FAULTS))
@pytest.mark.parametrize("data", (SMALL, LARGE), ids=("small", "large"))
@pytest.mark.parametrize("part", (None, ByteRange(100, 4999)), ids=("whole", "range"))
def test_no_wrong_byte_passes_a_lying_network(
    proxied: World, proxy: FaultyProxy, fault: str, data: bytes, part: ByteRange | None
) -> None:
    md5 = proxied.objects.put(proxied.placement, [data]).md5
    proxy.fault = on_get(FAULTS[fault])
    came: list[bytes] = []
    with pytest.raises((Damaged, Unavailable)):
        came.extend(proxied.objects.open(proxied.placement, md5, len(data), part).chunks)
    assert sum(map(len, came)) < (part.length_bytes if part else len(data))
    proxy.fault = None
    whole = b"".join(proxied.objects.open(proxied.placement, md5, len(data)).chunks)
    assert whole == data


@pytest.mark.parametrize("data", (SMALL, LARGE), ids=("small", "large"))
def test_a_site_that_keeps_other_bytes_is_not_believed(
    proxied: World, proxy: FaultyProxy, data: bytes
) -> None:
    def lie(_method: str, _path: str, reply: Reply) -> Reply:
        changed = with_etag(reply, "0" * 32)
        return replace(changed, body=flip(reply.body)) if len(reply.body) > 1000 else changed

    proxy.fault = lie
    with pytest.raises(Unavailable):
        proxied.objects.put(proxied.placement, [data])


def test_a_site_whose_etags_are_no_md5s_is_proven_by_reading(
    proxied: World, proxy: FaultyProxy
) -> None:
    proxy.fault = lambda _method, _path, reply: with_etag(reply, "ab" * 16)
    md5 = proxied.objects.put(proxied.placement, [SMALL]).md5
    other = b"stored by somebody else"
    proxied.behind.write(proxied.key(md5_of(other)), other)
    wrong = b"stored wrongly"
    proxied.behind.write(proxied.key(md5_of(wrong)), b"something else")
    wanted = [(md5, None), (md5_of(other), None), (md5_of(wrong), None)]
    assert proxied.objects.missing(proxied.placement, wanted) == {md5_of(wrong)}


def measure(act: Callable[[], object]) -> tuple[float, LabsetError | None]:
    began = time.monotonic()
    try:
        act()
    except LabsetError as error:
        return time.monotonic() - began, error
    return time.monotonic() - began, None


def test_every_call_into_a_stall_ends_in_ten_seconds(proxied: World, proxy: FaultyProxy) -> None:
    place, objects = proxied.placement, proxied.objects
    small, large = (objects.put(place, [data]).md5 for data in (SMALL, LARGE))
    calls: list[Callable[[], object]] = [
        lambda: objects.open(place, small, len(SMALL)),
        lambda: b"".join(objects.open(place, large, len(LARGE)).chunks),
        lambda: objects.open(place, large, len(LARGE), ByteRange(0, 9)),
        lambda: objects.missing(place, [(small, None)] * 3),
        lambda: objects.put(place, [b"new"]),
        lambda: objects.put(place, [LARGE, b"new"]),
        lambda: objects.find_size(place, small),
    ]
    proxy.stall()
    with ThreadPoolExecutor(len(calls)) as pool:
        outcomes = list(pool.map(measure, calls))
    assert all(isinstance(error, Unavailable) for _, error in outcomes), outcomes
    assert max(seconds for seconds, _ in outcomes) < 10.5


def test_a_stalled_site_holds_few_threads_and_is_found_again(
    proxied: World, proxy: FaultyProxy, bucket: World
) -> None:
    stalled, other = (
        world.objects.put(world.placement, [SMALL]).md5 for world in (proxied, bucket)
    )
    proxy.stall()
    with ThreadPoolExecutor(40) as pool:
        began = time.monotonic()
        under_way = [
            pool.submit(
                measure, lambda: proxied.objects.open(proxied.placement, stalled, len(SMALL))
            )
            for _ in range(40)
        ]
        elsewhere = [
            measure(lambda: bucket.objects.open(bucket.placement, other, len(SMALL)))
            for _ in range(50)
        ]
        while sum(not one.done() for one in under_way) > 8:
            assert time.monotonic() - began < 4, "the queue before a stalled site did not give up"
        seconds, error = measure(
            lambda: proxied.objects.open(proxied.placement, stalled, len(SMALL))
        )
        assert isinstance(error, Unavailable)
        assert seconds < 3
        outcomes = [one.result() for one in under_way]
    assert max(seconds for seconds, _ in outcomes) < 10.5
    assert {error for _, error in elsewhere} == {None}
    assert sorted(seconds for seconds, _ in elsewhere)[47] < 2
    proxy.resume()
    back = time.monotonic()
    while measure(lambda: proxied.objects.open(proxied.placement, stalled, len(SMALL)))[1]:
        assert time.monotonic() - back < 5, "the site was not found again"


def test_redirects_are_not_followed(proxied: World, proxy: FaultyProxy, bucket: World) -> None:
    md5 = proxied.objects.put(proxied.placement, [SMALL]).md5
    elsewhere = f"http://localhost:1/{bucket.placement.prefix}"

    def redirect(_method: str, _path: str, reply: Reply) -> Reply:
        return replace(reply, status=302, headers={"Location": elsewhere}, body=b"")

    proxy.fault = redirect
    for act in (
        lambda: proxied.objects.open(proxied.placement, md5, len(SMALL)),
        lambda: proxied.objects.find_size(proxied.placement, md5),
        lambda: proxied.objects.put(proxied.placement, [b"x"]),
    ):
        with pytest.raises(Unavailable):
            act()


def test_a_broken_large_upload_leaves_nothing(proxied: World, proxy: FaultyProxy) -> None:
    def refuse(method: str, path: str, reply: Reply) -> Reply:
        if method == "PUT" and "partNumber=2" in path:
            return replace(reply, status=400, body=b"<Error><Code>BadDigest</Code></Error>")
        return reply

    proxy.fault = refuse
    with pytest.raises(Unavailable):
        proxied.objects.put(proxied.placement, [LARGE, LARGE])
    assert proxied.objects_there() == []
    assert proxied.leftovers() == []
