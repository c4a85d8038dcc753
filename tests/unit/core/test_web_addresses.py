from __future__ import annotations

import pytest

from core.errors import Invalid
from core.model.web_addresses import (
    MAX_ADDRESS_CHARACTERS,
    WebAddress,
    parse_base_address,
    parse_web_address,
)


def read(text: str) -> WebAddress:
    return parse_web_address(text, field="address")


@pytest.mark.parametrize(
    ("text", "url"),
    (
        ("https://example.com", "https://example.com"),
        ("HTTPS://Example.COM:443/", "https://example.com/"),
        ("http://example.com:8080/a/b", "http://example.com:8080/a/b"),
        ("http://[2001:db8::1]:80/x", "http://[2001:db8::1]/x"),
        ("http://example.com/ä/a%20b", "http://example.com/%C3%A4/a%20b"),
        ("http://example.com/a?b=c#d", "http://example.com/a"),
        ("http://example.com/.well-known/x..y", "http://example.com/.well-known/x..y"),
    ),
)
def test_an_address_is_read_and_written_again(text: str, url: str) -> None:
    assert read(text).url == url


@pytest.mark.parametrize(
    "text",
    (
        "",
        "example.com",
        "//example.com",
        "http:",
        "http:///x",
        "http:example.com",
        "ftp://example.com",
        "javascript:alert(1)",
        "http://user@example.com",
        "http://user:password@example.com",
        "http://@example.com",
        "http://example.com:0",
        "http://example.com:99999",
        "http://example.com:x",
        "http://[::1",
        "http://ex ample.com",
        "http://example.com/a b",
        "http://example.com/\t",
        "http://example.com/a\r\nb",
        "http://example.com\\@127.0.0.1",
        'http://example.com/"',
        "http://example.com/<script>",
        "http://example.com/../x",
        "http://example.com/a/./b",
        "http://example.com/%2E%2e/x",
        "http://example.com/.%2e",
        "http://example.com/%",
        "http://example.com/%0g",
        "http://127.1",
        "http://2130706433",
        "http://0x7f.1",
        "http://0177.0.0.1",
        "http://例え.test",
        "http://example.com/" + "x" * MAX_ADDRESS_CHARACTERS,
    ),
)
def test_what_is_no_plain_address_is_refused_with_its_field(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        read(text)
    assert refused.value.details == {"field": "address"}


def test_the_longest_address_is_read() -> None:
    text = "http://example.com/"
    text += "x" * (MAX_ADDRESS_CHARACTERS - len(text))
    assert read(text).url == text


@pytest.mark.parametrize("text", ("http://a.test/x/", "http://a.test/x//", "http://a.test/x"))
def test_routes_are_put_behind_an_address_without_its_last_slashes(text: str) -> None:
    assert parse_base_address(text, field="address").url == "http://a.test/x"


@pytest.mark.parametrize("text", ("http://a.test/?", "http://a.test/?x", "http://a.test/#", "x"))
def test_an_address_behind_which_nothing_can_be_put_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        parse_base_address(text, field="address")
