from __future__ import annotations

import signal
import socket
import subprocess
from pathlib import Path

import pytest

from tests.integration.assets_alone.conftest import bucket_of
from tests.integration.assets_alone.servers import (
    ALICE,
    ROOT,
    Server,
    refused_start,
    serving,
    write_tokens,
)
from tests.storage_servers import S3Server

OPEN = {"LABSET_ASSETS_OPEN": "1"}


def test_without_tokens_and_without_being_open_it_refuses_in_words(tmp_path: Path) -> None:
    told = refused_start(tmp_path / "home", {})
    assert "LABSET_ASSETS_TOKENS" in told
    assert "LABSET_ASSETS_OPEN=1" in told
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize(
    ("more", "word"),
    (
        ({"LABSET_ASSETS_STORE": "s3://bucket"}, "LABSET_ASSETS_S3_ACCESS_KEY is not set"),
        ({"LABSET_ASSETS_STORE": "file:///no/such/folder"}, "create it first"),
        ({"LABSET_ASSETS_TOKENS": "/no/such/file"}, "/no/such/file, which cannot be read"),
        ({"LABSET_DATABASE_URL": "mysql://x/y"}, "LABSET_DATABASE_URL"),
        ({"LABSET_HOME": "/proc/labset"}, "cannot be made"),
    ),
)
def test_what_cannot_be_right_stops_the_start_in_words(
    tmp_path: Path, more: dict[str, str], word: str
) -> None:
    assert word in refused_start(tmp_path / "home", OPEN | more)


def test_tokens_that_others_may_read_stop_the_start(tmp_path: Path) -> None:
    tokens = write_tokens(tmp_path)
    tokens.chmod(0o644)
    told = refused_start(tmp_path / "home", {"LABSET_ASSETS_TOKENS": str(tokens)})
    assert f"chmod 600 {tokens}" in told
    assert ALICE not in told


def test_a_port_that_is_taken_is_told(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        more = OPEN | {"LABSET_ASSETS_PORT": str(taken.getsockname()[1])}
        assert "LABSET_ASSETS_PORT" in refused_start(tmp_path / "home", more)


def test_it_says_where_it_is_and_warns_whoever_opens_it(tmp_path: Path) -> None:
    with serving(tmp_path / "home", OPEN) as server:
        told = server.told()
        assert server.url in told
        assert server.db_id() in told
        assert "WARNING: LABSET_ASSETS_OPEN=1" in told
        page = server.ask("GET", "/", headers={"Accept": "text/html"})
        assert page.status_code == 200
        assert "Asset database" in page.text
        assert server.db_id() in page.text


def test_a_bucket_that_refuses_the_keys_is_a_warning_and_entries_can_be_read(
    tmp_path: Path, s3: S3Server
) -> None:
    wrong = bucket_of(s3, "wrong") | {"LABSET_ASSETS_S3_SECRET_KEY": "not the secret of the bucket"}
    with serving(tmp_path / "home", OPEN | wrong) as server:
        assert "WARNING: The store s3://" in server.told()
        assert "not the secret of the bucket" not in server.told()
        assert server.find({}) == []
        health = server.ask("GET", "/api/v1/health")
        assert health.status_code == 503
        parts = health.json()["parts"]
        assert (parts["ledger"]["ok"], parts["store"]["ok"]) == (True, False)
        refused = server.upload("Nowhere", b"bytes")
        assert refused.status_code == 503
        assert refused.json()["success"] is False
        assert server.find({}) == []


def test_the_script_in_the_checkout_starts_it_from_anywhere(tmp_path: Path) -> None:
    asked = subprocess.run(
        [str(ROOT / "labset-assets"), "--help"],
        cwd=tmp_path,
        capture_output=True,
        timeout=60,
        check=True,
    )
    assert b"LABSET_ASSETS_OPEN=1 ./labset-assets" in asked.stdout
    wrong = subprocess.run(
        [str(ROOT / "labset-assets"), "serve"],
        cwd=tmp_path,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert wrong.returncode == 2


def test_ctrl_c_ends_it_at_once(tmp_path: Path) -> None:
    server = Server(tmp_path / "home", OPEN)
    server.start()
    server.end(signal.SIGINT)
    assert "Traceback" not in server.told()
    assert not server.answers()
