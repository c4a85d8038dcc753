"""Storage sites that lead where nobody may go: the server's own network, other folders, other files."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bench.stack import Running
from tests.integration.product.conftest import Person

ENDPOINTS = (
    "{gitlab}",
    "http://localhost:{gitlab_port}",
    "http://127.1",
    "http://2130706433",
    "http://0x7f.1",
    "http://0177.0.0.1",
    "http://[::1]:80",
    "http://[::ffff:127.0.0.1]",
    "http://[::127.0.0.1]",
    "http://[64:ff9b::7f00:1]",
    "http://[64:ff9b:1:7f00:0:100:808:808]",
    "http://[2002:7f00:1::]",
    "http://[fe80::1%25eth0]",
    "http://[fc00::1]",
    "http://169.254.169.254",
    "http://10.0.0.1",
    "http://100.64.0.1",
    "http://0.0.0.0",
    "http://[::]",
    "http://224.0.0.1",
    "http://user:password@s3.amazonaws.com",
    "http://s3.amazonaws.com@127.0.0.1",
    "{s3}/../x",
    "{s3}?x",
    "{s3}#x",
    "{s3}\t",
    " {s3}",
    "{s3}\n",
    "http://127.0.0.1\\@example.com",
    "file:///etc",
    "gopher://127.0.0.1",
    "http://127\u30020\u30020\u30021",
    "https://example.com; script-src *",
)
URLS = (
    "s3://labset/../x",
    "s3://labset/a/../../b",
    "s3://labset/%2e%2e/x",
    "s3://labset/a\nb",
    "s3://labset/a b",
    "s3://labset/x?versionId=1",
    "s3://user:password@labset/x",
    "s3://127.0.0.1/x",
    "file:///etc",
)


@pytest.fixture
def register(stack: Running, alice: Person) -> Callable[..., Any]:
    s3 = stack.ready["s3"]

    def send(**fields: str) -> Any:  # noqa: ANN401 - an answer of httpx
        keys = {"access_key": s3["access_key"], "secret_key": s3["secret_key"]}
        body = {"name": f"site {secrets.token_hex(4)}", "namespace": "lab", "kind": "s3"}
        body |= {"url": "s3://labset/attack", "endpoint": s3["endpoint"]}
        return alice.http.post("/storage-sites", json={**body, "credentials": keys, **fields})

    return send


def _filled(text: str, stack: Running) -> str:
    gitlab = str(stack.ready["gitlab_url"])
    values = {"{gitlab}": gitlab, "{s3}": stack.ready["s3"]["endpoint"]}
    values["{gitlab_port}"] = gitlab.rpartition(":")[2]
    for mark, value in values.items():
        text = text.replace(mark, value)
    return text


def test_endpoints_that_lead_inside_are_refused_before_anything_is_sent(
    register: Callable[..., Any], stack: Running, alice: Person
) -> None:
    before = len(alice.json("GET", "/storage-sites"))
    for field in ("endpoint", "public_endpoint"):
        for text in ENDPOINTS:
            answer = register(**{field: _filled(text, stack)})
            assert answer.status_code in {400, 403}, (field, text, answer.text)
            assert answer.json()["error"] in {"invalid", "address_not_allowed"}, (field, text)
    assert len(alice.json("GET", "/storage-sites")) == before


def test_buckets_prefixes_and_regions_cannot_say_anything_else(
    register: Callable[..., Any],
) -> None:
    for url in URLS:
        assert register(url=url).status_code == 400, url
    for region in ("us-east-1\n['remote \"labset\"']", "x.evil.example/#", "../x"):
        assert register(region=region).status_code == 400, region
    honest = register()
    assert honest.status_code == 201
    assert "secret" not in honest.text.replace("secret_key", "")


@pytest.fixture
def planted(stack: Running) -> Iterator[Path]:
    """A symbolic link below the roots that leads out of them."""
    link = stack.home / "local-sites" / f"link-{secrets.token_hex(4)}"
    link.symlink_to("/etc")
    yield link
    link.unlink()


def test_local_sites_stay_below_their_roots(
    person: Callable[[str], Person], stack: Running, planted: Path
) -> None:
    roots = stack.home / "local-sites"
    folder = roots / secrets.token_hex(4)
    folder.mkdir()
    refused = {
        f"file://{planted}": 403,
        f"file://{planted}/ssl": 403,
        "file:///etc": 403,
        f"file://{roots}/../..": 400,
        f"file://{roots}/%2e%2e/%2e%2e": 400,
        f"file://host{folder}": 400,
    }
    body = {"name": f"local {secrets.token_hex(4)}", "namespace": "root", "kind": "local"}
    root, alice = person("root"), person("alice")
    for url, status in refused.items():
        assert root.http.post("/storage-sites", json={**body, "url": url}).status_code == status
    url = f"file://{folder}"
    refusal = alice.http.post("/storage-sites", json={**body, "namespace": "lab", "url": url})
    assert refusal.status_code == 403
    assert root.http.post("/storage-sites", json={**body, "url": url}).status_code == 201
