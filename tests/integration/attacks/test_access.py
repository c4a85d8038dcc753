"""Ids, hashes and tokens that belong to somebody else."""

from __future__ import annotations

import hashlib
import re
import secrets
import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from bench.stack import Running
from tests.integration.product.conftest import NewDataset, Person
from tests.integration.product.test_permissions import DEVELOPER, GitLab, eventually


def md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


@pytest.fixture
def gitlab(stack: Running) -> Iterator[GitLab]:
    """GitLab itself, where memberships change."""
    gitlab = GitLab(stack)
    yield gitlab
    gitlab.close()


def _begin(who: Person, dataset: int, data: bytes) -> Any:  # noqa: ANN401 - any JSON
    row = {"path": "a.bin", "size": len(data), "md5": md5(data)}
    return who.json("POST", f"/datasets/{dataset}/uploads", 201, json={"files": [row]})


def test_an_upload_belongs_to_one_person_and_one_dataset(
    alice: Person, carol: Person, bob: Person, new_dataset: NewDataset
) -> None:
    mine, other = new_dataset(), new_dataset()
    begun = _begin(alice, mine, b"secret bytes")
    uid = begun["id"]
    for who, dataset in ((carol, mine), (bob, mine), (alice, other), (carol, other)):
        base = f"/datasets/{dataset}/uploads/{uid}"
        for method, path in (
            ("GET", base),
            ("DELETE", base),
            ("POST", f"{base}/commit"),
            ("PUT", f"{base}/files/a.bin"),
        ):
            body = b"secret bytes" if method == "PUT" else b""
            answer = who.http.request(method, path, content=body)
            assert answer.status_code == 404, (who.name, method, path, answer.text)
        links = who.http.post(f"{base}/links", json={"paths": ["a.bin"]})
        assert links.status_code == 404
    assert alice.json("GET", f"/datasets/{mine}/uploads/{uid}")["state"] in {"open", "receiving"}
    assert alice.http.delete(f"/datasets/{mine}/uploads/{uid}").status_code == 204


def test_bytes_of_another_dataset_are_as_unknown_as_any(
    stack: Running, alice: Person, carol: Person, new_dataset: NewDataset
) -> None:
    theirs, mine = new_dataset(), new_dataset()
    data = secrets.token_bytes(3000)
    alice.json("PUT", f"/datasets/{theirs}/files/a.bin", 201, content=data)
    held, unknown = md5(data), secrets.token_hex(16)
    headers = {"Authorization": f"Bearer {carol.token}"}
    seconds: dict[str, list[float]] = {held: [], unknown: []}
    with httpx.Client(base_url=stack.ready["app_url"], headers=headers) as http:
        for turn in range(60):
            for digest in (held, unknown) if turn % 2 else (unknown, held):
                began = time.perf_counter()
                answer = http.get(f"/dvc/{mine}/files/md5/{digest[:2]}/{digest[2:]}")
                seconds[digest].append(time.perf_counter() - began)
                assert answer.status_code == 404
                assert answer.json()["message"].replace(digest, "") == (
                    "This dataset holds no object ."
                )
    medians = [statistics.median(seconds[digest]) for digest in (held, unknown)]
    assert abs(medians[0] - medians[1]) < 0.010
    states = []
    for digest in (held, unknown):
        row = {"path": "a.bin", "size": 3000, "md5": digest}
        url = f"/datasets/{mine}/uploads"
        begun = carol.json("POST", url, 201, json={"files": [row]})
        states.append(begun["files"][0]["state"])
        commit = carol.http.post(f"{url}/{begun['id']}/commit")
        assert commit.status_code == 422
    assert states == ["missing", "missing"]
    digest = md5(data)
    got = httpx.get(
        f"{stack.ready['app_url']}/dvc/{theirs}/files/md5/{digest[:2]}/{digest[2:]}",
        headers=headers,
    )
    assert got.content == data


def test_a_commit_of_another_dataset_has_no_name(alice: Person, new_dataset: NewDataset) -> None:
    theirs, mine = new_dataset(), new_dataset()
    commit = alice.json("PUT", f"/datasets/{theirs}/files/a.bin", 201, content=b"a")["commit"]
    for ref in (commit, commit[:12]):
        for path in ("files/a.bin", "tree", "commits", "archive"):
            answer = alice.http.get(f"/datasets/{mine}/{path}", params={"ref": ref})
            assert (answer.status_code, answer.json()["error"]) == (404, "ref_not_found")
    assert alice.http.get(f"/datasets/{theirs}/files/a.bin", params={"ref": commit}).content == b"a"


@pytest.mark.parametrize(
    "ref",
    (
        "--upload-pack=touch /tmp/x",
        "-h",
        "refs/keep-around/x",
        "refs/merge-requests/1/head",
        "refs/kept/x",
        "main@{0}",
        "main^",
        "main~1",
        ":/m",
        "main:a",
        "HEAD",
        "FETCH_HEAD",
        "../../etc/passwd",
        "a..b",
        "main\n",
        "main\x00",
        "a b",
        "*",
        "x" * 5000,
    ),
)
def test_only_names_of_branches_tags_and_commits_are_refs(
    ref: str, alice: Person, stack: Running
) -> None:
    base = f"/datasets/{stack.ready['demo']['dataset_id']}"
    for path in ("tree", "commits", "archive", f"files/{stack.ready['demo']['file']}"):
        answer = alice.http.get(f"{base}/{path}", params={"ref": ref})
        assert answer.status_code in {400, 404, 414}, (path, answer.text)
    written = alice.http.put(f"{base}/files/x.bin", params={"branch": ref}, content=b"x")
    if ref not in {"HEAD", "FETCH_HEAD", "refs/keep-around/x"}:
        assert written.status_code in {400, 403, 404, 409}, written.text
    tag = alice.http.post(f"{base}/tags", json={"name": ref, "message": ref})
    assert tag.status_code in {201, 400, 403, 409}


def test_tokens_that_are_nearly_right_are_refused(alice: Person, stack: Running) -> None:
    url = f"{stack.api}/user"
    assert httpx.get(url, headers={"PRIVATE-TOKEN": alice.token}).status_code == 200
    nearly = (
        alice.token[:-1],
        alice.token + "x",
        alice.token.swapcase(),
        alice.token.lower() if alice.token != alice.token.lower() else alice.token.upper(),
        alice.token[:-1] + ("a" if alice.token[-1] != "a" else "b"),
        f"{alice.token},{alice.token}",
        "\xe9",
    )
    for token in nearly:
        for headers in (
            [(b"PRIVATE-TOKEN", token.encode("latin-1"))],
            [(b"Authorization", f"Bearer {token}".encode("latin-1"))],
        ):
            answer = httpx.get(url, headers=headers)
            assert answer.status_code == 401, (token[:6], answer.text)
    demo = stack.ready["demo"]
    file = f"/datasets/{demo['dataset_id']}/files/{demo['file']}"
    assert alice.http.get(file).status_code == 200
    assert httpx.get(stack.api + file).status_code in {401, 404}
    both = {"PRIVATE-TOKEN": "glpat-wrong", "Cookie": f"tokenGitLab={alice.token}"}
    assert httpx.get(stack.api + file, headers=both).status_code == 401


def test_rights_that_end_before_the_commit_end_the_upload(
    alice: Person, bob: Person, new_dataset: NewDataset, gitlab: GitLab, s3_site: int
) -> None:
    dataset, data = new_dataset(), b"bytes of bob"
    gitlab.add(dataset, "bob", DEVELOPER)
    gitlab.add(s3_site, "bob", DEVELOPER)
    try:
        eventually(lambda: bob.http.get(f"/datasets/{dataset}").status_code == 200)
        base = f"/datasets/{dataset}/uploads"
        first, second = _begin(bob, dataset, data), _begin(bob, dataset, data)
        bob.json("PUT", f"{base}/{first['id']}/files/a.bin", content=data)
        head = alice.json("GET", f"/datasets/{dataset}")["head"]
        gitlab.remove(s3_site, "bob")
        refused = bob.http.post(f"{base}/{first['id']}/commit")
        assert (refused.status_code, refused.json()["error"]) == (403, "site_access")
        gitlab.add(s3_site, "bob", DEVELOPER)
        gitlab.remove(dataset, "bob")
        assert bob.http.post(f"{base}/{first['id']}/commit").status_code == 404
        assert alice.json("GET", f"/datasets/{dataset}")["head"] == head
        gitlab.add(dataset, "bob", DEVELOPER)
        assert bob.json("POST", f"{base}/{second['id']}/commit")["files"] == 1
    finally:
        gitlab.remove(s3_site, "bob")
        gitlab.remove(dataset, "bob")


def test_no_secret_lies_about(
    stack: Running, alice: Person, carol: Person, new_dataset: NewDataset
) -> None:
    dataset = new_dataset()
    alice.json("PUT", f"/datasets/{dataset}/files/a.bin", 201, content=b"a")
    begun = _begin(carol, dataset, b"open session")
    httpx.get(f"{stack.api}/user?private_token={alice.token}&access_token={alice.token}")
    canaries = [
        *(one["token"].encode() for one in stack.ready["users"].values()),
        str(stack.ready["s3"]["secret_key"]).encode(),
    ]
    own = ("mirrors", "logs", "broker", "worker", "local-sites", "metrics")
    places = [path for name in own for path in (stack.home / name).rglob("*")]
    places += stack.home.glob("ledger.sqlite3*")
    searched = 0
    for path in places:
        if path.is_file():
            data = path.read_bytes()
            searched += 1
            found = [canary[:8] for canary in canaries if canary in data]
            assert not found, (path, found)
    assert searched > 10
    for process in Path("/proc").glob("[0-9]*"):
        try:
            arguments = (process / "cmdline").read_bytes()
        except OSError:
            continue
        if b"pytest" not in arguments:
            assert not [one for one in canaries if one in arguments], arguments[:80]
    sites = alice.http.get("/storage-sites").text
    assert str(stack.ready["s3"]["secret_key"]) not in sites
    assert not re.search(r"glpat-\w{10}", alice.http.get(f"/datasets/{dataset}/archive").text)
    carol.http.delete(f"/datasets/{dataset}/uploads/{begun['id']}")
