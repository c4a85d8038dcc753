from __future__ import annotations

import json
from typing import Any

import pytest

from labset.assets.answers import address_of, checked_body, json_bytes
from labset.assets.digests import Digests
from labset.assets.fetching import file_name
from labset.assets.model import Asset, Checked, Draft, Health, RegistryEntry
from labset.errors import Conflict, Damaged, LabsetError, Misused, NotFound
from labset.transport.refusal import refusal_of


@pytest.mark.parametrize(
    ("status", "body", "kind", "code", "words"),
    (
        (
            404,
            {"error": "asset_not_found", "message": "None."},
            NotFound,
            "asset_not_found",
            "None.",
        ),
        (409, {"success": False, "error": "Is there."}, Conflict, "conflict", "Is there."),
        (400, {"message": "No file part"}, Misused, "misused", "No file part"),
        (400, {"error": "No file part", "message": "No file part"}, Misused, "misused", "No file"),
        (400, {"error": "Not a code", "message": "Words."}, Misused, "misused", "Words."),
        (409, {"error": "data_missing", "message": "Gone."}, Damaged, "data_missing", "Gone."),
        (500, {"error": ["odd"]}, LabsetError, "error", "The server answered 500"),
        (404, ["odd"], NotFound, "not_found", "That is no answer of a Labset"),
    ),
)
def test_a_refusal_is_read_in_every_shape(
    status: int, body: object, kind: type[LabsetError], code: str, words: str
) -> None:
    made = refusal_of(status, "Reason", json.dumps(body).encode())
    assert (type(made), made.code) == (kind, code)
    assert words in made.message


def test_success_has_to_be_said() -> None:
    assert checked_body({"success": True, "data": 1}, "http://s") == {"success": True, "data": 1}
    odd: object
    for odd in (None, [], {}, {"data": []}):
        with pytest.raises(LabsetError, match="asset database"):
            checked_body(odd, "http://s")
    with pytest.raises(LabsetError, match=r"No\."):
        checked_body({"success": False, "error": "No."}, "http://s")


@pytest.mark.parametrize(
    ("key", "address"),
    (
        ("Sample:1.0-initial", "/asset/Sample%3A1.0-initial"),
        ("a/b ü%?#:1-x", "/asset/a%2Fb%20%C3%BC%25%3F%23%3A1-x"),
        ("..:1-x", "/asset/..%3A1-x"),
    ),
)
def test_a_uri_is_quoted_as_a_whole(key: str, address: str) -> None:
    assert address_of("asset", key) == address


@pytest.mark.parametrize("key", ("", " ", ".", ".."))
def test_a_key_leads_nowhere_else(key: str) -> None:
    with pytest.raises(Misused):
        address_of("asset", key)


@pytest.mark.parametrize("value", (float("nan"), {"a": float("inf")}, "\ud800", object()))
def test_what_is_no_json_is_not_sent(value: object) -> None:
    with pytest.raises(Misused):
        json_bytes(value)


def test_a_document_with_odd_fields_is_read_as_far_as_it_goes() -> None:
    odd: dict[str, Any] = {
        "asset_id": 7,
        "asset_version": "1.0",
        "asset_tags": ["a", 1, None],
        "asset_metadata": None,
        "asset_file_info": {"size": "12", "md5": "ABC"},
        "created_at": "yesterday",
    }
    made = Asset.parse(odd)
    assert (made.id, made.version, made.tags, made.metadata) == ("7", "", ("a",), {})
    assert (made.size, made.md5, made.created_at) == (None, "abc", None)
    assert made.document == odd
    assert RegistryEntry.parse({"health": "good"}).health is None


@pytest.mark.parametrize(
    ("row", "is_well"),
    (
        ({"ok": True}, True),
        ({"ok": False, "status": "healthy"}, False),
        ({"status": "unhealthy"}, False),
        ({"success": True, "message": "healthy"}, True),
        ({"message": "fine"}, True),
    ),
)
def test_health_is_read_in_every_shape(row: dict[str, Any], *, is_well: bool) -> None:
    assert Health.parse(row).ok is is_well
    assert Checked.parse({**row, "history": [row, None]}).history == (Health.parse(row),)


def test_a_draft_says_only_what_was_said() -> None:
    draft = Draft(" a ", "1.0 ", "x")
    assert draft.uri == "a:1.0-x"
    assert set(draft.document()) == {
        *("asset_name", "asset_version", "asset_metadata", "asset_tags")
    }
    assert Draft("a", "1.0").uri == ""


def told_asset(data: bytes, **more: object) -> Asset:
    info = {"size": len(data), **more}
    return Asset.parse({"asset_id": "1", "asset_name": "a", "asset_file_info": info})


def test_bytes_are_held_against_all_that_is_told() -> None:
    md5 = "900150983cd24fb0d6963f7d28e17f72"
    good = Digests(told_asset(b"abc", md5=md5.upper()))
    good.add(memoryview(b"abc"))
    good.check()
    assert (good.names, good.mark) == (("md5",), f"md5:{md5}")
    good.add(memoryview(b"d"))
    with pytest.raises(Damaged, match="announced"):
        good.check()
    wrong = Digests(told_asset(b"abd", md5=md5))
    wrong.add(memoryview(b"abd"))
    with pytest.raises(Damaged, match="md5"):
        wrong.check()
    assert Digests(told_asset(b"", md5="short", sha256="")).names == ()


@pytest.mark.parametrize(
    ("told", "name"),
    (
        ("model.bin", "model.bin"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Windows\\a.dll", "a.dll"),
        (".bashrc", "bashrc"),
        ("a\x1b[2J\n.txt", "a[2J.txt"),
        ("..", "a"),
        (7, "a"),
        ("ü" * 300 + ".tar", "ü" * 98 + ".tar"),
        ("." * 9 + "x" * 300, "x" * 200),
    ),
)
def test_a_file_is_named_without_leading_anywhere(told: object, name: str) -> None:
    assert file_name(told_asset(b"", file_name=told)) == name
