"""Verification tells the truth: of what is gone, cut, changed or cannot be read, and of nothing else."""

from __future__ import annotations

import hashlib
import secrets
import time
from typing import Any

import boto3
import pytest

from bench.stack import Running
from tests.integration.product.conftest import NewDataset, Person

LIMIT_SECONDS = 60
MIB = 1024 * 1024
Json = dict[str, Any]


@pytest.fixture
def bucket(stack: Running) -> Any:  # noqa: ANN401 - boto3 has no types of its own
    """The demo's bucket, behind Labset's back."""
    s3 = stack.ready["s3"]
    session = boto3.session.Session(s3["access_key"], s3["secret_key"])
    return session.resource("s3", endpoint_url=s3["endpoint"], region_name="us-east-1").Bucket(
        s3["bucket"]
    )


def put(bucket: Any, data: bytes, other: bytes | None) -> None:  # noqa: ANN401 - as above
    """Write other bytes in the place of an object, or delete it."""
    name = hashlib.md5(data, usedforsecurity=False).hexdigest()
    (found,) = (one for one in bucket.objects.all() if one.key.endswith(f"{name[:2]}/{name[2:]}"))
    if other is None:
        found.delete()
    else:
        found.put(Body=other)


@pytest.fixture
def filled(alice: Person, new_dataset: NewDataset) -> tuple[int, dict[str, bytes]]:
    """A dataset with small and large files, a text and a packed folder."""
    dataset = new_dataset()
    files = {f"many/{n}.bin": secrets.token_bytes(2000 + n) for n in range(600)}
    files |= {f"large/{n}.bin": secrets.token_bytes(6 * MIB + n) for n in range(2)}
    files |= {f"packed/{n}.bin": secrets.token_bytes(100 + n) for n in range(4)}
    files["README.md"] = b"# read me\n"
    parts = [("file", (name, data)) for name, data in files.items()]
    alice.json("POST", f"/datasets/{dataset}/files", 201, files=parts)
    alice.json("POST", f"/datasets/{dataset}/packs", json={"path": "packed", "message": "pack"})
    return dataset, files


def read_all(who: Person, dataset: int) -> Json:
    """Have every byte read; return the job when it has ended."""
    started = who.json("POST", f"/datasets/{dataset}/verification", 202, json={"ref": "main"})
    deadline = time.monotonic() + LIMIT_SECONDS
    while True:
        job: Json = who.json("GET", f"/jobs/{started['job']['id']}")
        if job["state"] in {"done", "failed"}:
            return job
        assert time.monotonic() < deadline, job
        time.sleep(0.1)


def paths(found: Json) -> dict[str, list[str]]:
    """Return the problems by sort."""
    sorts = ("missing", "wrong_size", "damaged", "broken")
    return {sort: [one["path"] for one in found[sort]] for sort in sorts if found[sort]}


def test_a_whole_revision_has_no_problem(
    alice: Person, filled: tuple[int, dict[str, bytes]]
) -> None:
    dataset, files = filled
    url = f"/datasets/{dataset}/verification"
    seen = alice.json("GET", url)
    total = sum(map(len, files.values()))
    assert (seen["ok"], seen["level"], seen["files"], seen["bytes"]) == (
        True,
        "presence",
        len(files),
        total,
    )
    assert seen["job"] is None
    job = read_all(alice, dataset)
    assert (job["state"], job["unit"]) == ("done", "bytes")
    assert (job["result"]["ok"], job["result"]["level"]) == (True, "bytes")
    assert alice.json("GET", url)["job"] == job


def test_every_damage_is_named_and_nothing_else(
    alice: Person,
    filled: tuple[int, dict[str, bytes]],
    bucket: Any,  # noqa: ANN401 - as above
) -> None:
    dataset, files = filled
    flip = bytes([files["many/7.bin"][0] ^ 1]) + files["many/7.bin"][1:]
    flip_large = files["large/1.bin"][:-1] + bytes([files["large/1.bin"][-1] ^ 1])
    put(bucket, files["many/7.bin"], flip)
    put(bucket, files["large/1.bin"], flip_large)
    put(bucket, files["many/8.bin"], files["many/8.bin"][:-1])
    put(bucket, files["many/9.bin"], None)
    put(bucket, files["packed/2.bin"], None)
    wrong = {"missing": ["many/9.bin", "packed/2.bin"], "wrong_size": ["many/8.bin"]}
    seen = alice.json("GET", f"/datasets/{dataset}/verification")
    assert paths(seen) == wrong
    assert seen["counts"]["missing"] == 2
    result = read_all(alice, dataset)["result"]
    assert paths(result) == {**wrong, "damaged": ["large/1.bin", "many/7.bin"]}
    assert not result["ok"]
    alice.json("PUT", f"/datasets/{dataset}/files/many/7.bin", 200, content=files["many/7.bin"])
    assert paths(read_all(alice, dataset)["result"])["damaged"] == ["large/1.bin"]


def test_two_who_ask_at_once_get_one_job(
    alice: Person, carol: Person, bob: Person, filled: tuple[int, dict[str, bytes]]
) -> None:
    dataset, _ = filled
    url = f"/datasets/{dataset}/verification"
    started = alice.json("POST", url, 202)["job"]
    second = carol.json("POST", url, 202)["job"]
    read_all(carol, dataset)
    shown = carol.json("GET", f"/jobs/{started['id']}")
    assert shown["state"] == "done" or second["id"] == started["id"]
    assert bob.http.get(f"/jobs/{started['id']}").status_code == 404
    assert bob.http.get(url).status_code == 404
    assert bob.http.post(url).status_code == 404


def test_nobody_starts_no_work_and_hears_nothing_of_a_closed_site(
    alice: Person, nobody: Person, new_dataset: NewDataset
) -> None:
    dataset = new_dataset(visibility="public")
    alice.json("PUT", f"/datasets/{dataset}/files/a.bin", 201, content=b"bytes")
    url = f"/datasets/{dataset}/verification"
    assert nobody.json("GET", url, 403)["error"] == "site_access"
    nobody.json("POST", url, 401)
