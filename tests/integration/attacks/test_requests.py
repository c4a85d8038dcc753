"""Requests that browsers are tricked into, that proxies misread, and that never end."""

from __future__ import annotations

import re
import socket
import time
from urllib.parse import quote

import httpx
import pytest

from bench.stack import Running
from tests.integration.house.application import make_app
from tests.integration.product.conftest import NewDataset, Person

UNSAFE = {"POST", "PUT", "PATCH", "DELETE"}
OPEN = {"hooks.gitlab", "session.go_to_gitlab"}  # a token of its own; nothing but a way to GitLab


def unsafe_routes(dataset: int) -> list[tuple[str, str]]:
    """Return method and path of every route that changes something, filled in for a dataset."""
    values = {"dataset_id": str(dataset), "head": "aa", "rest": "b" * 30, "uid": "c" * 32}
    found = []
    for rule in make_app().url_map.iter_rules():
        path = re.sub(r"<(?:[^:<>]+:)?(\w+)>", lambda part: values.get(part[1], "1"), rule.rule)
        methods = UNSAFE & (rule.methods or set())
        found += [(method, path) for method in methods if rule.endpoint not in OPEN]
    return found


def test_a_cookie_alone_changes_nothing_on_any_route(
    alice: Person, new_dataset: NewDataset, stack: Running
) -> None:
    dataset = new_dataset()
    alice.json("PUT", f"/datasets/{dataset}/files/a.bin", 201, content=b"a")
    head = alice.json("GET", f"/datasets/{dataset}")["head"]
    routes = unsafe_routes(dataset)
    assert len(routes) > 25
    with httpx.Client(base_url=stack.ready["app_url"]) as browser:
        browser.headers["Cookie"] = f"tokenGitLab={alice.token}"
        for method, path in routes:
            for headers in ({}, {"X-CSRF-Token": "0" * 64}, {"Accept": "application/json"}):
                answer = browser.request(method, path, headers=headers)
                assert answer.status_code == 403, (method, path, answer.status_code)
        form = {"csrf_token": "0" * 64, "path": "a.bin", "branch": "main"}
        assert browser.post(f"/datasets/{dataset}/delete-path", data=form).status_code == 403
        token = browser.get("/api/v1/csrf").json()["csrf_token"]
        assert alice.json("GET", f"/datasets/{dataset}")["head"] == head
        url = f"/api/v1/datasets/{dataset}/files/b.bin"
        assert browser.put(url, content=b"b", headers={"X-CSRF-Token": token}).status_code == 201


def test_another_persons_token_does_not_fit(alice: Person, bob: Person, stack: Running) -> None:
    url = f"{stack.ready['app_url']}/api/v1/csrf"
    tokens = [
        httpx.get(url, headers={"Cookie": f"tokenGitLab={who.token}"}).json()["csrf_token"]
        for who in (alice, bob)
    ]
    assert tokens[0] != tokens[1]
    body = {"name": "never made", "namespace": "lab"}
    headers = {"Cookie": f"tokenGitLab={alice.token}", "X-CSRF-Token": tokens[1]}
    answer = httpx.post(f"{stack.api}/datasets", json=body, headers=headers)
    assert (answer.status_code, answer.json()["error"]) == (403, "csrf")


@pytest.mark.parametrize(
    "goal",
    (
        "//evil.example",
        "/\\evil.example",
        "///evil.example",
        "https://evil.example",
        "/\t/evil.example",
        "\\\\evil.example",
        "javascript:alert(1)",
        "/\r\nSet-Cookie: a=b",
    ),
)
def test_signing_in_leads_nowhere_else(goal: str, alice: Person, stack: Running) -> None:
    url = f"{stack.ready['app_url']}/sign-in"
    headers = {"PRIVATE-TOKEN": alice.token}
    answer = httpx.get(url, params={"next": goal}, headers=headers)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/")
    assert "Set-Cookie" not in answer.headers
    honest = httpx.get(url, params={"next": "/datasets?page=2"}, headers=headers)
    assert honest.headers["Location"] == "/datasets?page=2"


def _send(stack: Running, text: str) -> str:
    """Send raw bytes; return all that comes back until the server closes."""
    host, port = str(stack.ready["app_url"]).removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(text.encode())
        parts = []
        while part := connection.recv(65536):
            parts.append(part)
    return b"".join(parts).decode()


SMUGGLED = (
    "GET /api/v1/user HTTP/1.1\r\nHost: x\r\nPRIVATE-TOKEN: {token}\r\nConnection: close\r\n\r\n"
)
FRAMINGS = (
    "Content-Length: 4\r\nTransfer-Encoding: chunked",
    "Transfer-Encoding: chunked\r\nContent-Length: 4",
    "Transfer-Encoding: xchunked",
    "Transfer-Encoding: identity, chunked, identity",
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
    "Transfer-Encoding : chunked",
    "Content-Length: 5\r\nContent-Length: 4",
    "Content-Length: +5",
    "Content-Length: 0x5",
    "Content-Length: 5, 5",
)


@pytest.mark.parametrize("framing", FRAMINGS)
def test_a_body_of_two_lengths_smuggles_nothing(
    framing: str, stack: Running, alice: Person
) -> None:
    head = f"POST /api/v1/datasets HTTP/1.1\r\nHost: x\r\n{framing}\r\n\r\n0\r\n\r\n"
    answer = _send(stack, head + SMUGGLED.format(token=alice.token))
    assert "alice" not in answer
    assert answer.split()[1] in {"400", "501"}, answer[:200]
    assert "alice" in _send(stack, SMUGGLED.format(token=alice.token))


def test_links_never_follow_the_host_that_was_asked(stack: Running, alice: Person) -> None:
    forged = (
        "Host: evil.example\r\nX-Forwarded-Host: evil.example\r\nForwarded: host=evil.example\r\n"
        f"X-Forwarded-Proto: https\r\nPRIVATE-TOKEN: {alice.token}\r\nConnection: close\r\n\r\n"
    )
    listing = _send(stack, f"GET /api/v1/datasets?per_page=1 HTTP/1.1\r\n{forged}")
    assert f"<{stack.ready['app_url']}/api/v1/datasets?page=2" in listing
    for path in (
        "/api/v1/datasets?per_page=1",
        "/datasets",
        "/datasets/",
        "/sign-in",
        "//datasets",
    ):
        assert "evil.example" not in _send(stack, f"GET {path} HTTP/1.1\r\n{forged}"), path


def test_headers_cannot_be_broken_by_names(alice: Person, new_dataset: NewDataset) -> None:
    base = f"/datasets/{new_dataset()}/files"
    for name in (
        "a%0d%0aX-Evil: 1",
        "a%00b",
        "a%1bb",
        "..%2f..%2fa",
        "a%5cb",
        "%2e%2e",
        ".git%2fa",
    ):
        answer = alice.http.put(f"{base}/{name}", content=b"x")
        assert answer.status_code in {400, 404, 405}, (name, answer.text)
        assert "X-Evil" not in answer.headers
    odd = 'quote" ; filename=evil.html \u202e%41.bin'
    alice.json("PUT", f"{base}/{quote(odd)}", 201, content=b"x")
    (row,) = alice.json("GET", f"{base.removesuffix('/files')}/tree")
    assert row["path"] == odd
    told = alice.http.get(f"{base}/{quote(odd)}")
    assert re.fullmatch(
        r"""attachment; filename="[^"]*"; filename\*=UTF-8''[\w.%~-]*""",
        told.headers["Content-Disposition"],
    )


@pytest.mark.parametrize(
    ("asked", "status"),
    (
        ("bytes=0-0", 206),
        ("bytes=" + ",".join("0-9" for _ in range(1000)), 200),
        ("bytes=0-0,-1", 200),
        ("bytes=99999999999999999999-", 416),
        ("bytes=5-2", 200),
        ("bytes=100-", 416),
        ("bytes=-0", 416),
        ("bytes=-99999", 206),
        ("bytes=\u0661-2", 200),
        ("lines=0-1", 200),
    ),
)
def test_ranges_give_one_part_or_the_whole(
    asked: str, status: int, stack: Running, alice: Person
) -> None:
    demo = stack.ready["demo"]
    url = f"/datasets/{demo['dataset_id']}/files/{demo['file']}"
    if status == 416:
        asked = "bytes=999999999-" if asked == "bytes=100-" else asked
    answer = alice.http.get(url, params={"ref": demo["tag"]}, headers=[(b"Range", asked.encode())])
    assert answer.status_code == status
    assert len(answer.content) <= int(answer.headers.get("X-Linked-Size", 10_000))


def test_slow_clients_do_not_stop_the_others(stack: Running, alice: Person) -> None:
    host, port = str(stack.ready["app_url"]).removeprefix("http://").split(":")
    put = "PUT /api/v1/datasets/1/files/slow.bin HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n"
    kinds = {
        "nothing at all": "",
        "half a head": "GET /health HTTP/1.1\r\nHost: x\r\n",
        "no body, from a stranger": f"{put}\r\nx",
        "no body, from a member": f"{put}PRIVATE-TOKEN: {alice.token}\r\n\r\nx",
        "no end of the connection": "GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    }
    for kind, text in kinds.items():
        slow = [socket.create_connection((host, int(port))) for _ in range(100)]
        try:
            for connection in slow:
                connection.sendall(text.encode())
            seconds = []
            for _ in range(5):
                began = time.perf_counter()
                assert httpx.get(f"{stack.ready['app_url']}/health", timeout=5).status_code == 200
                seconds.append(time.perf_counter() - began)
            assert max(seconds) < 3, (kind, seconds)
        finally:
            for connection in slow:
                connection.close()


def test_a_head_may_come_in_pieces_and_two_requests_at_once(stack: Running) -> None:
    host, port = str(stack.ready["app_url"]).removeprefix("http://").split(":")
    asked = b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n"
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        for pieces in ([asked], [asked[:9], asked[9:30], asked[30:]], [asked + asked]):
            for piece in pieces:
                connection.sendall(piece)
            wanted = b"".join(pieces).count(b"GET")
            answer = b""
            while answer.count(b"healthy") < wanted:
                answer += connection.recv(65536)
