"""Assets through the running product: names, bytes, pages of queries, files of datasets, many at once."""

from __future__ import annotations

import hashlib
import json
import secrets
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import quote

import boto3
import httpx
import pytest

from bench.stack import Running
from tests.integration.product.asset_calls import Assets, Caller, about, checked, new_name
from tests.integration.product.conftest import Person
from tests.integration.product.hub import Repository

AT_ONCE = 200


@pytest.fixture
def carols(assets: Caller) -> Assets:
    return assets("carol")


NAMES = (
    "a:b:c",
    "a/b/c.bin",
    "/beginning",
    "//two//slashes/",
    "with spaces  and more",
    "100%25 %2F",
    "what?a=b&c#d",
    "Grüße 東京 🌱",
    "a/../../b",
    "..",
    "a\\b;c,d'e\"f",
    "{x}[y]<z>|~^`",
    "+a+b",
    "a\u0301 á",
)


@pytest.mark.parametrize("name", NAMES)
def test_a_name_survives_its_way_through_the_address(carols: Assets, name: str) -> None:
    name = f"{name} {secrets.token_hex(4)}"
    made = carols.upload(b"bytes of " + name.encode(), about(name, "1:0/x", "ta g?"))
    assert made["asset_uri"] == f"{name}:1:0/x-ta g?"
    path = f"/asset/{quote(made['asset_uri'], safe='')}"
    read = carols.json("GET", path)["data"]
    assert (read["asset_id"], read["asset_name"]) == (made["asset_id"], name)
    carols.json("PUT", path, json={"asset_tags": [name]})
    assert carols.find({"asset_name": name})["data"][0]["asset_tags"] == [name]
    carols.json("DELETE", path)
    carols.json("GET", path, 404)


def test_the_commonest_way_of_quoting_an_address_serves_as_well(carols: Assets) -> None:
    name = f"models/lamp {secrets.token_hex(4)}"
    made = carols.upload(b"bytes", about(name))
    assert carols.json("GET", f"/asset/{quote(made['asset_uri'])}")["data"]["asset_name"] == name


def test_the_parts_of_a_form_may_come_in_any_order_with_fields_beside(carols: Assets) -> None:
    for first in (True, False):
        told = ("asset_metadata", (None, json.dumps(about(new_name())).encode()))
        file: Any = ("asset", ("C:\\fakepath\\ä.bin", b"x" * 3_000_000))
        more: Any = ("submit", (None, b"Upload"))
        made = carols.send([told, more, file] if first else [more, file, told], 201)
        info = carols.json("GET", f"/asset/{made['asset_id']}")["data"]["asset_file_info"]
        assert info["file_name"] == "ä.bin"
        assert info["sha256"] == hashlib.sha256(b"x" * 3_000_000).hexdigest()


def test_bytes_are_sent_whole_in_part_and_conditionally(carols: Assets, assets: Caller) -> None:
    data = secrets.token_bytes(6_000_000)
    made = carols.upload(data, about(new_name()))
    http, path = assets("nobody").http, f"/asset-object/{made['asset_id']}"
    whole = http.get(path)
    assert whole.content == data
    etag = whole.headers["ETag"]
    assert etag == f'"{hashlib.md5(data, usedforsecurity=False).hexdigest()}"'
    assert whole.headers["Content-Disposition"].startswith(
        f'attachment; filename="{made["asset_id"]}"'
    )
    assert whole.headers["Cache-Control"].startswith("private")
    part = http.get(path, headers={"Range": "bytes=5000000-5000099"})
    assert (part.status_code, part.content) == (206, data[5_000_000:5_000_100])
    assert http.get(path, headers={"If-None-Match": etag}).status_code == 304
    head = http.head(path)
    assert (head.status_code, head.headers["Content-Length"], head.content) == (
        200,
        str(len(data)),
        b"",
    )
    checked(http.get(path, headers={"Range": "bytes=6000000-"}), 416)
    late = http.get(path, headers={"Range": "bytes=0-9", "If-Range": '"other"'})
    assert (late.status_code, late.content) == (200, data)


def test_a_private_asset_is_its_owners_in_every_route(carols: Assets, assets: Caller) -> None:
    name = new_name()
    made = carols.upload(b"bytes", about(name, visibility="private"))
    path, object_path = f"/asset/{made['asset_id']}", f"/asset-object/{made['asset_id']}"
    for stranger in ("bob", "nobody"):
        assets(stranger).json("GET", path, 404)
        refused = assets(stranger).json("GET", object_path, 404)
        assert refused["message"] == "File not found"
        assert assets(stranger).find({"asset_name": name})["data"] == []
        assets(stranger).json("DELETE", path, 404)
    for may in ("carol", "root"):
        assert assets(may).http.get(object_path).content == b"bytes"
        assert len(assets(may).find({"asset_name": name})["data"]) == 1


def test_pages_of_a_query_follow_one_another_by_link_and_by_cursor(carols: Assets) -> None:
    name = new_name()
    for version in ("1.9", "1.10", "2.0-rc1", "2.0", "1.2"):
        body = about(name, version, asset_metadata={"n": version})
        carols.json("POST", "/asset", 201, json=body)
    address: dict[str, str | int] = {
        "sort": "-asset_version.version",
        "limit": 2,
        "fields": "asset_version.version",
    }
    seen: list[str] = []
    answer = carols.http.post("/assets", json={"asset_name": name}, params=address)
    while True:
        page = checked(answer, 200)
        seen += [one["asset_version"]["version"] for one in page["data"]]
        assert all(set(one) == {"asset_id", "asset_version"} for one in page["data"])
        if page["next"] is None:
            break
        link = answer.links["next"]["url"]
        answer = carols.http.post(link, json={"asset_name": name})
    assert seen == ["2.0", "2.0-rc1", "1.10", "1.9", "1.2"]
    assert carols.find({"asset_name": name}, mine=1, limit=1)["next"]


def test_tags_are_counted_for_whoever_asks(carols: Assets, assets: Caller) -> None:
    tag = secrets.token_hex(4)
    for visibility in ("public", "private"):
        carols.upload(tag.encode(), about(new_name(), asset_tags=[tag], visibility=visibility))
    for who, count in (("carol", 2), ("bob", 1), ("nobody", 1)):
        told = assets(who).json("GET", "/api/v1/assets/tags", params={"limit": 1000})["data"]
        assert {"tag": tag, "assets": count} in told
    carols.json("GET", "/api/v1/assets/tags", 400, params={"limit": 0})


def test_a_file_of_a_dataset_is_registered_in_one_step_and_stays_the_datasets(
    carols: Assets, assets: Caller, carol: Person, repository: Repository, stack: Running
) -> None:
    path = "model.bin"
    where = f"/api/v1/datasets/{repository.id}/assets"
    name = new_name()
    made = carols.json("POST", where, 201, json={"path": path, "ref": "v1", "asset_name": name})
    url = f"{stack.api}/datasets/{repository.id}/files/{path}?ref={repository.old}"
    assert made["public_url"] == url
    assert made["asset_uri"] == f"{name}:v1-{repository.old[:8]}"
    data = carol.http.get(f"/datasets/{repository.id}/files/{path}?ref=v1").content
    told = carols.json("GET", f"/asset/{made['asset_id']}")["data"]["asset_file_info"]
    assert (told["size"], bool(told["format"])) == (len(data), True)
    got = carols.http.get(f"/asset-object/{made['asset_id']}")
    assert (got.content, got.headers["X-Commit-Id"]) == (data, repository.old)
    assert f'filename="{made["asset_id"]}"' in got.headers["Content-Disposition"]
    assert carols.http.head(f"/asset-object/{made['asset_id']}").status_code == 200
    assets("bob").json("GET", f"/asset/{made['asset_id']}", 404)
    assets("bob").json("GET", f"/asset-object/{made['asset_id']}", 404)
    assets("bob").json("POST", where, 404, json={"path": path})
    carols.json("POST", where, 404, json={"path": "none.bin"})
    carols.json("POST", where, 400, json={"ref": "v1"})


def test_an_external_asset_without_a_file_says_where_it_lies(carols: Assets) -> None:
    url = "https://example.org/models/lamp.bin"
    body = {"asset_name": new_name(), "asset_public_url": url}
    made = carols.json("POST", "/asset", 201, json=body)["data"]
    assert made["asset_uri"] == ""
    told = carols.json("GET", f"/asset-object/{made['id']}", 404)
    assert told["message"].startswith("File not found")
    assert url in told["message"]


def test_two_hundred_small_uploads_at_once_all_succeed(stack: Running) -> None:
    token = stack.ready["users"]["carol"]["token"]
    name = new_name()

    def upload(number: int) -> httpx.Response:
        told = json.dumps(about(name, str(number), asset_tags=[name]))
        return httpx.post(
            f"{stack.ready['app_url']}/upload_asset",
            headers={"PRIVATE-TOKEN": token},
            files={"asset": ("a.bin", f"{name} {number % 150}".encode() * 500)},
            data={"asset_metadata": told},
            timeout=120,
        )

    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(upload, range(AT_ONCE)))
    assert [one.text for one in answers if one.status_code != 201] == []
    url = stack.ready["app_url"]
    found = checked(httpx.post(f"{url}/assets", json={"asset_tags": [name]}), 200)["data"]
    assert {one["asset_version"]["version"] for one in found} == {str(n) for n in range(AT_ONCE)}
    with ThreadPoolExecutor(16) as pool:
        got = pool.map(lambda one: httpx.get(one["asset_public_url"]).content, found)
        for one, data in zip(found, got, strict=True):
            number = int(one["asset_version"]["version"])
            assert data == f"{name} {number % 150}".encode() * 500


def test_curl_sends_a_large_file_of_which_it_does_not_say_the_length(
    stack: Running, tmp_path: Path
) -> None:
    file = tmp_path / "large.bin"
    file.write_bytes(secrets.token_bytes(20_000_000))
    told = json.dumps(about(new_name()))
    line = [
        *("curl", "--silent", "--show-error", "-H", "Transfer-Encoding: chunked"),
        *("-H", f"PRIVATE-TOKEN: {stack.token}", "-F", f"asset=@{file}"),
        *("-F", f"asset_metadata={told}", f"{stack.ready['app_url']}/upload_asset"),
    ]
    made = json.loads(subprocess.run(line, check=True, capture_output=True).stdout)
    assert httpx.get(made["public_url"]).content == file.read_bytes()


def test_a_large_file_that_somebody_took_from_the_site_comes_back_by_the_same_upload(
    carols: Assets, stack: Running
) -> None:
    data, told = secrets.token_bytes(9 * 1024 * 1024), about(new_name())
    bucket = bucket_of(stack)

    def kept() -> set[str]:
        return {one.key for one in bucket.objects.all() if "/assets-" in one.key}

    before = kept()
    made = carols.upload(data, told)
    path = f"/asset-object/{made['asset_id']}"
    [key] = kept() - before
    assert "/large/" in key
    assert carols.upload(data, about(new_name()))["asset_id"] != made["asset_id"]
    assert kept() - before == {key}
    assert (
        carols.http.get(path, headers={"Range": "bytes=5000000-5000009"}).content
        == (data[5_000_000:5_000_010])
    )
    bucket.Object(key).delete()
    assert carols.json("GET", path, 409)["error"] == "data_missing"
    assert carols.upload(data, told)["asset_id"] == made["asset_id"]
    assert carols.http.get(path).content == data


def test_bytes_that_somebody_took_from_the_site_are_told_and_come_back_by_the_same_upload(
    carols: Assets, stack: Running
) -> None:
    data, told = secrets.token_bytes(50_000), about(new_name())
    made = carols.upload(data, told)
    path = f"/asset-object/{made['asset_id']}"
    md5 = carols.http.get(path).headers["ETag"].strip('"')
    bucket = bucket_of(stack)
    [key] = [one.key for one in bucket.objects.all() if one.key.endswith(md5[2:])]
    database = carols.json("GET", f"/asset/{made['asset_id']}")["data"]["assets_db_id"]
    assert f"/assets-{database}/files/md5/" in key
    bucket.Object(key).delete()
    assert carols.http.head(path).status_code == 409
    assert carols.json("GET", path, 409)["error"] == "data_missing"
    assert carols.upload(data, told)["asset_id"] == made["asset_id"]
    assert carols.http.get(path).content == data


def bucket_of(stack: Running) -> Any:  # noqa: ANN401 - boto3 makes its classes at run time
    s3 = stack.ready["s3"]
    session = boto3.session.Session(s3["access_key"], s3["secret_key"])
    resource = session.resource("s3", endpoint_url=s3["endpoint"], region_name="us-east-1")
    return resource.Bucket(s3["bucket"])


def test_a_site_that_one_may_not_see_is_not_named_on_the_page_of_a_public_asset(
    assets: Caller,
) -> None:
    made = assets("alice").upload(secrets.token_bytes(50), about(new_name()))
    pages = {
        who: assets(who).http.get(f"/assets/{made['asset_id']}") for who in ("alice", "nobody")
    }
    assert {page.status_code for page in pages.values()} == {200}
    assert "lab-s3" in pages["alice"].text
    assert "lab-s3" not in pages["nobody"].text
