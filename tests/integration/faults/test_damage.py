"""Whatever happens to an object at the site, no wrong answer is ever completed (P6, P7)."""

from __future__ import annotations

import secrets

import pytest

from tests.integration.faults.damage import (
    KINDS,
    PART_BYTES,
    Stored,
    flip_somewhere,
    spoil,
    store,
    wrong_answers,
)
from tests.integration.faults.uploading import announce
from tests.integration.faults.world import World

SMALL, LARGE = 3_000, 9_500_000  # one request and one block; parts and blocks


@pytest.fixture(scope="module")
def dataset(world: World) -> int:
    """A dataset to spoil."""
    return world.new_dataset()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", (SMALL, LARGE))
def test_a_damaged_object_is_never_sent_and_the_right_bytes_repair_it(
    world: World, dataset: int, kind: str, size: int
) -> None:
    path = f"{kind}/{size}.bin"
    (stored,) = store(world, dataset, {path: secrets.token_bytes(size)})
    assert wrong_answers(world, stored) == []
    spoil(world, stored, kind, in_parts=size == LARGE)
    assert wrong_answers(world, stored) == []
    told = world.alice.http.get(f"{stored.url}?ref=main", headers={"Range": "bytes=0-0"})
    assert told.status_code in {206, 409, 502}
    world.alice.json("PUT", stored.url, content=stored.data)
    check_whole(world, stored)


def check_whole(world: World, stored: Stored) -> None:
    """Check that the file is served again."""
    got = world.alice.http.get(stored.url)
    assert got.status_code == 200
    assert got.content == stored.data
    kept = world.bucket().Object(world.object_key(stored.dataset, stored.md5))
    assert kept.get()["Body"].read() == stored.data


def test_a_session_that_sends_the_right_bytes_repairs_them_as_well(
    world: World, dataset: int
) -> None:
    (stored,) = store(world, dataset, {"session.bin": secrets.token_bytes(SMALL)})
    for kind in ("flip_last", "cut", "emptied"):
        spoil(world, stored, kind)
        files = {stored.path: stored.data}
        body = {"message": "repair", "files": announce(files)}
        session = world.alice.json("POST", f"/datasets/{dataset}/uploads", 201, json=body)
        assert session["files"][0]["state"] == "missing", kind
        url = f"/datasets/{dataset}/uploads/{session['id']}"
        assert world.alice.http.post(f"{url}/commit").status_code == 422
        world.alice.json("PUT", f"{url}/files/{stored.path}", content=stored.data)
        world.alice.json("POST", f"{url}/commit")
        check_whole(world, stored)


def test_bytes_that_are_gone_are_told_as_such_and_can_be_sent_again(
    world: World, dataset: int
) -> None:
    (stored,) = store(world, dataset, {"gone.bin": secrets.token_bytes(SMALL)})
    world.bucket().Object(world.object_key(dataset, stored.md5)).delete()
    assert world.alice.json("GET", stored.url, 409)["error"] == "data_missing"
    world.alice.json("PUT", stored.url, content=stored.data)
    check_whole(world, stored)


def test_a_damaged_block_spoils_no_range_beside_it(world: World, dataset: int) -> None:
    (stored,) = store(world, dataset, {"blocks.bin": secrets.token_bytes(3 * PART_BYTES)})
    spoil(world, stored, "flip_last", in_parts=True)
    got = world.alice.http.get(stored.url, headers={"Range": "bytes=100-199"})
    assert got.status_code == 206
    assert got.content == stored.data[100:200]
    last = len(stored.data) - 1
    refused = world.alice.http.get(stored.url, headers={"Range": f"bytes={last}-{last}"})
    assert refused.status_code == 502
    assert refused.json()["error"] == "damaged"


def test_a_changed_listing_or_pointer_never_yields_other_bytes(world: World, dataset: int) -> None:
    (stored,) = store(world, dataset, {"listed.bin": secrets.token_bytes(SMALL)})
    wrong = flip_somewhere(stored.data)
    place = world.bucket().Object(world.object_key(dataset, stored.md5))
    place.put(Body=wrong, ContentType="image/png", Metadata={"md5": stored.md5})
    assert wrong_answers(world, stored) == []
