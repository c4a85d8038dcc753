from __future__ import annotations

import pytest

from core.errors import Forbidden, Invalid
from core.model.addresses import (
    Endpoint,
    check_destination,
    is_global,
    parse_bucket_url,
    parse_endpoint,
    parse_folder_url,
)


@pytest.mark.parametrize(
    "address",
    ("8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::"),
)
def test_addresses_of_the_internet_are_global(address: str) -> None:
    assert is_global(address)


@pytest.mark.parametrize(
    "address",
    (
        *("127.0.0.1", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "100.64.0.1"),  # noqa: S104 - listens nowhere
        *("169.254.169.254", "168.63.129.16", "192.0.0.8", "198.18.0.1", "224.0.0.1", "240.0.0.1"),
        *("::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fec0::1", "ff02::1", "2001:db8::1"),
        *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::a00:1"),
        *("2002:7f00:1::", "2002:a00:1::", "::7f00:1", "2001:0:7f00:1::f5ff:fffe", "localhost", ""),
    ),
)
def test_addresses_inside_are_not_global_whatever_wraps_them(address: str) -> None:
    assert not is_global(address)


def test_endpoints_are_plain_origins() -> None:
    assert parse_endpoint("https://S3.Example.org") == Endpoint("https", "s3.example.org", 443)
    assert parse_endpoint("http://[2606:4700::1]:9000/").url == "http://[2606:4700::1]:9000"


@pytest.mark.parametrize(
    "text",
    (
        *(
            "",
            "h",
            "ftp://h",
            "http://",
            "http://h:0",
            "http://h:99999",
            "http://h:x",
            "http://[::1",
        ),
        *("http://u@h", "http://u:p@h", "http://@h", "http://h/p", "http://h?", "http://h?q"),
        *("http://h#", "http://127.1", "http://0x7f.0.0.1", "http://2130706433", "http://é.org"),
        *("http://a b", "http://h\\@x", "http://[fe80::1%25eth0]", "http://a..b", "http://-"),
    ),
)
def test_other_texts_are_no_endpoints(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse_endpoint(text, field="public_endpoint")
    assert refused.value.details["field"] == "public_endpoint"


def test_listed_hosts_are_not_resolved() -> None:
    def resolve(_host: str, _port: int) -> list[str]:
        raise AssertionError

    for entry in ("minio.lab", "MINIO.lab:9000"):
        check_destination(Endpoint("http", "minio.lab", 9000), [entry], resolve)
    check_destination(Endpoint("http", "::1", 9000), ["[::1]:9000"], resolve)


@pytest.mark.parametrize("listed", ((), ("lab",), ("minio.lab:9001",), ("other.minio.lab",)))
def test_unlisted_hosts_must_lead_to_the_internet_with_every_address(
    listed: tuple[str, ...],
) -> None:
    endpoint = Endpoint("http", "minio.lab", 9000)
    check_destination(endpoint, listed, lambda _host, _port: ["8.8.8.8"])
    with pytest.raises(Forbidden):
        check_destination(endpoint, listed, lambda _host, _port: ["8.8.8.8", "10.0.0.1"])
    with pytest.raises(Forbidden):
        check_destination(endpoint, listed, lambda _host, _port: [])


def test_a_host_without_address_is_told_apart() -> None:
    def resolve(_host: str, _port: int) -> list[str]:
        raise OSError

    with pytest.raises(Invalid) as refused:
        check_destination(Endpoint("https", "mistyped.example", 443), (), resolve)
    assert refused.value.code == "unknown_host"


def test_bucket_urls_are_bucket_and_prefix() -> None:
    assert parse_bucket_url("s3://labset") == ("labset", "")
    assert parse_bucket_url("s3://lab.set-1/a/b_c=d/") == ("lab.set-1", "a/b_c=d")


@pytest.mark.parametrize(
    "url",
    (
        *("s3:/b", "s3://", "s3://ab", "s3://Labset", "s3://lab_set", "s3://-lab", "s3://lab..set"),
        *("s3://192.168.1.1", "s3://xn--lab", "s3://lab-s3alias", "s3://lab:9000", "s3://u@lab"),
        *("s3://lab/..", "s3://lab/a/../b", "s3://lab/a//b", "s3://lab/a b", "s3://lab/é"),
        *("s3://lab/a?b", "s3://lab/a#b", "s3://lab/a\\b", "s3://lab/.hidden", "http://lab/a"),
        f"s3://lab/{'a/' * 300}x",
    ),
)
def test_other_texts_are_no_bucket_urls(url: str) -> None:
    with pytest.raises(Invalid):
        parse_bucket_url(url)


def test_folder_urls_are_absolute_paths() -> None:
    assert str(parse_folder_url("file:///data/lab%20set/")) == "/data/lab set"


@pytest.mark.parametrize(
    "url",
    (
        *("file://", "file:///", "file://host/data", "file:data", "/data", "file:///data/../etc"),
        *("file:///data/%2e%2e/etc", "file:///data//x", "file:///data?x", "file:///data%00"),
    ),
)
def test_other_texts_are_no_folder_urls(url: str) -> None:
    with pytest.raises(Invalid):
        parse_folder_url(url)
