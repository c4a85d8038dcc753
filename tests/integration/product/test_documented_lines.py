"""The lines of the README and of the page about assets that call the asset database, as they are printed there."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from bench.stack import Running
from tests.integration.product.asset_calls import Caller

_CHECKOUT = Path(__file__).resolve().parents[3]
_BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_CALL = re.compile(r'^curl .*"\$LABSET/', re.MULTILINE)
_PICTURES = ("lamp.png", "weld.jpg")
_URIS = ("Lamp:1.0-initial", "Weld:1.0-initial")


def _blocks(page: str) -> list[str]:
    text = (_CHECKOUT / page).read_text(encoding="utf-8")
    return [block for block in _BLOCK.findall(text) if _CALL.search(block)]


BLOCKS = [(page, block) for page in ("README.md", "docs/assets.md") for block in _blocks(page)]


def test_the_pages_have_such_lines() -> None:
    assert {page for page, _ in BLOCKS} == {"README.md", "docs/assets.md"}
    assert sum(block.count("curl ") for _, block in BLOCKS) >= 6


@pytest.mark.parametrize(("page", "block"), BLOCKS)
def test_a_line_that_is_printed_works(
    page: str, block: str, stack: Running, assets: Caller, tmp_path: Path
) -> None:
    for uri in _URIS:  # of a block before
        assets("root").http.delete(f"/asset/{uri}")
    here = tmp_path / "vitvi"
    here.mkdir()
    for folder in (here, tmp_path):
        for name in _PICTURES:
            (folder / name).write_bytes(b"\x89PNG\r\n\x1a\n")
    (tmp_path / ".curlrc").write_text("fail-with-body\nsilent\nshow-error\n", encoding="utf-8")
    settings = {
        "PATH": os.environ["PATH"],
        "CURL_HOME": str(tmp_path),
        "LABSET": str(stack.ready["app_url"]),
        "TOKEN": str(stack.ready["users"]["carol"]["token"]),
    }
    done = subprocess.run(
        ["/bin/sh", "-e", "-c", block],
        cwd=here,
        env=settings,
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, f"{page}: {done.stdout.decode()} {done.stderr.decode()}"
    assert done.stdout.count(b'"success":true') == block.count("curl ")
