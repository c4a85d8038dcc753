"""Every curl line of the seed as it is printed there, with real curl: only names in <> are filled in."""

from __future__ import annotations

import json
import os
import re
import secrets
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from bench.stack import Running
from tests.seed_lines import (
    CHECK_ENTRY,
    CREATE,
    DELETE,
    DELETE_ENTRY,
    GET,
    GET_ENTRY,
    HEALTH,
    OBJECT,
    PRINTED_ID,
    QUERY,
    QUERY_BY_OPERATORS,
    QUERY_ENTRIES,
    REGISTER,
    UPDATE,
    UPDATE_ENTRY,
    UPLOAD,
)
from tests.servers import free_port

CHECKOUT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True)
class Terminal:
    """Where the lines are typed: curl's own settings may carry a token, the lines carry none."""

    url: str
    home: Path

    def type(self, line: str, **names: str) -> tuple[int, Any]:
        """Return the status and the JSON that a line is answered with."""
        for name, value in names.items():
            line = line.replace(name if "/" in name else f"<{name}>", value)
        line = re.sub(r"http://<(?:api|server)-url>", self.url, line)
        done = subprocess.run(
            ["/bin/sh", "-c", line],
            check=False,
            env=self._environment,
            cwd=self.home,
            capture_output=True,
        )
        assert done.returncode == 0, done.stderr.decode()
        body, _, status = done.stdout.decode().rpartition("\n")
        return int(status), json.loads(body) if body else None

    @property
    def _environment(self) -> dict[str, str]:
        return {"PATH": os.environ["PATH"], "HOME": str(self.home), "CURL_HOME": str(self.home)}


def terminal(url: str, home: Path, token: str | None) -> Terminal:
    lines = ["silent", 'write-out = "\\n%{http_code}"']
    lines += [f'header = "PRIVATE-TOKEN: {token}"'] if token else []
    (home / ".curlrc").write_text("\n".join(lines))
    return Terminal(url, home)


@pytest.fixture(scope="module")
def open_url(stack: Running) -> Iterator[str]:
    """A second web server of the same home, on which whoever comes may write."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    kept = (stack.home / "labset.env").read_text().splitlines()
    settings = dict(shlex.split(line)[1].split("=", 1) for line in kept)
    settings |= {"LABSET_ASSETS_OPEN": "1", "LABSET_BASE_URL": url, "LABSET_WEB_PROCESSES": "1"}
    command = [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", "--bind", url[7:]]
    with (
        (stack.home / "open.log").open("wb") as log,
        subprocess.Popen(
            [*command, "wsgi:app"],
            env=os.environ | settings | {"PYTHONPATH": str(CHECKOUT)},
            cwd=CHECKOUT,
            stdout=log,
            stderr=log,
        ) as server,
    ):
        try:
            _wait_for(url)
            yield url
        finally:
            server.terminate()


def _wait_for(url: str) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            if httpx.get(f"{url}/health").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    pytest.fail(f"{url} does not answer")


@pytest.fixture(params=["token", "open"])
def typed(request: pytest.FixtureRequest, stack: Running, tmp_path: Path) -> Terminal:
    """A terminal whose curl knows a token, and one without any at an open server."""
    if request.param == "open":
        return terminal(request.getfixturevalue("open_url"), tmp_path, None)
    token = stack.ready["users"]["carol"]["token"]
    return terminal(stack.ready["app_url"], tmp_path, token)


def test_the_lines_of_the_asset_database_work_as_printed(typed: Terminal) -> None:
    file = typed.home / "file.png"
    file.write_bytes(secrets.token_bytes(30_000))
    status, made = typed.type(UPLOAD, **{"/path/to/your/file.png": str(file)})
    assert (status, made["success"], made["asset_uri"]) == (201, True, "SampleAsset:1.0-initial")
    assert made["public_url"] == f"{typed.url}/asset-object/{made['asset_id']}"
    status, read = typed.type(GET)
    assert (status, read["success"]) == (200, True)
    assert read["data"]["asset_metadata"] == {"description": "Sample asset upload"}
    assert read["data"]["asset_tags"] == ["image", "sample"]
    assert read["data"]["asset_file_info"]["size"] == 30_000
    status, changed = typed.type(UPDATE)
    assert (status, changed["success"], changed["message"]) == (200, True, "Asset updated")
    assert typed.type(GET)[1]["data"]["asset_tags"] == ["updated", "sample"]
    for line in (QUERY, QUERY_BY_OPERATORS):
        status, found = typed.type(line)
        assert (status, found["success"], type(found["data"])) == (200, True, list)
    assert typed.type(OBJECT, asset_id=made["asset_id"])[0] == 200
    assert (typed.home / "downloaded_asset").read_bytes() == file.read_bytes()
    status, deleted = typed.type(DELETE)
    assert (status, deleted["success"], deleted["message"]) == (200, True, "Asset deleted")
    status, gone = typed.type(GET)
    assert (status, gone["success"]) == (404, False)
    assert typed.type(HEALTH) == (200, {"success": True, "message": "healthy"})


def test_the_queries_of_the_seed_find_what_they_mean(typed: Terminal) -> None:
    line = CREATE.replace('"description": "Sample asset for testing"', '"type": "image", "more": 1')
    status, made = typed.type(line.replace("Sample Asset", "Queried Asset"))
    assert status == 201
    for query in (QUERY, QUERY_BY_OPERATORS):
        found = {one["asset_id"] for one in typed.type(query)[1]["data"]}
        assert made["data"]["id"] in found
    typed.type(DELETE.replace("SampleAsset:1.0-initial", made["data"]["id"]))


def test_an_entry_without_a_file_is_made_as_printed(typed: Terminal) -> None:
    status, made = typed.type(CREATE)
    assert (status, made["success"]) == (201, True)
    assert made["data"]["message"] == "Asset created"
    status, again = typed.type(CREATE)
    assert (status, again["success"], again["error"]) == (409, False, "asset_exists")
    by_id = DELETE.replace("SampleAsset:1.0-initial", made["data"]["id"])
    assert typed.type(by_id)[0] == 200


def test_the_lines_of_the_registry_work_as_printed(typed: Terminal) -> None:
    status, made = typed.type(REGISTER)
    assert (status, made["success"], made["message"]) == (201, True, "Asset registry created")
    entry_id = made["data"]["id"]
    for line, expected in (
        (GET_ENTRY, 200),
        (QUERY_ENTRIES, 200),
        (CHECK_ENTRY.replace("tes-", ""), 200),
        (UPDATE_ENTRY, 400),
        (UPDATE_ENTRY.replace('"TensorFlow" models', '"TensorFlow models"'), 200),
        (DELETE_ENTRY, 200),
        (GET_ENTRY, 404),
    ):
        status, told = typed.type(line.replace(PRINTED_ID, entry_id))
        assert (status, told["success"]) == (expected, expected == 200), line
    for line in (GET_ENTRY, DELETE_ENTRY, CHECK_ENTRY):
        status, told = typed.type(line)
        assert (status, told["success"]) == (404, False)


def test_the_open_server_warns_at_its_start(stack: Running, open_url: str) -> None:
    assert open_url
    assert "LABSET_ASSETS_OPEN=1" in (stack.home / "open.log").read_text()


def test_without_a_token_a_closed_server_lets_read_and_not_write(
    stack: Running, tmp_path: Path
) -> None:
    nobody = terminal(stack.ready["app_url"], tmp_path, None)
    (tmp_path / "file.png").write_bytes(b"x")
    written = nobody.type(UPLOAD, **{"/path/to/your/file.png": str(tmp_path / "file.png")})
    assert written[0] == 401
    for line in (CREATE, UPDATE, DELETE, REGISTER):
        status, told = nobody.type(line)
        assert status in {401, 404}
        assert told["success"] is False
    assert nobody.type(QUERY)[0] == 200


def test_a_foreign_page_in_a_browser_changes_nothing_on_an_open_server(open_url: str) -> None:
    body, local = {"asset_name": "from a page"}, open_url.replace("127.0.0.1", "localhost")
    for headers, status in (
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": open_url}, 201),
        ({"Origin": local, "Host": local.removeprefix("http://")}, 201),
        ({"Origin": local, "Sec-Fetch-Site": "same-origin"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({}, 201),
    ):
        for kind in ("application/json", "application/x-www-form-urlencoded", "text/plain"):
            told = {**headers, "Content-Type": kind}
            answer = httpx.post(f"{open_url}/asset", content=json.dumps(body), headers=told)
            assert answer.status_code == status, answer.text
