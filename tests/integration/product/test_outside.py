"""What a stranger's test suite would try first: odd names, odd addresses, odd repositories."""

from __future__ import annotations

import hashlib
import io
import os
import secrets
import zipfile
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from bench.stack import Running
from tests.integration.product.conftest import NewDataset, Person
from tests.integration.product.test_permissions import eventually


def gitlab(stack: Running, method: str, path: str, **options: Any) -> httpx.Response:  # noqa: ANN401 - any option
    url = f"{stack.ready['gitlab_url']}/api/v4{path}"
    return httpx.request(method, url, headers={"PRIVATE-TOKEN": stack.token}, **options)


def announced(path: str, data: bytes) -> dict[str, object]:
    md5 = hashlib.md5(data, usedforsecurity=False).hexdigest()
    return {"path": path, "size": len(data), "md5": md5}


def test_a_release_stays_what_it_is_whatever_branches_are_called(
    alice: Person, new_dataset: NewDataset
) -> None:
    base = f"/datasets/{new_dataset()}"
    commit = alice.json("PUT", f"{base}/files/a.bin", 201, content=b"one")["commit"]
    alice.json("POST", f"{base}/tags", 201, json={"name": "v1"})
    for branch in ("v1", commit[:8]):
        refused = alice.json("PUT", f"{base}/files/a.bin?branch={branch}", 409, content=b"two")
        assert refused["error"] == "name_taken"
    alice.json("PUT", f"{base}/files/a.bin?branch={commit}", 400, content=b"two")
    alice.json("POST", f"{base}/tags", 409, json={"name": "main"})
    for ref in ("v1", commit[:8], commit):
        assert alice.http.get(f"{base}/files/a.bin?ref={ref}").content == b"one"


def test_branches_that_git_cannot_hold_together_are_a_conflict_at_once(
    alice: Person, new_dataset: NewDataset
) -> None:
    base = f"/datasets/{new_dataset()}"
    alice.json("PUT", f"{base}/files/a.bin?branch=line/3", 201, content=b"one")
    for branch in ("line", "line/3/a", "main/a"):
        refused = alice.json("PUT", f"{base}/files/b.bin?branch={branch}", 409, content=b"two")
        assert refused["error"] == "name_taken"


@pytest.mark.parametrize("address", ("files/a%ff.bin", "tree/%ff", "files/a.bin?ref=%ff"))
def test_an_address_that_is_no_utf_8_names_nothing(
    alice: Person, new_dataset: NewDataset, address: str
) -> None:
    base = f"/datasets/{new_dataset()}"
    assert alice.json("GET", f"{base}/{address}", 400)["error"] == "invalid"
    assert alice.json("PUT", f"{base}/files/a%ff.bin", 400, content=b"x")["error"] == "invalid"
    assert alice.json("GET", f"{base}/tree") == []


def test_a_packed_folder_without_its_listing_hides_nothing_else(
    alice: Person, stack: Running, new_dataset: NewDataset
) -> None:
    dataset = new_dataset()
    alice.json("PUT", f"/datasets/{dataset}/files/a.bin", 201, content=b"bytes")
    content = (
        f"outs:\n- md5: '{'1' * 32}.dir'\n  size: 4\n  nfiles: 1\n  hash: md5\n  path: packed\n"
    )
    action = {"action": "create", "file_path": "packed.dvc", "content": content}
    body = {"branch": "main", "commit_message": "pack", "actions": [action]}
    assert gitlab(stack, "POST", f"/projects/{dataset}/repository/commits", json=body).is_success
    url = f"/datasets/{dataset}/tree?recursive=1"
    eventually(lambda: len(alice.json("GET", url)) == 2)
    rows = {row["path"]: row for row in alice.json("GET", url)}
    assert rows["a.bin"]["size"] == 5
    assert rows["packed"]["type"] == "directory"
    assert "not on the storage site" in rows["packed"]["problem"]


def test_sizes_that_only_the_site_knows_are_left_open_without_its_key(
    alice: Person, bob: Person, stack: Running, new_dataset: NewDataset
) -> None:
    dataset = new_dataset(visibility="public")
    md5 = alice.json("PUT", f"/datasets/{dataset}/files/a.bin", 201, content=b"bytes")["md5"]
    action = {
        "action": "update",
        "file_path": "a.bin.dvc",
        "content": f"outs:\n- md5: '{md5}'\n  hash: md5\n  path: a.bin\n",
    }
    body = {"branch": "main", "commit_message": "no size", "actions": [action]}
    assert gitlab(stack, "POST", f"/projects/{dataset}/repository/commits", json=body).is_success
    head = gitlab(stack, "GET", f"/projects/{dataset}/repository/branches/main").json()
    sha = head["commit"]["id"]
    url = f"/datasets/{dataset}/tree"
    eventually(lambda: alice.http.get(url).headers["X-Commit-Id"] == sha)
    assert alice.json("GET", url)[0]["size"] == 5
    eventually(lambda: bob.http.get(url).headers.get("X-Commit-Id") == sha)
    assert bob.json("GET", url)[0]["size"] is None


def test_a_committed_upload_misses_nothing_and_asks_for_nothing(
    alice: Person, new_dataset: NewDataset
) -> None:
    url = f"/datasets/{new_dataset()}/uploads"
    session = alice.json("POST", url, 201, json={"files": [announced("note.md", b"text")]})
    url = f"{url}/{session['id']}"
    alice.json("PUT", f"{url}/files/note.md", content=b"text")
    alice.json("POST", f"{url}/commit")
    (file,) = alice.json("GET", url)["files"]
    assert file["state"] == "present"
    assert "upload" not in file


def test_a_file_below_a_file_is_refused_before_its_bytes_are_sent(
    alice: Person, new_dataset: NewDataset
) -> None:
    base = f"/datasets/{new_dataset()}"
    alice.json("PUT", f"{base}/files/a.bin", 201, content=b"bytes")
    files = [announced("a.bin/b/c.bin", b"x"), announced("d.bin", b"y")]
    refused = alice.json("POST", f"{base}/uploads", 409, json={"files": files})
    assert [one["path"] for one in refused["details"]["paths"]] == ["a.bin/b/c.bin"]


def test_what_no_upload_can_be_called_is_not_found(alice: Person, new_dataset: NewDataset) -> None:
    url = f"/datasets/{new_dataset()}/uploads/nope"
    assert alice.json("GET", url, 404)["error"] == "upload_not_found"
    assert alice.json("POST", f"{url}/commit", 404)["error"] == "upload_not_found"


def test_head_says_what_get_would(alice: Person, new_dataset: NewDataset) -> None:
    url = f"/datasets/{new_dataset()}/files/a.txt"
    alice.json("PUT", url, 201, content=b"plain text")
    head, got = (alice.http.request(method, f"{url}?inline=1") for method in ("HEAD", "GET"))
    for name in ("Content-Type", "Content-Disposition", "Content-Length", "ETag"):
        assert head.headers[name] == got.headers[name]
    assert got.headers["Content-Disposition"].startswith("inline")


def test_an_archived_dataset_takes_nothing_and_says_so(
    alice: Person, stack: Running, new_dataset: NewDataset
) -> None:
    dataset = new_dataset()
    assert gitlab(stack, "POST", f"/projects/{dataset}/archive").status_code == 201
    url = f"/datasets/{dataset}"
    eventually(lambda: alice.json("GET", url)["archived"])
    write = alice.json("GET", url)["permissions"]["write"]
    assert not write["allowed"]
    assert "archived" in write["why"]
    md5 = hashlib.md5(b"x", usedforsecurity=False).hexdigest()
    root = str(alice.http.base_url).removesuffix("/api/v1/")
    url = f"{root}/dvc/{dataset}/files/md5/{md5[:2]}/{md5[2:]}"
    eventually(lambda: alice.http.post(url, content=b"x").status_code == 403)


def test_more_than_a_thousand_parts_are_one_commit(alice: Person, new_dataset: NewDataset) -> None:
    url = f"/datasets/{new_dataset()}/files"
    parts = [("file", (f"many/{number}.txt", b"text")) for number in range(1001)]
    assert alice.http.post(url, files=parts).status_code == 201


def test_lists_that_come_whole_are_paged_on_request(alice: Person) -> None:
    for url in ("/storage-sites", "/namespaces"):
        everything = alice.http.get(url)
        assert int(everything.headers["X-Total"]) == len(everything.json())
        first = alice.http.get(f"{url}?per_page=1")
        assert first.json() == everything.json()[:1]
        assert first.headers["X-Next-Page"] == "2"
        assert 'rel="next"' in first.headers["Link"]


def test_a_connection_that_ends_behind_a_refused_body_says_so(
    alice: Person, stack: Running
) -> None:
    url = f"{stack.api}/datasets/1/uploads/{'0' * 32}/files/x"
    with httpx.Client(headers={"PRIVATE-TOKEN": alice.token}) as client:
        refused = client.put(url, content=os.urandom(2_000_000))
        assert refused.status_code == 404
        assert refused.headers["Connection"] == "close"
        assert client.post(f"{stack.api}/datasets", json={}).status_code == 400


def test_programs_hear_of_unknown_addresses_in_json_and_browsers_on_a_page(stack: Running) -> None:
    url = f"{stack.ready['app_url']}/{secrets.token_hex(4)}"
    assert httpx.get(url).json()["error"] == "not_found"
    page = httpx.get(url, headers={"Accept": "text/html,*/*"})
    assert page.status_code == 404
    assert page.headers["Content-Type"].startswith("text/html")


def test_a_job_is_asked_for_by_somebody(stack: Running) -> None:
    url = f"{stack.api}/jobs/{'0' * 32}"
    assert httpx.get(url, headers={"PRIVATE-TOKEN": "nonsense"}).status_code == 401


def test_deleting_takes_the_key_of_the_site_too(
    alice: Person, bob: Person, stack: Running, new_dataset: NewDataset
) -> None:
    dataset = new_dataset()
    alice.json("PUT", f"/datasets/{dataset}/files/a.bin", 201, content=b"bytes")
    user = gitlab(stack, "GET", "/users?username=bob").json()[0]["id"]
    member = {"user_id": user, "access_level": 30}
    assert gitlab(stack, "POST", f"/projects/{dataset}/members", json=member).is_success
    refused = bob.json("DELETE", f"/datasets/{dataset}/files/a.bin", 403)
    assert refused["error"] == "site_access"
    assert "alice" in refused["details"]["ask"]


def test_a_token_for_reading_leaves_no_bytes_behind(
    alice: Person, stack: Running, new_dataset: NewDataset
) -> None:
    dataset = new_dataset()
    root = {"PRIVATE-TOKEN": str(stack.ready["root_token"])}
    gitlab_url = f"{stack.ready['gitlab_url']}/api/v4"
    (user,) = httpx.get(f"{gitlab_url}/users?username=alice", headers=root).json()
    ends = (datetime.now(UTC) + timedelta(days=30)).date().isoformat()
    body = {"name": "reads", "scopes": ["read_api"], "expires_at": ends}
    made = httpx.post(
        f"{gitlab_url}/users/{user['id']}/personal_access_tokens", headers=root, json=body
    )
    md5 = hashlib.md5(b"x", usedforsecurity=False).hexdigest()
    dvc = f"{stack.ready['app_url']}/dvc/{dataset}/files/md5/{md5[:2]}/{md5[2:]}"
    uploads = f"{stack.api}/datasets/{dataset}/uploads"
    with httpx.Client(headers={"PRIVATE-TOKEN": made.json()["token"]}) as reader:
        assert reader.get(f"{stack.api}/datasets/{dataset}/tree").status_code == 200
        for refused in (
            reader.post(dvc, content=b"x"),
            reader.post(uploads, json={"files": [announced("a.bin", b"x")]}),
            reader.put(f"{stack.api}/datasets/{dataset}/files/a.bin", content=b"x"),
        ):
            assert refused.status_code == 403
            assert refused.json()["error"] == "insufficient_scope"
    assert alice.http.get(dvc).status_code == 404


def test_an_archive_holds_what_is_asked_for_or_says_that_it_is_not_there(
    alice: Person, new_dataset: NewDataset
) -> None:
    base = f"/datasets/{new_dataset()}"
    for path in ("x/a.bin", "x/b.txt", "xy/c.bin"):
        alice.json("PUT", f"{base}/files/{path}", 201, content=b"data")

    def held(query: str) -> set[str]:
        answer = alice.http.get(f"{base}/archive?{query}")
        names = zipfile.ZipFile(io.BytesIO(answer.content)).namelist()
        inside = {name.partition("/")[2] for name in names}
        return {name for name in inside if name.startswith("x") and ".gitignore" not in name}

    assert held("") == {"x/a.bin.dvc", "x/b.txt", "xy/c.bin.dvc"}
    assert held("path=x") == {"x/a.bin.dvc", "x/b.txt"}
    assert held("path=x/a.bin") == {"x/a.bin.dvc"}
    assert held("glob=*.bin") == {"x/a.bin.dvc", "xy/c.bin.dvc"}
    assert alice.json("GET", f"{base}/archive?path=nope", 404)["error"] == "file_not_found"
