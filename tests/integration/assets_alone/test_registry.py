"""Asset databases that know one another by their registries, as strangers on a network do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from tests.integration.assets_alone.servers import ALICE, Server, serving, write_tokens
from tests.storage_servers import S3Server


@dataclass(frozen=True)
class Strangers:
    """Two servers that share nothing."""

    one: Server
    other: Server


@pytest.fixture(scope="module")
def strangers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Strangers]:
    folder = tmp_path_factory.mktemp("strangers")
    intranet = {"LABSET_ALLOWED_HOSTS": "127.0.0.1"}
    tokens = {"LABSET_ASSETS_TOKENS": str(write_tokens(folder))}
    with ExitStack() as running:
        yield Strangers(
            running.enter_context(serving(folder / "one", intranet | tokens)),
            running.enter_context(
                serving(folder / "other", intranet | {"LABSET_ASSETS_OPEN": "1"})
            ),
        )


def register(at: Server, other: Server, token: str = "") -> str:
    entry = {"asset_registry_name": "the other", "asset_registry_public_url": other.url}
    made = at.ask("POST", "/asset_registry", token, json=entry)
    assert made.status_code == 201, made.text
    return str(made.json()["data"]["id"])


def test_each_finds_the_other_in_its_registry_and_its_public_assets(strangers: Strangers) -> None:
    one, other = strangers.one, strangers.other
    entry = register(one, other, ALICE)
    back = register(other, one)
    for server, entry_id in ((one, entry), (other, back)):
        looked = server.ask("GET", f"/check_health/{entry_id}").json()
        assert looked["data"]["status"] == "healthy", looked
    one.upload("Shown", b"s", ALICE, asset_tags=["wide"])
    one.upload("Hidden", b"h", ALICE, asset_tags=["wide"], visibility="private")
    other.upload("Open", b"o", asset_tags=["wide"])
    for server, entry_id, expected in ((one, entry, "Open"), (other, back, "Shown")):
        answer = server.ask(
            "POST", "/assets?scope=third-party", json={"asset_tags": ["wide"]}
        ).json()
        assert [found["asset_name"] for found in answer["data"]] == [expected], answer
        assert {found["asset_registry_id"] for found in answer["data"]} == {entry_id}


def test_a_server_that_went_away_is_unhealthy_and_holds_nothing_up(strangers: Strangers) -> None:
    gone = Server(strangers.one.home.with_name("gone"), {})
    entry_id = register(strangers.one, gone, ALICE)
    looked = strangers.one.ask("GET", f"/check_health/{entry_id}").json()
    assert looked["data"]["status"] == "unhealthy"
    answer = strangers.one.ask("POST", "/assets?scope=third-party", json={})
    assert answer.status_code == 200


def test_what_lies_inside_is_not_asked_unless_the_operator_says_so(closed: Server) -> None:
    entry = {"asset_registry_name": "inside", "asset_registry_public_url": "http://127.0.0.1:1"}
    refused = closed.ask("POST", "/asset_registry", ALICE, json=entry)
    assert (refused.status_code, refused.json()["error"]) == (403, "address_not_allowed")


def test_the_operators_own_store_is_no_address_for_the_registry(
    opened: Server, s3: S3Server
) -> None:
    entry = {"asset_registry_name": "the store", "asset_registry_public_url": s3.endpoint}
    refused = opened.ask("POST", "/asset_registry", json=entry)
    assert (refused.status_code, refused.json()["error"]) == (403, "address_not_allowed")
