"""What other databases say: read where it is sound, refused in fixed words where it is not."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from typing import Any

import pytest

from outgoing.databases import MAX_ANSWER_BYTES, MAX_HEALTH_BYTES
from outgoing.documents import (
    MAX_ANSWER_CONTAINERS,
    MAX_ANSWER_VALUES,
    MAX_OTHERS_CHARACTERS,
    MAX_OTHERS_TAGS,
)
from outgoing.problems import BROKEN, ENCODED, NO_DATABASE, TOO_LARGE, UNHEALTHY
from tests.integration.outgoing.conftest import Opens, ask, look
from tests.integration.outgoing.servers import (
    WELL,
    Answer,
    Server,
    Visit,
    answer,
    answer_json,
    raw,
)

LAMP = {
    "asset_uri": "Lamp:1.0-new",
    "asset_name": "Lamp",
    "asset_id": "a1",
    "assets_db_id": "db",
    "asset_version": {"version": "1.0", "tag": "new"},
    "asset_metadata": {"maker": "Älice", "sizes": [1, 2.5]},
    "asset_public_url": "https://files.test/lamp?x=1",
    "asset_file_info": {"size": 7},
    "asset_tags": ["light", "office"],
}


def found(rows: list[Any], running: Callable[..., Server], opens: Opens) -> list[Any]:
    server = running(answer_json({"success": True, "data": rows}))
    told = ask(opens(server.listed), server.url)
    assert told.problem is None
    return list(told.documents)


def test_a_database_with_the_seeds_routes_is_asked_and_read(
    running: Callable[..., Server], opens: Opens
) -> None:
    server = running(answer_json({"success": True, "data": [LAMP]}))
    [told] = opens(server.listed).query(
        [server.url], {"asset_tags": ["light"]}, limit=7, timeout_seconds=2
    )
    assert (told.documents, told.problem) == ((LAMP,), None)
    [visit] = server.visits
    assert visit.head.startswith("POST /assets?limit=7 HTTP/1.1\r\n")
    assert json.loads(visit.body) == {"asset_tags": ["light"]}


def test_nobody_in_particular_asks_and_nothing_packed_is_asked_for(
    running: Callable[..., Server], opens: Opens
) -> None:
    server = running(answer(WELL, "200 OK", "Set-Cookie: who=you; Path=/"))
    others = opens(server.listed)
    for _ in range(2):
        assert look(others, server.url).ok
    heads = [visit.head.lower() for visit in server.visits]
    assert all("accept-encoding: identity" in head for head in heads)
    for name in ("cookie:", "authorization:", "private-token:", "referer:", "x-request-id:"):
        assert not any(name in head for head in heads)


def test_fields_that_the_seed_does_not_know_are_left_out(
    running: Callable[..., Server], opens: Opens
) -> None:
    [told] = found(
        [LAMP | {"__proto__": 1, "owner": "root", "asset_registry_id": "x"}], running, opens
    )
    assert told == LAMP


def test_what_is_of_another_type_is_empty(running: Callable[..., Server], opens: Opens) -> None:
    strange = {
        "asset_name": "Lamp",
        "asset_uri": ["x"],
        "asset_id": 7,
        "assets_db_id": True,
        "asset_version": {"version": 1.5, "tag": {}, "more": "x"},
        "asset_metadata": ["x"],
        "asset_public_url": {"href": "x"},
        "asset_file_info": None,
        "asset_tags": "light",
    }
    [told] = found([strange, "row", None, [], {"asset_id": "nameless"}], running, opens)
    assert told == {
        "asset_name": "Lamp",
        "asset_uri": "",
        "asset_id": "7",
        "assets_db_id": "",
        "asset_version": {"version": "1.5", "tag": ""},
        "asset_metadata": {},
        "asset_public_url": "",
        "asset_file_info": {},
        "asset_tags": [],
    }


def test_markup_stays_the_text_that_it_is(running: Callable[..., Server], opens: Opens) -> None:
    script = '<script>alert(1)</script>"><img src=x onerror=alert(1)>'
    row = LAMP | {"asset_name": script, "asset_metadata": {script: script}, "asset_tags": [script]}
    assert found([row], running, opens) == [row]


@pytest.mark.parametrize(
    "url",
    (
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "//evil.test",
        "/asset-object/1",
        "https://labset.example@evil.test/",
        'https://a.test/"onclick="x',
        "https://a.test/<x>",
        "https://a.test/\u202egnp.exe",
        "https://a.test/" + "x" * 2_000,
        "http://127.0.0.2/admin",
        "http://localhost/admin",
        "http://[::1]/admin",
        "http://192.168.1.1/admin",
        "http://169.254.169.254/latest/meta-data",
    ),
)
def test_links_that_are_none_of_the_web_are_empty(
    running: Callable[..., Server], opens: Opens, url: str
) -> None:
    [told] = found([LAMP | {"asset_public_url": url}], running, opens)
    assert told == LAMP | {"asset_public_url": ""}


def test_text_that_would_move_a_terminal_or_fill_a_page_is_empty(
    running: Callable[..., Server], opens: Opens
) -> None:
    bad = ["a\x1b[2Jb", "a\nb", "a\x00b", "a\u202eb", "x" * (MAX_OTHERS_CHARACTERS + 1)]
    tags = [*bad, *map(str, range(MAX_OTHERS_TAGS + 9))]
    rows = [LAMP | {"asset_id": text, "asset_uri": text, "asset_tags": tags} for text in bad]
    for told in found(rows, running, opens):
        assert (told["asset_id"], told["asset_uri"]) == ("", "")
        assert told["asset_tags"] == list(map(str, range(MAX_OTHERS_TAGS - len(bad))))
    assert found([LAMP | {"asset_name": text} for text in bad], running, opens) == []


def test_metadata_that_no_database_keeps_is_empty(
    running: Callable[..., Server], opens: Opens
) -> None:
    deep: Any = "x"
    for _ in range(40):
        deep = [deep]
    for value in ({"a": "\x00"}, {"a": "\ud800"}, {"a": deep}):
        [told] = found([LAMP | {"asset_metadata": value}], running, opens)
        assert told == LAMP | {"asset_metadata": {}}
    data = json.dumps({"data": [LAMP]}).replace("2.5", "1e999").encode()
    server = running(answer(data))
    assert ask(opens(server.listed), server.url).documents[0]["asset_metadata"] == {}


def test_no_more_entries_are_taken_than_were_asked_for(
    running: Callable[..., Server], opens: Opens
) -> None:
    server = running(answer_json({"data": [LAMP] * 30}))
    assert len(ask(opens(server.listed), server.url, limit=3).documents) == 3


@pytest.mark.parametrize(
    "body",
    (
        b"",
        b"<html>hello</html>",
        b"[]",
        b'"text"',
        b"{",
        b"{'success': True}",
        b'{"data": NaN}',
        b'{"data": [Infinity]}',
        b'{"a": "\xff\xfe"}',
        b'{"a": ' + b"[" * 15_000 + b"]" * 15_000 + b"}",
        b'{"a": ' + b"9" * 10_000 + b"}",
    ),
)
def test_what_is_no_json_object_is_no_database(
    running: Callable[..., Server], opens: Opens, body: bytes
) -> None:
    server = running(answer(body))
    assert look(opens(server.listed), server.url).problem == NO_DATABASE
    assert ask(opens(server.listed), server.url).problem == NO_DATABASE


@pytest.mark.parametrize("told", ({}, {"data": {}}, {"data": None}, {"success": False, "data": []}))
def test_an_answer_without_a_list_of_entries_is_none(
    running: Callable[..., Server], opens: Opens, told: dict[str, object]
) -> None:
    server = running(answer_json(told))
    assert ask(opens(server.listed), server.url).problem == NO_DATABASE


def test_a_database_that_says_it_is_ill_is(running: Callable[..., Server], opens: Opens) -> None:
    server = running(answer_json({"success": False, "message": "<b>ill</b>"}))
    assert look(opens(server.listed), server.url).problem == UNHEALTHY


@pytest.mark.parametrize("status", ("400 Bad", "401 No", "404 Gone", "500 Oops", "503 <script>"))
def test_a_refusal_is_told_by_its_number_and_nothing_else(
    running: Callable[..., Server], opens: Opens, status: str
) -> None:
    server = running(answer(b"password=hunter2", status))
    told = f"It answered with status {status[:3]}."
    assert look(opens(server.listed), server.url).problem == told
    assert ask(opens(server.listed), server.url).problem == told


@pytest.mark.parametrize(
    "data",
    (
        b"",
        b"\r\n",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n" + WELL,
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n{}{}{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 400 + b"\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxx\r\n{}\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"f" * 40 + b"\r\n{}",
        b"HTTP/1.1 200 OK\r\nbad header\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nX: a\x00b\r\n\r\n{}",
        b"HTTP/1.1 999999 OK\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\n" + b"X-Long: " + b"x" * 300_000 + b"\r\n\r\n{}",
    ),
)
def test_what_is_no_http_is_told_as_such(
    running: Callable[..., Server], opens: Opens, data: bytes
) -> None:
    server = running(raw(data))
    assert look(opens(server.listed), server.url).problem in {BROKEN, TOO_LARGE}
    assert ask(opens(server.listed), server.url).problem in {BROKEN, TOO_LARGE}


def test_a_switch_of_protocols_is_a_refusal(running: Callable[..., Server], opens: Opens) -> None:
    server = running(raw(b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"))
    told = look(opens(server.listed), server.url).problem
    assert told in {BROKEN, "It answered with status 101."}


def test_an_answer_in_pieces_without_a_length_is_read(
    running: Callable[..., Server], opens: Opens
) -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    pieces = b"".join(b"1\r\n" + bytes([byte]) + b"\r\n" for byte in WELL)
    ways = (head + pieces + b"0\r\n\r\n", b"HTTP/1.0 200 OK\r\n\r\n" + WELL)
    for data in (*ways, b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + ways[0]):
        server = running(raw(data))
        assert look(opens(server.listed), server.url).problem is None


def test_packed_answers_are_refused_unopened(running: Callable[..., Server], opens: Opens) -> None:
    bomb = gzip.compress(b" " * 10_000_000 + WELL)
    for name in ("gzip", "deflate", "br", "zstd", "identity, gzip"):
        server = running(answer(bomb, "200 OK", f"Content-Encoding: {name}"))
        assert look(opens(server.listed), server.url).problem == ENCODED
    plain = running(answer(WELL, "200 OK", "Content-Encoding: identity"))
    assert look(opens(plain.listed), plain.url).problem is None


def _of_size(size: int) -> bytes:
    frame = b'{"success": true, "data": [], "x": ""}'
    return frame[:-2] + b"x" * (size - len(frame)) + frame[-2:]


def test_the_largest_answer_that_is_taken_and_one_byte_more(
    running: Callable[..., Server], opens: Opens
) -> None:
    def problems(size: int) -> list[str | None]:
        server = running(answer(_of_size(size)))
        others = opens(server.listed)
        return [look(others, server.url).problem, ask(others, server.url, seconds=5).problem]

    assert problems(MAX_HEALTH_BYTES) == [None, None]
    assert problems(MAX_HEALTH_BYTES + 1) == [TOO_LARGE, None]
    assert problems(MAX_ANSWER_BYTES) == [TOO_LARGE, None]
    assert problems(MAX_ANSWER_BYTES + 1) == [TOO_LARGE, TOO_LARGE]


def _gigabyte(visit: Visit) -> None:
    visit.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
    visit.repeat(b"x" * 100_000, 10_000)


def _endless_pieces(visit: Visit) -> None:
    visit.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    visit.repeat(b"1\r\nx\r\n" * 10_000, 100_000)


def _endless_fields(visit: Visit) -> None:
    visit.send(b"HTTP/1.1 200 OK\r\n")
    visit.repeat(b"X: y\r\n" * 10_000, 100_000)


def _endless_patience(visit: Visit) -> None:
    visit.repeat(b"HTTP/1.1 100 Continue\r\n\r\n" * 1_000, 100_000)


@pytest.mark.parametrize("act", (_gigabyte, _endless_pieces, _endless_fields, _endless_patience))
def test_an_answer_that_does_not_end_is_left_after_what_is_taken(
    running: Callable[..., Server], opens: Opens, act: Answer
) -> None:
    server = running(act)
    assert ask(opens(server.listed), server.url, seconds=5).problem in {TOO_LARGE, BROKEN}
    assert look(opens(server.listed), server.url).problem in {TOO_LARGE, BROKEN}
    assert max(visit.sent_bytes for visit in server.visits) < 20_000_000


def test_json_of_many_small_things_is_not_even_opened(
    running: Callable[..., Server], opens: Opens
) -> None:
    lists = b'{"data": [' + b"[]," * MAX_ANSWER_CONTAINERS + b"0]}"
    numbers = b'{"data": [' + b"1," * (MAX_ANSWER_VALUES + 1) + b"0]}"
    for body in (lists, numbers):
        server = running(answer(body))
        assert ask(opens(server.listed), server.url, seconds=5).problem == TOO_LARGE
    fits = b'{"data": [' + b"1," * (MAX_ANSWER_VALUES - 1) + b"0]}"
    server = running(answer(fits))
    assert ask(opens(server.listed), server.url, seconds=5).problem is None
