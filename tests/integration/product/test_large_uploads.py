"""Large files of an upload session: parts straight to the site, and pieces through Labset."""

from __future__ import annotations

import hashlib
import secrets
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
import pytest

from bench.stack import Running
from tests.integration.product.conftest import NewDataset, Person

Session = dict[str, Any]
MIB = 1024 * 1024
PATH = "long/ä video.bin"


def md5_of(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def some_bytes(size: int) -> bytes:
    return (secrets.token_bytes(MIB) * (size // MIB + 1))[:size]


def begin(
    who: Person, dataset: int, data: bytes, md5: str | None = None, **fields: object
) -> Session:
    file = {"path": PATH, "size": len(data), "md5": md5 or md5_of(data)}
    body = {"message": "large", "files": [file], **fields}
    return dict(who.json("POST", f"/datasets/{dataset}/uploads", 201, json=body))


def session_url(dataset: int, session: Session) -> str:
    return f"/datasets/{dataset}/uploads/{session['id']}"


def file_url(dataset: int, session: Session) -> str:
    return f"{session_url(dataset, session)}/files/{quote(PATH)}"


def links(who: Person, dataset: int, session: Session, *parts: int) -> Mapping[str, Any]:
    body: dict[str, object] = {"paths": [PATH]}
    if parts:
        body["parts"] = parts
    answer = who.json("POST", f"{session_url(dataset, session)}/links", json=body)
    return dict(answer["files"][0]["parts"])


def send_parts(data: bytes, parts: Mapping[str, Any], numbers: Sequence[int]) -> None:
    size = parts["part_bytes"]
    urls = {one["number"]: one for one in parts["urls"]}
    for number in numbers:
        one = urls[number]
        piece = data[(number - 1) * size : number * size]
        answer = httpx.request(one["method"], one["url"], content=piece, headers=one["headers"])
        assert answer.status_code == 200, answer.text


def complete(who: Person, url: str) -> httpx.Response:
    deadline = time.monotonic() + 60
    while (answer := who.http.post(f"{url}/complete")).status_code == 202:
        assert answer.json()["state"] == "verifying"
        assert time.monotonic() < deadline
    return answer


def is_committed(who: Person, dataset: int, session: Session, data: bytes) -> bool:
    done = who.json("POST", f"{session_url(dataset, session)}/commit")
    params = {"ref": done["commit"]}
    got = who.http.get(f"/datasets/{dataset}/files/{quote(PATH)}", params=params)
    return bool(got.content == data)


@pytest.fixture(scope="module")
def large() -> bytes:
    """A little more than what is sent in one request at most."""
    return some_bytes(66 * MIB + 77)


def test_parts_are_sent_to_the_site_and_another_process_goes_on(
    carol: Person, new_dataset: NewDataset, large: bytes
) -> None:
    dataset = new_dataset()
    session = begin(carol, dataset, large, multipart=True)
    told = session["files"][0]
    assert told["received_bytes"] == 0
    parts = told["parts"]
    assert (parts["part_bytes"], parts["count"], parts["present"]) == (8 * MIB, 9, [])
    assert [one["number"] for one in parts["urls"]] == list(range(1, 10))
    send_parts(large, parts, [1, 2, 4])
    url = file_url(dataset, session)
    early = carol.http.post(f"{url}/complete")
    assert early.status_code == 422
    assert early.json()["details"]["missing_parts"] == [3, 5, 6, 7, 8, 9]
    told = carol.json("GET", session_url(dataset, session))["files"][0]
    assert told["received_bytes"] == 16 * MIB
    assert [one["number"] for one in told["parts"]["present"]] == [1, 2, 4]
    rest = [one["number"] for one in told["parts"]["urls"]]
    assert rest == [3, 5, 6, 7, 8, 9]
    send_parts(large, links(carol, dataset, session, *rest), rest)
    answer = complete(carol, url)
    assert (answer.status_code, answer.json()["state"]) == (200, "present")
    assert carol.json("GET", session_url(dataset, session))["files"][0]["state"] == "present"
    assert is_committed(carol, dataset, session, large)


def test_a_commit_verifies_what_nobody_completed(
    alice: Person, new_dataset: NewDataset, large: bytes
) -> None:
    dataset = new_dataset()
    session = begin(alice, dataset, large, multipart=True)
    parts = session["files"][0]["parts"]
    send_parts(large, parts, range(1, 9))
    refused = alice.json("POST", f"{session_url(dataset, session)}/commit", 422)
    assert refused["details"]["missing"] == [PATH]
    send_parts(large, parts, [9])
    assert is_committed(alice, dataset, session, large)


def test_wrong_bytes_are_refused_by_their_path_and_may_be_sent_anew(
    alice: Person, new_dataset: NewDataset, large: bytes
) -> None:
    dataset = new_dataset()
    session = begin(alice, dataset, large, multipart=True)
    numbers = range(1, 10)
    send_parts(large[:-1] + b"!", session["files"][0]["parts"], numbers)
    for url in (
        f"{session_url(dataset, session)}/commit",
        f"{file_url(dataset, session)}/complete",
    ):
        refused = alice.json("POST", url, 400)
        assert (refused["error"], refused["details"]) == ("wrong_checksum", {"path": PATH})
    parts = links(alice, dataset, session)
    assert parts["present"] == []
    send_parts(large, parts, numbers)
    assert complete(alice, file_url(dataset, session)).status_code == 200
    assert is_committed(alice, dataset, session, large)


def test_links_to_parts_are_given_to_whoever_may_write_now(
    alice: Person, bob: Person, new_dataset: NewDataset, large: bytes
) -> None:
    dataset = new_dataset()
    session = begin(alice, dataset, large, multipart=True)
    url = f"{session_url(dataset, session)}/links"
    body = {"paths": [PATH], "parts": [1]}
    assert bob.http.post(url, json=body).status_code == 404
    assert alice.http.post(url, json={**body, "parts": [10]}).status_code == 400
    assert alice.http.post(url, json={**body, "parts": "1"}).status_code == 400
    alice.json("DELETE", session_url(dataset, session), 204)
    parts = session["files"][0]["parts"]
    late = httpx.put(parts["urls"][0]["url"], content=large[: 8 * MIB])
    assert late.status_code == 404


def test_only_large_files_of_sessions_that_ask_have_parts_and_folders_have_none(
    alice: Person, new_dataset: NewDataset, local_site: int, large: bytes
) -> None:
    small = begin(alice, new_dataset(), large[: 64 * MIB], multipart=True)
    unasked = begin(alice, new_dataset(), large)
    folder = begin(alice, new_dataset(site=local_site), large, multipart=True)
    for session in (small, unasked, folder):
        assert "parts" not in session["files"][0]
        assert session["files"][0]["upload"]["method"] == "PUT"


@pytest.mark.parametrize("site", ("s3_site", "local_site"))
def test_a_file_goes_on_where_its_connection_was_cut(
    alice: Person, new_dataset: NewDataset, site: str, request: pytest.FixtureRequest
) -> None:
    dataset = new_dataset(site=request.getfixturevalue(site))
    data = some_bytes(21 * MIB + 5)
    session = begin(alice, dataset, data)
    url = file_url(dataset, session)
    at = 0
    for size in (1, 9 * MIB + 3, 70_000, 8 * MIB):
        send_cut(alice, url, data, at, size)
        at += size
        assert eventually_received(alice, url, len(data), at)
    assert alice.http.head(url).headers["X-Received-Bytes"] == str(at)
    told = alice.json("GET", session_url(dataset, session))["files"][0]
    assert (told["state"], told["received_bytes"]) == ("missing", at)
    for first in (at - 1, at + 1):
        wrong = put_piece(alice, url, data, first, first + 10)
        assert (wrong.status_code, wrong.json()["error"]) == (409, "wrong_offset")
        assert wrong.json()["details"] == {"expected": at}
    piece = put_piece(alice, url, data, at, at + 100)
    assert (piece.status_code, piece.json()["received"]) == (202, at + 100)
    last = put_piece(alice, url, data, at + 100, len(data))
    assert last.status_code in {200, 202}
    assert complete(alice, url).status_code == 200
    assert is_committed(alice, dataset, session, data)


def test_pieces_of_wrong_bytes_are_refused_in_the_end(
    alice: Person, new_dataset: NewDataset
) -> None:
    dataset = new_dataset()
    data = some_bytes(5 * MIB)
    session = begin(alice, dataset, data, md5=md5_of(b"other"))
    url = file_url(dataset, session)
    assert put_piece(alice, url, data, 0, MIB).status_code == 202
    assert alice.http.put(
        url, content=b"x", headers={"Content-Range": f"bytes {MIB}-{MIB}/{len(data) + 1}"}
    ).json()["error"] == ("wrong_size")
    refused = put_piece(alice, url, data, MIB, len(data))
    assert (refused.status_code, refused.json()["error"]) == (400, "wrong_checksum")
    assert alice.http.head(url).headers["X-Received-Bytes"] == "0"


def test_a_chunked_push_of_dvc_takes_little_memory_whatever_its_size(
    alice: Person, new_dataset: NewDataset, stack: Running
) -> None:
    piece = some_bytes(8 * MIB)
    digest = hashlib.md5(usedforsecurity=False)
    for _ in range(40):
        digest.update(piece)
    name = digest.hexdigest()
    before = stack.resident_bytes()
    most = before

    def pieces() -> Iterator[bytes]:
        nonlocal most
        for _ in range(40):
            yield piece
            most = max(most, stack.resident_bytes())

    url = f"{stack.ready['app_url']}/dvc/{new_dataset()}/files/md5/{name[:2]}/{name[2:]}"
    answer = alice.http.post(url, content=pieces(), timeout=300)
    assert answer.status_code == 201, answer.text
    assert max(most, stack.resident_bytes()) - before < 64 * MIB


def put_piece(who: Person, url: str, data: bytes, first: int, end: int) -> httpx.Response:
    headers = {"Content-Range": f"bytes {first}-{end - 1}/{len(data)}"}
    return who.http.put(url, content=data[first:end], headers=headers)


def send_cut(who: Person, url: str, data: bytes, first: int, size: int) -> None:
    """Announce the whole rest of a file, send some of it, and hang up."""
    where = urlsplit(str(who.http.base_url))
    lines = (
        f"PUT /api/v1{url} HTTP/1.1",
        f"Host: {where.netloc}",
        f"PRIVATE-TOKEN: {who.token}",
        f"Content-Length: {len(data) - first}",
        f"Content-Range: bytes {first}-{len(data) - 1}/{len(data)}",
    )
    with closing(socket.create_connection((where.hostname or "", where.port or 80), 20)) as wire:
        wire.sendall("\r\n".join((*lines, "", "")).encode() + data[first : first + size])
        wire.shutdown(socket.SHUT_WR)
        wire.recv(200)


def eventually_received(who: Person, url: str, total: int, wanted: int) -> bool:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        answer = who.http.put(url, headers={"Content-Range": f"bytes */{total}"})
        assert answer.status_code == 202
        if answer.json()["received"] == wanted:
            return True
    return False
