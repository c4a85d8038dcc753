from __future__ import annotations

import base64
from pathlib import Path

import pytest

from tests.integration.assets_alone.servers import (
    ALICE,
    BOB,
    ROOT_TOKEN,
    Server,
    serving,
    write_tokens,
)


def by_basic(token: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"x:{token}".encode()).decode()}


def test_whoever_has_a_token_writes_and_everybody_reads(closed: Server) -> None:
    made = closed.upload("Weights", b"123", ALICE)
    assert made.status_code == 201, made.text
    told = closed.ask("GET", "/asset/Weights:1.0-initial").json()["data"]
    assert told["owner"] == "alice"
    assert told["assets_db_id"] == closed.db_id()
    assert closed.ask("GET", f"/asset-object/{told['asset_id']}").content == b"123"


@pytest.mark.parametrize("path", ("/upload_asset", "/asset", "/asset_registry"))
def test_nobody_in_particular_writes_nothing(closed: Server, path: str) -> None:
    refused = closed.ask("POST", path, json={"asset_name": "x"})
    assert refused.status_code in {400, 401}
    assert refused.json()["success"] is False
    refused = closed.upload("Nobody", b"1") if path == "/upload_asset" else refused
    assert closed.find({"asset_name": "Nobody"}) == []


def test_a_token_counts_by_each_of_its_doors_and_a_wrong_one_is_refused_for_reading_too(
    closed: Server,
) -> None:
    closed.upload("Private", b"x", ALICE, visibility="private")
    path = "/asset/Private:1.0-initial"
    for headers in (
        {"Authorization": f"Bearer {ALICE}"},
        {"PRIVATE-TOKEN": ALICE},
        by_basic(ALICE),
    ):
        assert closed.ask("GET", path, headers=headers).status_code == 200
    for headers in ({"PRIVATE-TOKEN": ALICE[:-1]}, by_basic("x"), {"Authorization": "Bearer"}):
        refused = closed.ask("GET", path, headers=headers)
        assert refused.status_code == 401, refused.text
        assert refused.json()["success"] is False


def test_owners_and_administrators_change_and_delete_others_do_not(closed: Server) -> None:
    closed.upload("Mine", b"m", ALICE)
    path = "/asset/Mine:1.0-initial"
    assert closed.ask("PUT", path, BOB, json={"asset_tags": ["b"]}).status_code == 403
    assert closed.ask("DELETE", path, BOB).status_code == 403
    assert closed.ask("PUT", path, ALICE, json={"asset_tags": ["a"]}).status_code == 200
    assert closed.ask("DELETE", path, ROOT_TOKEN).status_code == 200


def test_what_is_not_public_is_seen_by_whom_it_is_meant_for(closed: Server) -> None:
    closed.upload("Inside", b"i", ALICE, visibility="internal")
    closed.upload("Secret", b"s", ALICE, visibility="private")
    seen = {
        token: {
            name for name in ("Inside", "Secret") if closed.find({"asset_name": name}, token=token)
        }
        for token in ("", BOB, ALICE, ROOT_TOKEN)
    }
    assert seen[""] == set()
    assert seen[BOB] == {"Inside"}
    assert seen[ALICE] == {"Inside", "Secret"}
    assert seen[ROOT_TOKEN] == {"Inside", "Secret"}
    assert closed.ask("GET", "/asset/Secret:1.0-initial", BOB).status_code == 404


def test_a_cookie_alone_writes_nothing(closed: Server) -> None:
    closed.upload("Baked", b"b", ALICE)
    headers = {"Cookie": f"tokenGitLab={ALICE}"}
    refused = closed.ask("DELETE", "/asset/Baked:1.0-initial", headers=headers)
    assert (refused.status_code, refused.json()["error"]) == (403, "csrf")


def test_a_token_that_is_taken_out_of_the_file_is_refused_at_once(tmp_path: Path) -> None:
    tokens = write_tokens(tmp_path)
    with serving(tmp_path / "home", {"LABSET_ASSETS_TOKENS": str(tokens)}) as server:
        assert server.upload("First", b"1", BOB).status_code == 201
        tokens.write_text(f"alice {ALICE}\n")
        assert server.upload("Second", b"2", BOB).status_code == 401
        assert server.upload("Third", b"3", ALICE).status_code == 201
        tokens.chmod(0o644)
        assert server.upload("Fourth", b"4", ALICE).status_code == 503
        assert server.ask("GET", "/asset/First:1.0-initial").status_code == 200
    assert BOB not in server.told()
    assert ALICE not in server.told()


def test_open_means_open_but_a_wrong_token_and_a_foreign_page_are_refused(opened: Server) -> None:
    assert opened.upload("Anybodys", b"a").status_code == 201
    assert opened.upload("Wrong", b"w", "a-token-that-nobody-has").status_code == 401
    path = "/asset/Anybodys:1.0-initial"
    foreign = {"Origin": "https://evil.example"}
    refused = opened.ask("DELETE", path, headers=foreign)
    assert (refused.status_code, refused.json()["error"]) == (403, "csrf")
    assert opened.ask("GET", path, headers=foreign).status_code == 200
    assert opened.ask("DELETE", path, headers={"Origin": opened.url}).status_code == 200
