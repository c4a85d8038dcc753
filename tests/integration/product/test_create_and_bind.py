"""Create datasets and bind them, as the contract says."""

from __future__ import annotations

import secrets
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.integration.product.conftest import NewDataset, Person


def test_a_new_dataset_has_the_id_of_its_project_and_no_site(alice: Person) -> None:
    name = f"Weld {secrets.token_hex(4)}"
    body = {
        "name": name,
        "namespace": "lab",
        "description": "seams",
        "visibility": "internal",
        "tags": ["weld", "2026"],
        "kind": "table",
    }
    made = alice.json("POST", "/datasets", 201, json=body)
    assert made["namespace"]["full_path"] == "lab"
    assert (made["visibility"], made["kind"], sorted(made["tags"])) == (
        "internal",
        "table",
        ["2026", "weld"],
    )
    assert made["storage_site"] is None
    assert made["head"] is None
    assert made["statistics"] == {"files": 0, "bytes": 0}
    assert not made["permissions"]["write"]["allowed"]
    shown = alice.json("GET", f"/datasets/{made['id']}")
    assert shown["gitlab_url"].endswith("/" + shown["path_with_namespace"])


@pytest.mark.parametrize(
    ("change", "word"),
    (
        ({"name": ""}, "name"),
        ({"name": "-x/y"}, "name"),
        ({"namespace": "no-such-place"}, "namespace"),
        ({"visibility": "secret"}, "visibility"),
        ({"kind": "painting"}, "kind"),
        ({"tags": ["labset-dataset"]}, "reserved"),
        ({"tags": ["a,b"]}, "tag"),
        ({"description": "x" * 5000}, "description"),
    ),
)
def test_a_wrong_field_is_refused_in_words(
    alice: Person, change: dict[str, object], word: str
) -> None:
    body = {"name": "wrong", "namespace": "lab", "visibility": "private", **change}
    refused = alice.json("POST", "/datasets", 400, json=body)
    assert word in refused["message"].lower()
    assert set(refused) == {"error", "message", "details"}


def test_a_name_that_is_taken_is_a_conflict_or_invalid_and_names_it(
    alice: Person, new_dataset: NewDataset
) -> None:
    dataset = alice.json("GET", f"/datasets/{new_dataset(site=None)}")
    body = {"name": dataset["name"], "namespace": "lab"}
    answer = alice.http.post("/datasets", json=body)
    assert answer.status_code in {400, 409}
    assert dataset["name"] in answer.json()["message"]


def test_visibility_above_the_namespaces_is_refused(alice: Person, stack: object) -> None:
    group = f"closed-{secrets.token_hex(4)}"
    ready = stack.ready  # type: ignore[attr-defined] # Running
    made = httpx.post(
        f"{ready['gitlab_url']}/api/v4/groups",
        headers={"PRIVATE-TOKEN": alice.token},
        json={"name": group, "path": group, "visibility": "private"},
    )
    assert made.status_code == 201
    body = {"name": "open", "namespace": group, "visibility": "public"}
    refused = alice.json("POST", "/datasets", 400, json=body)
    assert "private" in refused["message"]


def test_nobody_creates_nothing(nobody: Person) -> None:
    refused = nobody.json("POST", "/datasets", 401, json={"name": "x", "namespace": "lab"})
    assert refused["error"] == "unauthenticated"


def test_binding_is_done_once_and_commits_what_dvc_needs(
    alice: Person, new_dataset: NewDataset, s3_site: int
) -> None:
    dataset = new_dataset(site=None)
    bound = alice.json("PUT", f"/datasets/{dataset}/storage-site", json={"site_id": s3_site})
    assert bound["storage_site"]["id"] == s3_site
    assert bound["default_branch"] == "main"
    refs = alice.json("GET", f"/datasets/{dataset}/refs")
    assert [one["name"] for one in refs["branches"]] == ["main"]
    again = alice.json("PUT", f"/datasets/{dataset}/storage-site", 409, json={"site_id": s3_site})
    assert again["error"] == "already_bound"


def test_of_fifty_parallel_bindings_one_wins(
    alice: Person, new_dataset: NewDataset, s3_site: int, local_site: int
) -> None:
    dataset = new_dataset(site=None)
    sites = [s3_site, local_site] * 25

    def bind(site: int) -> int:
        url = f"/datasets/{dataset}/storage-site"
        return alice.http.put(url, json={"site_id": site}).status_code

    with ThreadPoolExecutor(50) as pool:
        statuses = list(pool.map(bind, sites))
    assert statuses.count(200) == 1
    assert set(statuses) <= {200, 409}
    assert len(alice.json("GET", f"/datasets/{dataset}/commits")) == 1


def test_an_unknown_site_and_an_unbound_dataset_are_told_apart(
    alice: Person, new_dataset: NewDataset
) -> None:
    dataset = new_dataset(site=None)
    url = f"/datasets/{dataset}/storage-site"
    assert alice.json("PUT", url, 404, json={"site_id": 999_999})["error"] == "not_found"
    refused = alice.json("PUT", f"/datasets/{dataset}/files/a.bin", 409, content=b"x")
    assert refused["error"] == "not_bound"


def test_a_developer_may_not_bind(carol: Person, new_dataset: NewDataset, s3_site: int) -> None:
    dataset = new_dataset(site=None)
    refused = carol.json("PUT", f"/datasets/{dataset}/storage-site", 403, json={"site_id": s3_site})
    assert refused["error"] == "forbidden"
    assert "Maintainer" in refused["details"]["why"]
    assert "alice" in refused["details"]["ask"]


def test_the_list_is_searched_filtered_and_paged(alice: Person, new_dataset: NewDataset) -> None:
    tag = f"t{secrets.token_hex(4)}"
    made = {new_dataset(site=None, tags=[tag]) for _ in range(3)}
    answer = alice.http.get("/datasets", params={"tag": tag, "per_page": 2})
    assert len(answer.json()) == 2
    assert answer.headers["X-Total"] == "3"
    assert answer.headers["X-Next-Page"] == "2"
    assert 'rel="next"' in answer.headers["Link"]
    rest = alice.json("GET", "/datasets", params={"tag": tag, "per_page": 2, "page": 2})
    assert {one["id"] for one in answer.json() + rest} == made


def test_changing_and_deleting(alice: Person, bob: Person, new_dataset: NewDataset) -> None:
    dataset = new_dataset(site=None, tags=["old"])
    body = {"description": "new words", "tags": ["new"], "visibility": "internal"}
    changed = alice.json("PATCH", f"/datasets/{dataset}", json=body)
    assert (changed["description"], changed["tags"]) == ("new words", ["new"])
    assert changed["kind"] == "album"
    bob.json("DELETE", f"/datasets/{dataset}", 403)
    alice.json("DELETE", f"/datasets/{dataset}", 204)
    alice.json("GET", f"/datasets/{dataset}", 404)


def test_a_dataset_tells_how_open_its_group_is(alice: Person, new_dataset: NewDataset) -> None:
    dataset = new_dataset(site=None)
    assert alice.json("GET", f"/datasets/{dataset}")["namespace"]["visibility"] == "public"
    listed = {one["id"]: one for one in alice.json("GET", "/datasets", params={"per_page": 100})}
    assert listed[dataset]["namespace"]["visibility"] == "public"
