"""Addresses in the registry that lead where nobody may go: this machine, its network, other programs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from bench.stack import Running
from tests.integration.attacks.test_addresses import ENDPOINTS
from tests.integration.outgoing.servers import Server, answer, serving
from tests.integration.product.conftest import Person

INSIDE = (
    "http://127.0.0.1:{port}",
    "http://127.0.0.1:{port}/base",
    "http://localhost:{port}",
    "http://0.0.0.0:{port}",
    "http://[::ffff:127.0.0.1]:{port}",
    "http://[::1]:{port}",
    "http://[64:ff9b::7f00:1]:{port}",
    "http://127.1:{port}",
    "http://2130706433:{port}",
    "http://good@127.0.0.1:{port}/",
    "http://example.com@127.0.0.1:{port}/",
    "http://127.0.0.1:{port}\\@example.com/",
    "http://127.0.0.1:{port}/\r\nHost: example.com",
    "http://127.0.0.1.:{port}/",
    "//127.0.0.1:{port}/",
    "https://127.0.0.1:{port}",
    "{app}",
)


@pytest.fixture
def inside() -> Iterator[Server]:
    """A server of the machine's own, which the operator has not listed."""
    with serving(answer()) as server:
        yield server


def register(who: Person, stack: Running, url: str) -> Any:  # noqa: ANN401 - an answer of httpx
    entry = {"asset_registry_name": "a database", "asset_registry_public_url": url}
    return who.http.post(f"{stack.ready['app_url']}/asset_registry", json=entry)


def count(who: Person, stack: Running) -> int:
    answer = who.http.post(f"{stack.ready['app_url']}/asset_registries", json={})
    return len(answer.json()["data"])


def addresses(stack: Running, port: int) -> list[str]:
    gitlab, s3 = str(stack.ready["gitlab_url"]), str(stack.ready["s3"]["endpoint"])
    marks = {"{gitlab}": gitlab, "{s3}": s3, "{gitlab_port}": gitlab.rpartition(":")[2]}
    marks |= {"{port}": str(port), "{app}": str(stack.ready["app_url"])}
    filled = []
    for text in (*INSIDE, *(one for one in ENDPOINTS if one not in _HONEST_WITHOUT_BLANKS)):
        for mark, value in marks.items():
            text = text.replace(mark, value)  # noqa: PLW2901 - each mark in turn
        filled.append(text)
    return filled


# Blanks around an address are taken away: what is left is the listed S3 server's own address.
_HONEST_WITHOUT_BLANKS = ("{s3}\t", " {s3}", "{s3}\n")


def test_addresses_that_lead_inside_are_refused_and_nothing_is_sent_or_kept(
    stack: Running, alice: Person, inside: Server
) -> None:
    before = count(alice, stack)
    for url in addresses(stack, inside.port):
        refused = register(alice, stack, url)
        assert refused.status_code in {400, 403}, (url, refused.text)
        told = refused.json()
        assert told["success"] is False
        assert told["error"] in {"invalid", "address_not_allowed"}, (url, told)
    assert count(alice, stack) == before
    assert inside.connections == 0


def test_an_entry_cannot_be_led_inside_afterwards(
    stack: Running, alice: Person, inside: Server
) -> None:
    made = register(alice, stack, stack.ready["s3"]["endpoint"])
    entry = f"{stack.ready['app_url']}/asset_registry/{made.json()['asset_registry_id']}"
    before = alice.http.get(entry).json()["data"]
    for url in addresses(stack, inside.port):
        refused = alice.http.put(entry, json={"asset_registry_public_url": url})
        assert refused.status_code in {400, 403}, (url, refused.text)
    assert alice.http.get(entry).json()["data"] == before
    assert inside.connections == 0
    assert alice.http.delete(entry).status_code == 200


def test_what_the_operator_lists_may_be_registered_and_is_looked_at(
    stack: Running, alice: Person
) -> None:
    made = register(alice, stack, stack.ready["s3"]["endpoint"])
    assert made.status_code == 201, made.text
    health = made.json()["data"]["health"]
    assert health["ok"] is False  # an S3 server is no asset database, and was asked whether it is
    assert health["problem"].startswith("It answered with")
    entry = made.json()["asset_registry_id"]
    assert alice.http.delete(f"{stack.ready['app_url']}/asset_registry/{entry}").status_code == 200
