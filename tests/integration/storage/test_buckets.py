from __future__ import annotations

import hashlib
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from core.errors import Forbidden, Invalid, LabsetError, Unavailable
from core.model.access import Secret
from core.model.names import Md5
from core.model.storage import ByteRange, SiteAddress, SiteHealth, SiteKeys, SiteKind
from storage_sites.intake import Intake
from storage_sites.objects import SiteObjects
from storage_sites.s3_connection import S3Connection
from storage_sites.s3_large import LargePut
from storage_sites.s3_multipart import PART_BYTES, Multipart
from tests.conformance.objects.world import BehindS3, World, md5_of, s3_address, s3_keys, s3_world
from tests.fakes.clock import FakeClock
from tests.fakes.records import FakeFacts, FakeStaging
from tests.integration.storage.faulty import FaultyProxy
from tests.storage_servers import BUCKET, S3Server

MIB = 1024 * 1024
DATA = b"bytes in a bucket\n" * 100


def connection_of(world: World) -> S3Connection:
    site = world.placement.site
    assert site.keys is not None
    return S3Connection(site.name, site.address, site.keys, calls_at_once=4)


def test_objects_over_one_uploads_limit_are_joined_from_several(bucket: World) -> None:
    pieces = [os.urandom(PART_BYTES) for _ in range(4)] + [b"tail"]
    intake = Intake(pieces, expected=None, size_bytes=None)
    large = LargePut(connection_of(bucket), bucket.staging, bucket.placement, segment_parts=2)
    stored = large.store(intake, [intake.take(PART_BYTES)])
    assert len([key for key in bucket.staging.history if "/staging/" in key]) == 6
    opened = bucket.objects.open(bucket.placement, stored.md5, 4 * PART_BYTES + 4)
    assert md5_of(b"".join(opened.chunks)) == stored.md5 == md5_of(b"".join(pieces))
    assert bucket.leftovers() == []


def test_sizes_are_told_of_more_objects_than_a_page_of_a_listing_holds(bucket: World) -> None:
    full = {Md5(f"ab{number:030x}"): number % 7 for number in range(1150)}
    few = {Md5(f"cd{number:030x}"): number for number in range(3)}
    for md5, size_bytes in (full | few).items():
        bucket.behind.write(bucket.key(md5), bytes(size_bytes))
    absent = [Md5(f"ab{number:030x}") for number in range(5000, 5010)]
    found = bucket.objects.find_sizes(bucket.placement, [*full, *few, *absent])
    assert found == full | few
    ends = [*list(full)[:5], *list(full)[-5:]]
    others = [Md5(f"{number:032x}") for number in range(600)]
    told = bucket.objects.find_sizes(bucket.placement, [*ends, *others])
    assert told == {md5: full[md5] for md5 in ends}


def test_what_killed_uploads_left_is_swept(bucket: World) -> None:
    assert isinstance(bucket.objects, SiteObjects)
    kept = bucket.objects.put(bucket.placement, [DATA]).md5
    for number, remembers_id in enumerate((True, False)):
        key = f"{bucket.placement.prefix}/staging/{number:032x}"
        upload = Multipart(connection_of(bucket), bucket.staging, bucket.placement, key, key)
        upload.begin()
        if not remembers_id:
            bucket.staging.record_staging(bucket.placement, key, None)
    copying = f"{bucket.key(kept)}#0011223344556677"
    upload = Multipart(
        connection_of(bucket), bucket.staging, bucket.placement, bucket.key(kept), copying
    )
    upload.begin()
    finished = f"{bucket.placement.prefix}/staging/{'f' * 32}"
    bucket.behind.write(finished, DATA)
    bucket.staging.record_staging(bucket.placement, finished, "gone")
    assert len(bucket.behind.uploads()) == 3
    early = datetime.now(UTC) - timedelta(hours=1)
    assert bucket.objects.sweep_staging(early, lambda *_: bucket.placement) == 0
    later = datetime.now(UTC) + timedelta(seconds=1)
    assert bucket.objects.sweep_staging(later, lambda *_: None) == 0
    assert bucket.objects.sweep_staging(later, lambda *_: bucket.placement) == 4
    assert bucket.leftovers() == []
    assert bucket.objects_there() == [bucket.key(kept)]


def test_a_site_that_does_not_answer_keeps_its_records(bucket: World) -> None:
    assert isinstance(bucket.objects, SiteObjects)
    site = bucket.placement.site
    gone = replace(site, address=replace(site.address, endpoint="http://127.0.0.1:1"))
    placement = replace(bucket.placement, site=gone)
    bucket.staging.record_staging(placement, f"{placement.prefix}/staging/x", None)
    later = datetime.now(UTC) + timedelta(seconds=1)
    assert bucket.objects.sweep_staging(later, lambda *_: placement) == 0
    assert len(bucket.staging.held) == 1


def test_keys_of_the_server_itself_go_to_no_site(
    proxy: FaultyProxy, seaweed: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SESSION_TOKEN", "canary-token")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "canary-key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "canary-secret")
    monkeypatch.setenv("AWS_SKIP_SIGNATURE", "true")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:1")
    world = s3_world("canary", replace(seaweed, endpoint=proxy.endpoint))
    world.objects.put(world.placement, [DATA * 9000])
    world.objects.put(world.placement, [DATA])
    assert len(proxy.requests) > 10
    assert "canary" not in str(proxy.requests)


FORKING = """
import os, sys
from tests.conformance.objects.world import s3_world, md5_of
from tests.fakes.clock import FakeClock
from tests.fakes.records import FakeFacts, FakeStaging
from tests.storage_servers import S3Server
from storage_sites.objects import SiteObjects

objects = SiteObjects(FakeFacts(), FakeStaging(), FakeClock(), allowed_hosts=["127.0.0.1"])
children = []
for number in range(2):
    child = os.fork()
    if child == 0:
        world = s3_world("forked", S3Server(*sys.argv[1:]))
        data = [b"of child %d" % number * 1000] * 900
        md5 = objects.put(world.placement, data).md5
        assert b"".join(objects.open(world.placement, md5, None).chunks) == b"".join(data)
        assert objects.missing(world.placement, [(md5, None)]) == set()
        sys.stdout.flush()
        os._exit(0)
    children.append(child)
sys.exit(any([os.waitpid(child, 0)[1] for child in children]))
"""


def test_processes_that_are_forked_open_their_own_connections(seaweed: S3Server) -> None:
    command = [sys.executable, "-c", FORKING]
    keys = [seaweed.endpoint, seaweed.access_key, seaweed.secret_key]
    subprocess.run([*command, *keys], check=True, timeout=60)


def check(server: S3Server, address: SiteAddress, keys: SiteKeys | None) -> SiteHealth:
    del server
    objects = SiteObjects(
        FakeFacts(), FakeStaging(), FakeClock(), allowed_hosts=["127.0.0.1", "no.such.invalid"]
    )
    return objects.check(address, keys)


WRONG: dict[str, tuple[dict[str, str], dict[str, str], str]] = {
    "bucket": ({"url": "s3://no-such-bucket/x"}, {}, "no such bucket"),
    "access key": ({}, {"access_key": "UNKNOWN"}, "access key"),
    "secret": ({}, {"secret_key": "wrong"}, "secret key"),
    "endpoint": ({"endpoint": "http://127.0.0.1:1"}, {}, "nothing listens"),
    "host": (
        {"endpoint": "http://no.such.invalid"},
        {},
        "no address|does not answer",
    ),  # by resolver
    "address": ({"endpoint": "http://10.0.0.1"}, {}, "LABSET_ALLOWED_HOSTS"),
}


@pytest.mark.parametrize("wrong", tuple(WRONG))
def test_the_check_says_what_is_wrong(seaweed: S3Server, wrong: str) -> None:
    of_address, of_keys, sentence = WRONG[wrong]
    secrets = {name: Secret(text) for name, text in of_keys.items()}
    address = replace(s3_address(seaweed), **of_address)  # type: ignore[arg-type] # all are texts
    health = check(seaweed, address, replace(s3_keys(seaweed), **secrets))
    assert not health.ok
    assert not health.browser_transfer
    problem = health.steps[-1].problem or ""
    assert any(words in problem for words in sentence.split("|"))
    assert seaweed.secret_key not in problem


def test_the_check_creates_no_bucket(seaweed: S3Server) -> None:
    address = replace(s3_address(seaweed), url="s3://not-created-by-us/x")
    check(seaweed, address, s3_keys(seaweed))
    buckets = BehindS3(seaweed).client.list_buckets()["Buckets"]
    assert [one["Name"] for one in buckets] == [BUCKET]


def test_the_check_of_a_stalled_site_ends(proxied: World, proxy: FaultyProxy) -> None:
    proxy.stall()
    began = datetime.now(UTC)
    health = proxied.objects.check(proxied.placement.site.address, proxied.placement.site.keys)
    assert not health.ok
    assert health.steps[0].name == "write"
    assert (datetime.now(UTC) - began).total_seconds() < 15.5


def test_browsers_need_the_cors_rules_the_site_lacks(seaweed: S3Server, bucket: World) -> None:
    client = BehindS3(seaweed).client
    rule = {
        "AllowedOrigins": ["https://another.example"],
        "AllowedMethods": ["GET"],
        "AllowedHeaders": ["*"],
    }
    client.put_bucket_cors(Bucket=BUCKET, CORSConfiguration={"CORSRules": [rule]})
    try:
        site = bucket.placement.site
        health = bucket.objects.check(site.address, site.keys)
        assert health.ok
        assert not health.browser_transfer
        assert "CORS" in (health.steps[-1].problem or "")
    finally:
        client.delete_bucket_cors(Bucket=BUCKET)


def test_addresses_are_refused_in_words(bucket: World) -> None:
    good = SiteAddress(SiteKind.S3, "s3://bucket/prefix", "http://127.0.0.1:9000")
    bucket.objects.check_address(good)
    bucket.objects.check_address(SiteAddress(SiteKind.S3, "s3://bucket", region="eu-central-1"))
    bad: list[dict[str, str]] = [
        *({"url": url} for url in ("s3://B/x", "http://b/x", "s3://b", "s3://bucket/../x")),
        *({"url": url} for url in ("s3://bucket/a//b", "s3://bucket/a b", "s3://u@bucket/a")),
        *(
            {"endpoint": text}
            for text in ("ftp://h", "http://u:p@h", "http://h/path", "http://h?q")
        ),
        *({"endpoint": f"http://{host}"} for host in ("127.1", "[::1]", "10.1.2.3", "0x7f.1")),
        {"public_endpoint": "http://169.254.169.254"},
        {"region": "evil.example/"},
    ]
    for changes in bad:
        with pytest.raises((Invalid, Forbidden)):
            bucket.objects.check_address(replace(good, **changes))  # type: ignore[arg-type] # the same


def test_a_name_that_is_led_elsewhere_later_is_not_followed(seaweed: S3Server) -> None:
    answers = ["8.8.8.8"]
    objects = SiteObjects(
        FakeFacts(), FakeStaging(), FakeClock(), resolve=lambda _host, _port: list(answers)
    )
    world = s3_world("seaweed", seaweed)
    endpoint = seaweed.endpoint.replace("127.0.0.1", "localhost")
    address = replace(world.placement.site.address, endpoint=endpoint)
    objects.check_address(address)
    answers[:] = ["127.0.0.1"]
    placement = replace(world.placement, site=replace(world.placement.site, address=address))
    with pytest.raises(Unavailable, match="does not allow"):
        objects.find_size(placement, md5_of(DATA))


def test_a_site_without_keys_is_an_outage(bucket: World) -> None:
    placement = replace(bucket.placement, site=replace(bucket.placement.site, keys=None))
    with pytest.raises(Unavailable, match="no keys"):
        bucket.objects.find_size(placement, md5_of(DATA))


def test_a_large_object_passes_in_flat_memory(bucket: World) -> None:
    size_bytes = 160 * MIB
    block = os.urandom(MIB - 8)

    def chunks() -> Iterator[bytes]:
        yield from (number.to_bytes(8, "big") + block for number in range(160))

    digest = hashlib.md5(usedforsecurity=False)
    for chunk in chunks():
        digest.update(chunk)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    stored = bucket.objects.put(bucket.placement, chunks(), size_bytes=size_bytes)
    assert stored.md5.hex == digest.hexdigest()
    opened = bucket.objects.open(bucket.placement, stored.md5, size_bytes)
    assert sum(map(len, opened.chunks)) == size_bytes
    part = ByteRange(100 * MIB, 130 * MIB)
    opened = bucket.objects.open(bucket.placement, stored.md5, size_bytes, part)
    assert sum(map(len, opened.chunks)) == part.length_bytes
    grown_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown_kib < 96 * 1024


def test_errors_hold_no_secret(bucket: World, seaweed: S3Server) -> None:
    keys = SiteKeys(Secret("CANARYKEY0000"), Secret("canary-secret"))
    site = replace(bucket.placement.site, keys=keys)
    placement = replace(bucket.placement, site=site)
    with pytest.raises(LabsetError) as refused:
        bucket.objects.put(placement, [DATA])
    told = f"{refused.value!r} {refused.value.message} {refused.value.details}"
    assert "CANARY" not in told.upper()
    assert seaweed.endpoint not in told
