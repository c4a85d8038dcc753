from __future__ import annotations

from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from core.errors import Damaged, DataMissing
from core.model.storage import Link, Placement
from tests.conformance.objects.world import World, md5_of

DATA = b"linked bytes\n" * 1000


def put_link(world: World, data: bytes) -> Link:
    links = world.objects.links_put(world.placement, [md5_of(data)])
    assert links is not None
    return links[md5_of(data)]


def test_a_put_link_takes_the_bytes_it_was_made_for(bucket: World) -> None:
    link = put_link(bucket, DATA)
    answer = httpx.put(link.url, headers=dict(link.headers), content=DATA)
    assert answer.status_code == 200
    assert bucket.objects.missing(bucket.placement, [(md5_of(DATA), len(DATA))]) == set()
    assert bucket.objects_there() == [bucket.key(md5_of(DATA))]


@pytest.mark.parametrize(
    "headers",
    (None, {}, {"Content-MD5": "1B2M2Y8AsgTpgAmY7PhCfg=="}),
    ids=("same", "none", "other"),
)
def test_a_put_link_takes_no_other_bytes(bucket: World, headers: dict[str, str] | None) -> None:
    link = put_link(bucket, DATA)
    sent = dict(link.headers) if headers is None else headers
    answer = httpx.put(link.url, headers=sent, content=DATA[1:] if headers is None else b"")
    assert answer.status_code in {400, 403}
    assert bucket.objects_there() == []


def test_a_put_link_leads_to_no_other_key_and_no_other_method(bucket: World) -> None:
    link = put_link(bucket, DATA)
    other = link.url.replace(md5_of(DATA).hex[2:], "0" * 30)
    for method, url in (("PUT", other), ("GET", link.url), ("DELETE", link.url)):
        answer = httpx.request(method, url, headers=dict(link.headers))
        assert answer.status_code == 403
    assert bucket.objects_there() == []


def test_a_get_link_downloads_a_file_and_shows_nothing(bucket: World) -> None:
    md5 = bucket.objects.put(bucket.placement, [DATA]).md5
    name = 'ä "q"; x=1\\.html'
    link = bucket.objects.link_get(bucket.placement, md5, file_name=name)
    assert link is not None
    answer = httpx.get(link.url)
    assert answer.content == DATA
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith("attachment; filename*=UTF-8''%C3%A4")
    assert httpx.get(link.url.replace("octet-stream", "xhtml")).status_code == 403


def test_links_live_a_minute_at_most_and_hold_no_secret(bucket: World) -> None:
    md5 = bucket.objects.put(bucket.placement, [DATA]).md5
    got = bucket.objects.link_get(bucket.placement, md5, file_name="x")
    assert got is not None
    keys = bucket.placement.site.keys
    assert keys is not None
    for link in (got, put_link(bucket, DATA)):
        assert int(parse_qs(urlsplit(link.url).query)["X-Amz-Expires"][0]) <= 60
        assert keys.secret_key.reveal() not in link.url


def test_links_are_given_only_to_proven_bytes(bucket: World) -> None:
    absent, wrong, right = b"absent", b"wrong", b"right"
    bucket.behind.write(bucket.key(md5_of(wrong)), b"other")
    bucket.behind.write(bucket.key(md5_of(right)), right)
    with pytest.raises(DataMissing):
        bucket.objects.link_get(bucket.placement, md5_of(absent), file_name="x")
    with pytest.raises(Damaged):
        bucket.objects.link_get(bucket.placement, md5_of(wrong), file_name="x")
    assert bucket.objects.link_get(bucket.placement, md5_of(right), file_name="x")
    bucket.behind.write(bucket.key(md5_of(right)), b"later")
    with pytest.raises((DataMissing, Damaged)):
        bucket.objects.link_get(bucket.placement, md5_of(right), file_name="x")


def unchecked(world: World) -> Placement:
    return replace(world.placement, site=replace(world.placement.site, health=None))


def test_no_links_where_browsers_were_not_seen_to_come_through(
    bucket: World, folder: World
) -> None:
    md5 = bucket.objects.put(bucket.placement, [DATA]).md5
    assert bucket.objects.links_put(unchecked(bucket), [md5]) is None
    assert bucket.objects.link_get(unchecked(bucket), md5, file_name="x") is None
    assert folder.objects.links_put(folder.placement, [md5]) is None
    assert folder.objects.link_get(folder.placement, md5, file_name="x") is None


def test_links_lead_to_the_public_endpoint(bucket: World) -> None:
    md5 = bucket.objects.put(bucket.placement, [DATA]).md5
    site = bucket.placement.site
    address = replace(site.address, public_endpoint="https://s3.example.org")
    placement = replace(bucket.placement, site=replace(site, address=address))
    link = bucket.objects.link_get(placement, md5, file_name="x")
    assert link is not None
    assert link.url.startswith("https://s3.example.org/labset/")
