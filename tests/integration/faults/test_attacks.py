"""Forged hooks, foreign ids, names that are options, cookies that act: each with its side effect."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.integration.faults.auditing import count_commits
from tests.integration.faults.uploading import announce
from tests.integration.faults.world import World, eventually

DEVELOPER = 30


@pytest.fixture(scope="module")
def dataset(world: World) -> int:
    """A private dataset of alice with one file."""
    made = world.new_dataset()
    world.alice.json("PUT", f"/datasets/{made}/files/a.bin", 201, content=b"alice's")
    return made


@pytest.fixture(scope="module")
def bobs(world: World) -> Iterator[int]:
    """A dataset of alice where bob, who develops on the site as well, may write."""
    made = world.new_dataset()
    world.add_member(made, "bob", DEVELOPER)
    world.add_member(world.s3_site, "bob", DEVELOPER)
    url = f"/datasets/{made}/files/b.bin"
    eventually(
        lambda: world.bob.http.put(url, content=b"bob's").status_code in {200, 201}, "bob writes"
    )
    world.wait_until_bob_reads(f"{world.running.api}{url}")
    yield made
    world.remove_member(world.s3_site, "bob")


def test_a_forged_hook_is_refused_and_the_right_one_taken(world: World, dataset: int) -> None:
    cast = json.loads((world.running.home / "stack.json").read_text(encoding="utf-8"))
    right = hmac.new(cast["secret_key"].encode(), b"gitlab hook", hashlib.sha256).hexdigest()
    url = f"{world.app_url}/hooks/gitlab"
    event = {"object_kind": "push", "project_id": dataset}
    for headers in ({}, {"X-Gitlab-Token": ""}, {"X-Gitlab-Token": right[:-1]}):
        assert httpx.post(url, json=event, headers=headers).status_code == 401
    bearer = {"Authorization": f"Bearer {world.root.token}"}
    assert httpx.post(url, json=event, headers=bearer).status_code == 401
    headers = {"X-Gitlab-Token": right}
    assert httpx.post(url, json=event, headers=headers).status_code == 204
    odd_events: list[object] = [
        [],
        {"project_id": "7"},
        {"project": 3},
        {"project_id": -1},
        {"project_id": None},
    ]
    for odd in odd_events:
        assert httpx.post(url, json=odd, headers=headers).status_code in {204, 400}
    assert httpx.post(url, content=b"no json", headers=headers).status_code == 400
    large = httpx.post(url, content=b"[" + b" " * 5_000_000 + b"]", headers=headers)
    assert large.status_code == 413


def test_an_upload_of_others_or_of_another_dataset_does_not_exist(
    world: World, dataset: int, bobs: int
) -> None:
    body = {"message": "mine", "files": announce({"x.bin": b"x"})}
    session = world.alice.json("POST", f"/datasets/{bobs}/uploads", 201, json=body)["id"]
    world.alice.json("PUT", f"/datasets/{bobs}/uploads/{session}/files/x.bin", content=b"x")
    before = count_commits(world, bobs), count_commits(world, dataset)
    for who, at in ((world.bob, bobs), (world.alice, dataset), (world.bob, dataset)):
        url = f"/datasets/{at}/uploads/{session}"
        for method, path, options in (
            ("GET", url, {}),
            ("DELETE", url, {}),
            ("POST", f"{url}/commit", {}),
            ("POST", f"{url}/links", {"json": {"paths": ["x.bin"]}}),
            ("PUT", f"{url}/files/x.bin", {"content": b"x"}),
            ("POST", f"{url}/batch", {"content": b""}),
        ):
            answer = who.http.request(method, path, **options)
            assert answer.status_code == 404, f"{who.name} {method} {path}: {answer.text}"
    assert (count_commits(world, bobs), count_commits(world, dataset)) == before
    world.alice.json("POST", f"/datasets/{bobs}/uploads/{session}/commit")


def test_bytes_of_another_dataset_are_reached_by_no_id(
    world: World, dataset: int, bobs: int
) -> None:
    md5 = hashlib.md5(b"alice's", usedforsecurity=False).hexdigest()
    name = f"{md5[:2]}/{md5[2:]}"
    commit = str(world.alice.json("GET", f"/datasets/{dataset}")["head"])
    headers = {"PRIVATE-TOKEN": world.bob.token}
    for url in (
        f"/dvc/{bobs}/files/md5/{name}",
        f"/dvc/{dataset}/files/md5/{name}",
        f"/dvc/{bobs}/files/md5/..%2F..%2F{name}",
        f"/api/v1/datasets/{dataset}/files/a.bin?ref={commit}",
        f"/api/v1/datasets/{bobs}/files/a.bin?ref={commit}",
        f"/api/v1/datasets/{bobs}/tree?ref={commit}",
        f"/api/v1/datasets/{bobs}/archive?ref={commit}",
        f"/api/v1/jobs/{secrets.token_hex(16)}",
    ):
        answer = httpx.get(f"{world.app_url}{url}", headers=headers)
        assert answer.status_code == 404, f"{url}: {answer.status_code} {answer.text[:200]}"
        assert b"alice's" not in answer.content


HOSTILE_REFS = (
    "--upload-pack=touch /tmp/x",
    "-v",
    "main:../../etc/passwd",
    "refs/keep-around/x",
    "main..side",
    "main^{tree}",
    "@{-1}",
    "main~1",
    "HEAD",
    "ma\nin",
    "x" * 5000,
    "refs/heads/../../config",
)


@pytest.mark.parametrize("ref", HOSTILE_REFS)
def test_a_ref_is_a_name_and_nothing_else(world: World, dataset: int, ref: str) -> None:
    for path in ("files/a.bin", "tree", "commits", "archive"):
        answer = world.alice.http.get(f"/datasets/{dataset}/{path}", params={"ref": ref})
        assert answer.status_code in {400, 404}, f"{path}: {answer.status_code} {answer.text[:200]}"
        assert set(answer.json()) == {"error", "message", "details"}
    written = world.alice.http.put(
        f"/datasets/{dataset}/files/new.bin", params={"branch": ref}, content=b"x"
    )
    assert written.status_code in {400, 404, 409}, written.text[:200]


HOSTILE_PATHS = (
    "../a.bin",
    "a/../../b.bin",
    ".git/config",
    "x/.GIT/hooks/post-receive",
    ".dvc/config",
    "a.bin.dvc",
    ".gitignore",
    "a\\b.bin",
    "nul\0.bin",
    "new\nline.bin",
    "trailing./x",
    "a//b.bin",
    "x" * 300,
)


@pytest.mark.parametrize("path", HOSTILE_PATHS)
def test_a_path_stays_inside_the_dataset(world: World, dataset: int, path: str) -> None:
    before = count_commits(world, dataset)
    body = {"message": "bad", "files": [{"path": path, "size": 1, "md5": "0" * 32}]}
    answer = world.alice.http.post(f"/datasets/{dataset}/uploads", json=body)
    assert answer.status_code == 400, answer.text[:200]
    assert answer.json()["error"] == "invalid_path"
    form = {"file": (path, b"x")}
    sent = world.alice.http.post(f"/datasets/{dataset}/files", files=form)
    assert sent.status_code in {400, 201}, sent.text[:200]
    assert count_commits(world, dataset) == before + (sent.status_code == 201)
    if sent.status_code == 201:  # the client has quoted the name, which made it harmless
        tree = world.alice.json("GET", f"/datasets/{dataset}/tree", params={"recursive": 1})
        assert path not in {one["path"] for one in tree}


def test_a_cookie_alone_changes_nothing_and_its_own_token_opens(world: World, dataset: int) -> None:
    url = f"{world.running.api}/datasets/{dataset}"
    jar = {"Cookie": f"tokenGitLab={world.alice.token}"}
    before = count_commits(world, dataset)
    unsafe: list[tuple[str, str, dict[str, Any]]] = [
        ("PUT", f"{url}/files/c.bin", {"content": b"c"}),
        ("DELETE", f"{url}/files/a.bin", {}),
        ("POST", f"{url}/files", {"files": {"f": ("c.bin", b"c")}}),
        ("POST", f"{url}/uploads", {"json": {}}),
        ("PATCH", url, {"json": {"description": "changed"}}),
        ("DELETE", url, {}),
    ]
    for method, address, options in unsafe:
        for forged in ({}, {"X-CSRF-Token": "0" * 64}, {"Origin": world.app_url}):
            answer = httpx.request(method, address, headers={**jar, **forged}, **options)
            assert answer.status_code == 403, f"{method} {address}: {answer.text[:200]}"
            assert answer.json()["error"] == "csrf"
    assert count_commits(world, dataset) == before
    token = httpx.get(f"{world.running.api}/csrf", headers=jar).json()["csrf_token"]
    opened = {**jar, "X-CSRF-Token": token}
    assert httpx.put(f"{url}/files/c.bin", content=b"c", headers=opened).status_code == 201
    bobs = {"Cookie": f"tokenGitLab={world.bob.token}", "X-CSRF-Token": token}
    assert httpx.put(f"{url}/files/d.bin", content=b"d", headers=bobs).status_code == 403
