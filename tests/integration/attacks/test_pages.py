"""Whatever people write, no page runs it, and no file is shown as a document of ours."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable

import httpx
import pytest
from playwright.sync_api import Dialog, Page

from bench.stack import Running
from tests.integration.attacks.hostile import Repository
from tests.integration.product.conftest import NewDataset, Person

SignIn = Callable[[Person], Page]
Clone = Callable[[Person, int], Repository]

RUN = "document.documentElement.dataset.owned=1"
XSS = f'"><img src=x onerror="{RUN}"><script>{RUN}</script>{{{{7*7}}}}'
NAME = f"'\"><svg onload={RUN}>.txt".replace("/", "")
HANDLERS = """[...document.querySelectorAll("*")].some(
    element => [...element.attributes].some(one => one.name.startsWith("on")))"""
SVG = f'<svg xmlns="http://www.w3.org/2000/svg" onload="{RUN}"><script>{RUN}</script></svg>'
HTML = f"<!doctype html><script>{RUN}</script>"
FILES = {
    "evil.svg": SVG.encode(),
    "evil.html": HTML.encode(),
    "evil.xml": f'<?xml version="1.0"?><x:script xmlns:x="http://www.w3.org/1999/xhtml">{RUN}</x:script>'.encode(),
    "evil.md": f"# x\n\n[a](javascript:{RUN})\n\n{XSS}\n".encode(),
    "polyglot.gif": b"GIF89a/*" + HTML.encode() + b"*/=1;",
    "polyglot.bmp": b"BM" + HTML.encode(),
    "polyglot.jpg": b"\xff\xd8\xff" + HTML.encode(),
    "evil.pdf": b"%PDF-1.7\n" + HTML.encode(),
    NAME: b"text",
}


@pytest.fixture(scope="module")
def evil(person: Callable[[str], Person]) -> int:
    """A dataset full of scripts: in names, texts, messages, tags, notes and branches."""
    alice = person("alice")
    site = next(one["id"] for one in alice.json("GET", "/storage-sites") if one["kind"] == "s3")
    body = {
        "name": f"evil {secrets.token_hex(4)}",
        "namespace": "lab",
        "description": XSS,
        "tags": [XSS],
    }
    dataset = int(alice.json("POST", "/datasets", 201, json=body)["id"])
    alice.json("PUT", f"/datasets/{dataset}/storage-site", json={"site_id": site})
    for name, data in FILES.items():
        path = httpx.URL("/").copy_with(path=f"/{name}").raw_path.decode()
        url = f"/datasets/{dataset}/files{path}"
        alice.json("PUT", url, 201, params={"message": XSS}, content=data)
    tag = {"name": "v1-<img/src=x/onerror=alert(1)>", "message": XSS}
    alice.json("POST", f"/datasets/{dataset}/tags", 201, json=tag)
    alice.http.put(
        f"/datasets/{dataset}/files/b.bin",
        params={"branch": "b-<svg/onload=alert(1)>"},
        content=b"b",
    )
    return dataset


def _pages(dataset: int) -> list[str]:
    base = f"/datasets/{dataset}"
    files = [
        f"{base}/file{httpx.URL('/').copy_with(path='/' + name).raw_path.decode()}"
        for name in FILES
    ]
    rooms = ("", "/tree/", "/versions", "/releases", "/access", "/upload")
    return [
        *(base + room for room in rooms),
        *files,
        "/datasets",
        "/storage-sites",
        "/datasets/new",
    ]


def test_no_page_runs_what_people_wrote(
    evil: int, sign_in: SignIn, carol: Person, repository: Clone, alice: Person
) -> None:
    work = repository(alice, evil)
    author = f"{XSS.replace('<', '(').replace('>', ')')} <a@example.org> 1700000000 +0000".encode()
    tip = work.commit(work.root, XSS.encode(), author)
    assert work.push(tip, "refs/heads/main")
    page = sign_in(carol)
    dialogs: list[str] = []

    def heard(dialog: Dialog) -> None:
        dialogs.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", heard)
    refs = ("", "?ref=b-%3Csvg/onload=alert(1)%3E", "?ref=v1-%3Cimg/src=x/onerror=alert(1)%3E")
    for address in _pages(evil):
        for ref in refs if address.endswith("/tree/") else refs[:1]:
            answer = page.goto(address + ref)
            assert answer is not None
            assert answer.status == 200, address
            policy = answer.headers["content-security-policy"]
            assert "'unsafe-inline'" not in policy
            assert "'unsafe-eval'" not in policy
            assert page.evaluate("document.documentElement.dataset.owned") is None, address
            assert page.locator("script:not([src]):not([type='application/json'])").count() == 0
            assert not page.evaluate(HANDLERS), address
            assert page.locator("a[href^='javascript:' i]").count() == 0, address
    page.goto(f"/datasets/{evil}")
    assert XSS in page.inner_text("body")  # it is shown as what it is
    assert dialogs == []


def test_no_file_is_a_document_of_ours(evil: int, sign_in: SignIn, carol: Person) -> None:
    page = sign_in(carol)
    page.on("dialog", lambda _: pytest.fail("a script ran"))
    for name in FILES:
        path = httpx.URL("/").copy_with(path=f"/{name}").raw_path.decode()
        url = f"/datasets/{evil}/files{path}"
        answer = carol.http.get(url, params={"inline": 1})
        assert answer.status_code == 200
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
        kind = answer.headers["Content-Type"]
        assert kind.startswith(("text/plain", "image/", "application/octet-stream")), (name, kind)
        assert "svg" not in kind
        if answer.headers["Content-Disposition"].startswith("inline"):
            page.goto(f"/api/v1{url}?inline=1")
            assert page.evaluate("document.documentElement.dataset.owned") is None
        plain = carol.http.get(url)
        assert plain.headers["Content-Disposition"].startswith("attachment")


def test_every_page_has_a_policy_also_those_of_errors(stack: Running, alice: Person) -> None:
    with httpx.Client(base_url=stack.ready["app_url"], follow_redirects=True) as http:
        for address in (
            "/",
            "/sign-in",
            "/nothing-here",
            "/datasets/999999",
            "/api/docs",
            "/datasets/1?ref=<script>",
        ):
            for headers in ({}, {"PRIVATE-TOKEN": alice.token}, {"PRIVATE-TOKEN": "<script>"}):
                answer = http.get(address, headers=headers)
                if not answer.headers["Content-Type"].startswith("text/html"):
                    continue
                policy = answer.headers["Content-Security-Policy"]
                assert "object-src 'none'" in policy
                assert "frame-ancestors 'none'" in policy
                assert "unsafe-inline" not in policy
                assert "=<script>" not in answer.text
        nonces = {http.get("/sign-in").headers["Content-Security-Policy"] for _ in range(3)}
        assert len(nonces) == 3


def test_logging_out_ends_a_session_that_was_copied(
    sign_in: SignIn, carol: Person, stack: Running
) -> None:
    page = sign_in(carol)
    cookies = {one["name"]: one for one in page.context.cookies()}
    session = cookies["labset_session"]
    assert session["httpOnly"]
    assert session["sameSite"] == "Lax"
    copied = {"Cookie": f"labset_session={session['value']}"}
    url = f"{stack.api}/user"
    assert httpx.get(url, headers=copied).json()["username"] == "carol"
    assert (
        httpx.get(url, headers={"Cookie": f"labset_session={session['value'][:-1]}x"}).status_code
        == 401
    )
    token = httpx.get(f"{stack.api}/csrf", headers=copied).json()["csrf_token"]
    out = f"{stack.ready['app_url']}/sign-out"
    assert httpx.post(out, headers=copied).status_code == 403
    assert httpx.get(url, headers=copied).status_code == 200
    began = time.monotonic()
    assert httpx.post(out, headers=copied, data={"csrf_token": token}).status_code == 302
    assert httpx.get(url, headers=copied).status_code == 401
    assert time.monotonic() - began < 5


def test_a_session_that_was_planted_before_is_not_taken_over(
    sign_in: SignIn, carol: Person, stack: Running
) -> None:
    page = sign_in(carol)
    planted = "A" * 43
    page.context.add_cookies(
        [{"name": "labset_session", "value": planted, "url": stack.ready["app_url"]}]
    )
    page.goto("/sign-in")
    page.get_by_role("button", name="Sign in with GitLab").click()
    page.wait_for_load_state()
    if "/oauth/authorize" in page.url:
        page.get_by_role("button", name="Authorize").click()
    page.wait_for_url(f"{stack.ready['app_url']}/**")
    cookies = {one["name"]: one["value"] for one in page.context.cookies()}
    assert cookies["labset_session"] != planted
    headers = {"Cookie": f"labset_session={planted}"}
    assert httpx.get(f"{stack.api}/user", headers=headers).status_code == 401
    forged = httpx.get(
        f"{stack.ready['app_url']}/sign-in/callback", params={"state": "B" * 32, "code": "x"}
    )
    assert forged.status_code == 400
    assert "labset_session" not in forged.headers.get("Set-Cookie", "")


def test_whoever_signed_in_by_oauth_may_write(
    sign_in: SignIn, carol: Person, new_dataset: NewDataset, stack: Running
) -> None:
    """The twin of a token that is for reading only: an OAuth token tells no scopes of its own."""
    page, dataset = sign_in(carol), new_dataset()
    value = next(one["value"] for one in page.context.cookies() if one["name"] == "labset_session")
    headers = {"Cookie": f"labset_session={value}"}
    headers["X-CSRF-Token"] = httpx.get(f"{stack.api}/csrf", headers=headers).json()["csrf_token"]
    url = f"{stack.api}/datasets/{dataset}/files/a.bin"
    assert httpx.put(url, content=b"a", headers=headers).status_code == 201
    assert carol.http.get(f"/datasets/{dataset}/files/a.bin").content == b"a"
