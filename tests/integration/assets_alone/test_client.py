"""The client speaks to an asset database that runs alone as to a Labset."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.integration.assets_alone.servers import ALICE, ROOT, Server


def labset(server: Server, folder: Path, *arguments: str, token: str = ALICE) -> str:
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "PYTHONPATH": str(ROOT),
        "LABSET_URL": server.url,
        "LABSET_TOKEN": token,
    }
    ended = subprocess.run(
        [sys.executable, "-m", "labset", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr.decode()
    return ended.stdout.decode()


def test_a_file_is_pushed_found_fetched_tagged_and_removed(closed: Server, tmp_path: Path) -> None:
    content = os.urandom(300_000)
    (tmp_path / "net.onnx").write_bytes(content)
    push = ("--name", "Net", "--version", "1.0", "--tag", "first", "--tags", "cli,nets")
    labset(closed, tmp_path, "assets", "push", "net.onnx", *push, "--meta", "layers=3")
    found = json.loads(labset(closed, tmp_path, "assets", "find", "--json", "Net", token=""))
    assert [one["asset_uri"] for one in found] == ["Net:1.0-first"]
    labset(closed, tmp_path, "assets", "get", "Net:1.0-first", "--output", "back", token="")
    fetched = [path for path in tmp_path.rglob("*") if "back" in str(path) and path.is_file()]
    assert [path.read_bytes() for path in fetched] == [content]
    labset(closed, tmp_path, "assets", "tag", "Net:1.0-first", "+tried")
    tags = closed.ask("GET", "/asset/Net:1.0-first").json()["data"]["asset_tags"]
    assert set(tags) == {"cli", "nets", "tried"}
    labset(closed, tmp_path, "assets", "rm", "Net:1.0-first", "--yes")
    assert closed.find({"asset_name": "Net"}) == []
