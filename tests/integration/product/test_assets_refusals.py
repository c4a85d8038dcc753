"""What cannot be right is refused in the seed's shape, and leaves nothing behind."""

from __future__ import annotations

import json
import re
import socket
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from bench.stack import Running
from tests.integration.product.asset_calls import Assets, Caller, about, checked, new_name

JSON = {"Content-Type": "application/json"}


@pytest.fixture
def carols(assets: Caller) -> Assets:
    return assets("carol")


def is_absent(carols: Assets, name: str) -> bool:
    return not carols.find({"asset_name": name})["data"]


def test_a_form_without_its_file_or_with_an_empty_name_says_so_in_the_seeds_words(
    carols: Assets,
) -> None:
    told = ("asset_metadata", (None, json.dumps(about(new_name())).encode()))
    assert carols.send([told], 400)["message"] == "No file part"
    nameless = b'--x\r\nContent-Disposition: form-data; name="asset"; filename=""\r\n\r\n\r\n--x--'
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    refused = carols.json("POST", "/upload_asset", 400, content=nameless, headers=headers)
    assert refused["message"] == "No selected file"
    as_text: Any = ("asset", (None, b"x"))
    assert carols.send([as_text, told], 400)["message"] == "No file part"


@pytest.mark.parametrize(
    ("told", "message"),
    (
        ({}, "asset_name is required"),
        ({"asset_version": {"version": "1", "tag": "a"}}, "asset_name is required"),
        ({"asset_name": " "}, "asset_name is required"),
        ({"asset_name": "x"}, "Both version and tag are required in asset_version"),
        (about("x", version=""), "Both version and tag are required in asset_version"),
        (about("x", tag=""), "Both version and tag are required in asset_version"),
        ("{broken", "asset_metadata is no JSON"),
        ("", "asset_metadata is no JSON"),
        ("[]", "asset_metadata must be a JSON object"),
        ('{"asset_name": NaN}', "asset_metadata is no JSON"),
        ('{"asset_name": "x", "asset_name": "y"}', "names the field 'asset_name' twice"),
        ('{"asset_name": "\\ud800"}', "asset_metadata is no JSON"),
        ("{" * 100_000, "asset_metadata is no JSON"),
    ),
)
def test_a_form_whose_words_are_wrong_is_refused(
    carols: Assets, told: object, message: str
) -> None:
    assert message in carols.upload(b"bytes", told, 400)["message"]


@pytest.mark.parametrize(
    ("field", "value"),
    (
        ("asset_id", "mine"),
        ("assets_db_id", "mine"),
        ("owner", "root"),
        ("created_at", "2020-01-01T00:00:00Z"),
        ("updated_at", "2020-01-01T00:00:00Z"),
        ("asset_uri", "another:1-a"),
        ("asset_public_url", "https://example.org/x"),
        ("asset_file_info", {"size": 1}),
        ("visibility", "everybody"),
        ("visibility", "dataset"),
        ("dataset_id", "1; DROP TABLE assets"),
        ("$set", {"owner": "root"}),
        ("__class__", {}),
        ("asset_tags", "weld"),
        ("asset_tags", [1]),
        ("asset_tags", [f"tag {n}" for n in range(101)]),
        ("asset_version", "1.0"),
        ("asset_name", ["x"]),
        ("asset_metadata", []),
        ("asset_metadata", {"x": 1e308, "y": "\x00"}),
    ),
)
def test_nobody_says_what_the_server_gives(carols: Assets, field: str, value: object) -> None:
    name = new_name()
    told = carols.upload(b"bytes", about(name) | {field: value}, 400)
    assert told["error"] == "invalid"
    assert is_absent(carols, name)


def test_metadata_over_the_limit_is_too_large(carols: Assets) -> None:
    name = new_name()
    told = about(name, asset_metadata={"text": "x" * 70_000})
    assert carols.upload(b"bytes", told, 413)["error"] == "too_large"
    assert carols.upload(b"bytes", "x" * 2_000_000, 413)["error"] == "too_large"
    assert carols.json("POST", "/asset", 413, content=b" " * 2_000_000)["error"] == "too_large"
    assert is_absent(carols, name)


def test_an_empty_file_must_be_meant(carols: Assets) -> None:
    name = new_name()
    assert carols.upload(b"", about(name), 400)["error"] == "nothing_sent"
    assert is_absent(carols, name)
    made = carols.upload(b"", about(name), empty=1)
    got = carols.http.get(f"/asset-object/{made['asset_id']}")
    assert (got.status_code, got.content) == (200, b"")


def test_two_files_in_one_form_are_refused_and_none_is_kept(carols: Assets) -> None:
    name = new_name()
    told = ("asset_metadata", (None, json.dumps(about(name)).encode()))
    for second in ("asset", "other"):
        carols.send([("asset", ("a", b"a")), (second, ("b", b"b")), told], 400)
    assert is_absent(carols, name)


@pytest.mark.parametrize(
    ("content_type", "body", "status"),
    (
        ("multipart/form-data", b"--x--\r\n", 400),
        ("multipart/form-data; boundary=", b"--x--\r\n", 400),
        ("multipart/form-data; boundary=other", b"--x\r\nContent-Disposition: form-data", 400),
        ("multipart/form-data; boundary=x", b"", 400),
        ("multipart/form-data; boundary=x", b"--x--\r\n", 400),
        ("multipart/form-data; boundary=" + "x" * 300, b"--x--\r\n", 400),
        ("application/json", b'{"asset_name": "x"}', 415),
        ("application/x-www-form-urlencoded", b"asset=1", 415),
        ("text/plain", b"bytes", 415),
    ),
)
def test_what_is_no_form_is_refused(
    carols: Assets, content_type: str, body: bytes, status: int
) -> None:
    headers = {"Content-Type": content_type}
    carols.json("POST", "/upload_asset", status, content=body, headers=headers)


def test_a_form_that_is_cut_off_leaves_nothing(carols: Assets, stack: Running) -> None:
    name = new_name()
    form = httpx.Request(
        "POST",
        f"{stack.ready['app_url']}/upload_asset",
        headers=carols.http.headers,
        files=[
            ("asset_metadata", (None, json.dumps(about(name)).encode())),
            ("asset", ("a.bin", b"x" * 300_000)),
        ],
    )
    body, address = form.read(), urlsplit(str(form.url))
    lines = [f"{key}: {value}" for key, value in form.headers.items()]
    head = "\r\n".join(["POST /upload_asset HTTP/1.1", *lines, "", ""]).encode()
    with socket.create_connection((str(address.hostname), address.port or 80)) as connection:
        connection.sendall(head + body[:200_000])
        connection.shutdown(socket.SHUT_WR)
        answer = b"".join(iter(lambda: connection.recv(4096), b"")).decode()
    assert re.match(r"HTTP/1.1 400 .*(body_cut_off|broken_form)", answer.replace("\r\n", " ")), (
        answer
    )
    assert is_absent(carols, name)


@pytest.mark.parametrize(
    ("method", "path"), (("POST", "/asset"), ("POST", "/assets"), ("PUT", "/asset/none"))
)
def test_json_is_read_whatever_it_calls_itself_but_no_form(
    carols: Assets, method: str, path: str
) -> None:
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    told = carols.json(method, path, 415, content=b"{}", headers=headers)
    assert "Content-Type: application/json" in told["message"]
    broken = (b"", b"[]", b"{", b'{"a": Infinity}', b'{"a": {"b": 1, "b": 2}}', b"\xff", b"1")
    for kind in ("text/plain", "application/x-www-form-urlencoded"):
        for body in (*broken, b"asset_name=x"):
            told = carols.json(method, path, 400, content=body, headers={"Content-Type": kind})
            assert told["error"] == "invalid"


def test_a_form_is_no_json_where_a_cookie_says_who_asks(
    stack: Running, assets: Caller, carols: Assets
) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert assets("nobody").json("POST", "/assets", content=b"{}", headers=form)["success"] is True
    url, cookie = stack.ready["app_url"], f"tokenGitLab={stack.ready['users']['carol']['token']}"
    csrf = httpx.get(f"{url}/api/v1/csrf", headers={"Cookie": cookie}).json()["csrf_token"]
    body = b'{"asset_name": "of a page"}'
    for more, status in (({}, 403), ({"X-CSRF-Token": csrf}, 415)):
        headers = {**form, "Cookie": cookie, **more}
        answer = httpx.post(f"{url}/asset", content=body, headers=headers)
        assert answer.status_code == status, answer.text
    name = "of a program, with a token"
    made = carols.json(
        "POST", "/asset", 201, content=json.dumps({"asset_name": name}), headers=form
    )
    carols.json("DELETE", f"/asset/{made['data']['id']}")


@pytest.mark.parametrize(
    "query",
    (
        {"$where": "1"},
        {"asset_name": {"$expr": 1}},
        {"asset_name": {"$near": 1}},
        {"asset_name": {"$regex": "(a+)+$(("}},
        {"asset_name": {"$regex": "a{1,1000}"}},
        {"asset_name": {"$not": {"$not": {"$not": {"$not": {"$not": {"$not": {"$not": 1}}}}}}}},
        {"$and": []},
        {"$set": {"owner": "root"}},
    ),
)
def test_filters_that_nobody_may_ask_are_refused_in_words(carols: Assets, query: object) -> None:
    assert carols.find(query, 400)["message"]


def test_filters_over_the_limits_are_too_large(carols: Assets) -> None:
    for query in (
        {"asset_name": {"$in": ["x"] * 1_001}},
        {"$or": [{"asset_name": str(n)} for n in range(101)]},
        {"asset_name": "x" * 70_000},
    ):
        assert carols.find(query, 413)["error"] == "too_large"


@pytest.mark.parametrize(
    "query",
    (
        {"asset_name'; DROP TABLE assets; --": 1},
        {'asset_metadata.a"]); SELECT 1; --': {"$gt": 1}},
        {"asset_metadata.%s": "%(x)s"},
        {"asset_metadata.:x": ":y"},
        {"owner": {"$ne": "alice' OR '1'='1"}, "asset_name": "nobody's"},
    ),
)
def test_names_with_sql_in_them_are_names(carols: Assets, query: object) -> None:
    assert carols.find(query)["data"] == []


@pytest.mark.parametrize(
    "address",
    (
        {"limit": "0"},
        {"limit": "1001"},
        {"limit": "x"},
        {"cursor": "nonsense"},
        {"cursor": "x" * 5_000},
        {"sort": "a,b,c,d,e"},
        {"sort": "$where"},
        {"fields": ",".join("abcdefgh" + str(n) for n in range(51))},
        {"scope": "everything"},
    ),
)
def test_what_stands_in_the_address_of_a_query_is_read_as_strictly(
    carols: Assets, address: dict[str, str]
) -> None:
    assert carols.find({}, 400, **address)["error"] == "invalid"


@pytest.mark.parametrize(
    "url",
    (
        "ftp://example.org/x",
        "javascript:alert(1)",
        "file:///etc/passwd",
        "http://127.0.0.1/x",
        "http://[::ffff:10.0.0.1]/x",
        "http://169.254.169.254/latest",
        "http://localhost/x",
        "https://user:secret@example.org/x",
        "http://",
        "x",
    ),
)
def test_an_entry_leads_to_no_address_inside_and_to_no_program(carols: Assets, url: str) -> None:
    name = new_name()
    answer = carols.http.post("/asset", json={"asset_name": name, "asset_public_url": url})
    assert answer.status_code in {400, 403}
    checked(answer, answer.status_code)
    assert is_absent(carols, name)


def test_errors_of_the_routes_themselves_have_the_same_shape(carols: Assets) -> None:
    for method, path, status in (
        ("GET", "/asset/none", 404),
        ("DELETE", "/asset/none", 404),
        ("GET", "/asset-object/none", 404),
        ("PATCH", "/asset/none", 405),
        ("GET", "/asset", 405),
        ("GET", "/upload_asset", 405),
        ("PUT", "/assets", 405),
        ("GET", "/asset-object/none/more", 404),
        ("GET", "/asset_registry/none", 404),
        ("GET", "/check_health/none", 404),
        ("GET", "/api/v1/assets/none", 404),
    ):
        told = carols.json(method, path, status, headers={"Accept": "text/html"})
        assert told["success"] is False


def test_a_token_that_gitlab_refuses_is_never_nobody(stack: Running) -> None:
    refused = {"PRIVATE-TOKEN": "glpat-none"}
    for method, path, body in (
        ("GET", "/asset/none", None),
        ("POST", "/assets", {}),
        ("POST", "/asset", about(new_name())),
        ("GET", "/api/v1/assets/tags", None),
    ):
        checked(
            httpx.request(method, stack.ready["app_url"] + path, json=body, headers=refused), 401
        )


def test_reading_tokens_and_strangers_write_nothing(assets: Caller, carols: Assets) -> None:
    name = new_name()
    made = carols.upload(b"bytes", about(name))
    for stranger in ("bob", "nobody"):
        status = 403 if stranger == "bob" else 401
        assets(stranger).json("PUT", f"/asset/{made['asset_id']}", status, json={"asset_tags": []})
        assets(stranger).json("DELETE", f"/asset/{made['asset_id']}", status)
    assets("bob").upload(b"others", about(name), 409)
    assets("nobody").upload(b"bytes", about(name), 401)
    assert carols.upload(b"bytes", about(name))["asset_id"] == made["asset_id"]
    assert carols.upload(b"others", about(name), 409)["error"] == "asset_exists"


def test_a_cookie_alone_changes_nothing(stack: Running) -> None:
    token = stack.ready["users"]["carol"]["token"]
    with httpx.Client(
        base_url=stack.ready["app_url"], headers={"Cookie": f"tokenGitLab={token}"}
    ) as browser:
        files = [("asset", ("a", b"a")), ("csrf_token", (None, b"x"))]
        assert checked(browser.post("/upload_asset", files=files), 403)["error"] == "csrf"
        assert checked(browser.post("/asset", json=about(new_name())), 403)["error"] == "csrf"
        allowed = {"X-CSRF-Token": browser.get("/api/v1/csrf").json()["csrf_token"]}
        checked(browser.post("/asset", json=about(new_name()), headers=allowed), 201)
