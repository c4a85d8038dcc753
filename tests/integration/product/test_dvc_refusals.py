"""Why DVC was refused: in its own words where it shows them, on the dataset's page where it does not."""

from __future__ import annotations

import secrets
from pathlib import Path

import httpx
import pytest

from bench.stack import Running
from tests.integration.product.conftest import NewDataset, Person
from tests.integration.product.test_dvc import clone, run, set_token
from tests.integration.product.test_permissions import eventually


@pytest.fixture
def seen(alice: Person, new_dataset: NewDataset) -> int:
    """A dataset that everybody sees who is signed in, on a site that is for its members."""
    dataset = new_dataset(visibility="internal")
    alice.json("PUT", f"/datasets/{dataset}/files/a.bin", 201, content=b"some bytes")
    return dataset


def remote(who: Person, dataset: int, rest: str = "files/md5") -> str:
    base = str(who.http.base_url).removesuffix("/api/v1/")
    return f"{base}/dvc/{dataset}/{rest}"


def test_a_pull_and_a_push_that_are_refused_with_the_real_dvc(
    stack: Running, bob: Person, seen: int, tmp_path: Path
) -> None:
    work = clone(stack, bob, seen, tmp_path)
    set_token(work, bob.token)
    said = run(work, "dvc", "pull", fails=True)
    assert "missing" in said.lower()  # all that DVC tells of a refused pull
    refused = bob.json("GET", f"/datasets/{seen}")["last_refusal"]
    assert (refused["method"], refused["code"]) == ("GET", "site_access")
    assert "storage site lab-s3" in refused["message"]
    assert "Ask " in refused["message"]

    (work / "new.bin").write_bytes(secrets.token_bytes(100))
    run(work, "dvc", "add", "-q", "new.bin")
    said = run(work, "dvc", "push", "new.bin", fails=True)
    assert "403, message='Needs Developer on the dataset lab/" in said
    refused = bob.json("GET", f"/datasets/{seen}")["last_refusal"]
    assert (refused["method"], refused["code"]) == ("POST", "forbidden")
    bob.json("DELETE", f"/datasets/{seen}/last-refusal", 204)
    assert bob.json("GET", f"/datasets/{seen}")["last_refusal"] is None


def test_a_token_for_reading_is_told_so_by_the_real_dvc(
    stack: Running, alice: Person, carol: Person, seen: int, tmp_path: Path
) -> None:
    del alice
    reading = _reading_token(stack, carol)
    work = clone(stack, carol, seen, tmp_path)
    set_token(work, reading)
    run(work, "dvc", "pull")
    (work / "new.bin").write_bytes(secrets.token_bytes(100))
    run(work, "dvc", "add", "-q", "new.bin")
    said = run(work, "dvc", "push", "new.bin", fails=True)
    assert "Token may only read" in said
    refused = carol.json("GET", f"/datasets/{seen}")["last_refusal"]
    assert refused["code"] == "insufficient_scope"
    run(work, "dvc", "remote", "modify", "--local", "labset", "password", "Bearer glpat-wrong")
    said = run(work, "dvc", "push", "new.bin", fails=True)
    assert "401, message='GitLab token missing or refused" in said


def test_a_refusal_is_told_to_its_person_alone(
    alice: Person, bob: Person, carol: Person, nobody: Person, seen: int
) -> None:
    url = remote(bob, seen, f"files/md5/aa/{'b' * 30}")
    answer = bob.http.get(url)
    assert (answer.status_code, answer.reason_phrase) == (
        403,
        "Needs access to the storage site lab-s3",
    )
    assert bob.json("GET", f"/datasets/{seen}")["last_refusal"]["code"] == "site_access"
    for other in (alice, carol):
        assert other.json("GET", f"/datasets/{seen}")["last_refusal"] is None
    assert alice.json("DELETE", f"/datasets/{seen}/last-refusal", 204) is None
    assert bob.json("GET", f"/datasets/{seen}")["last_refusal"]["code"] == "site_access"
    nobody.json("DELETE", f"/datasets/{seen}/last-refusal", 404)


def test_of_what_may_not_be_seen_nothing_is_kept(
    alice: Person, bob: Person, nobody: Person, new_dataset: NewDataset
) -> None:
    dataset = new_dataset()
    for who in (bob, nobody):
        assert who.http.get(remote(who, dataset)).status_code == 404
        assert who.http.post(remote(who, dataset, f"files/md5/aa/{'b' * 30}")).status_code == 404
    wrong = httpx.get(remote(bob, dataset), headers={"Authorization": "Bearer glpat-none"})
    assert wrong.status_code == 401
    assert wrong.reason_phrase.startswith("GitLab token missing or refused")
    alice.json("PATCH", f"/datasets/{dataset}", json={"visibility": "internal"})
    eventually(lambda: bob.http.get(f"/datasets/{dataset}").status_code == 200)
    assert bob.json("GET", f"/datasets/{dataset}")["last_refusal"] is None


def test_names_in_the_status_line_are_plain_ascii(
    alice: Person, bob: Person, stack: Running
) -> None:
    name = f"Läger Süd 🚀 {secrets.token_hex(3)}"
    s3 = stack.ready["s3"]
    body = {
        "name": name,
        "namespace": "lab",
        "visibility": "private",
        "kind": "s3",
        "url": f"s3://{s3['bucket']}/south",
        "endpoint": s3["endpoint"],
        "region": "us-east-1",
        "credentials": {"access_key": s3["access_key"], "secret_key": s3["secret_key"]},
    }
    site = alice.json("POST", "/storage-sites", 201, json=body)["id"]
    made = {"name": f"open {secrets.token_hex(4)}", "namespace": "lab", "visibility": "internal"}
    dataset = alice.json("POST", "/datasets", 201, json=made)["id"]
    unbound = alice.http.get(remote(alice, dataset))
    assert (unbound.status_code, unbound.reason_phrase) == (
        409,
        "The dataset has no storage site yet",
    )
    alice.json("PUT", f"/datasets/{dataset}/storage-site", json={"site_id": site})
    answer = bob.http.get(remote(bob, dataset))
    plain = f"Needs access to the storage site Lager Sud {name[-6:]}"
    assert (answer.status_code, answer.reason_phrase) == (403, plain)
    assert name in answer.json()["message"]


def _reading_token(stack: Running, who: Person) -> str:
    admin = {"PRIVATE-TOKEN": str(stack.ready["root_token"])}
    base = f"{stack.ready['gitlab_url']}/api/v4"
    (user,) = httpx.get(f"{base}/users", params={"username": who.name}, headers=admin).json()
    body = {"name": "reading", "scopes": ["read_api", "read_repository"]}
    url = f"{base}/users/{user['id']}/personal_access_tokens"
    return str(httpx.post(url, json=body, headers=admin).json()["token"])


def test_the_page_tells_it_quietly_until_it_is_dismissed(
    stack: Running, bob: Person, seen: int
) -> None:
    bob.http.get(remote(bob, seen))
    app = stack.ready["app_url"]
    with httpx.Client(base_url=app, cookies={"tokenGitLab": bob.token}) as browser:
        page = browser.get(f"/datasets/{seen}").text
        assert "dvc pull" in page
        assert "Needs access to the storage site lab-s3" in page
        csrf = browser.get("/api/v1/csrf").json()["csrf_token"]
        url = f"/datasets/{seen}/last-refusal/dismiss"
        assert browser.post(url).status_code == 403
        done = browser.post(url, data={"csrf_token": csrf})
        assert (done.status_code, done.headers["Location"]) == (303, f"/datasets/{seen}")
        assert "was refused" not in browser.get(f"/datasets/{seen}").text
