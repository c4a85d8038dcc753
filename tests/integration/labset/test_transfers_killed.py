from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from bench.stack import Running
from labset.transport.connection import Connection
from tests.integration.labset.cutting import cutting
from tests.integration.labset.transfers import (
    MIB,
    Lab,
    files_of,
    fill,
    finish,
    kill_when,
    noted_bytes,
    start,
)


@pytest.fixture
def lab(stack: Running) -> Iterator[Lab]:
    with Connection(stack.ready["app_url"], stack.token) as connection:
        yield Lab(stack, connection)


@pytest.fixture
def environment(lab: Lab, tmp_path: Path) -> dict[str, str]:
    return {
        "HOME": str(tmp_path),
        "LABSET_URL": lab.connection.server,
        "LABSET_TOKEN": lab.connection.token or "",
        "LABSET_CACHE": str(tmp_path / "cache"),
    }


def session_of(tmp_path: Path) -> str | None:
    """Return the session that an upload has begun."""
    for path in (tmp_path / "cache/state/uploads").glob("*.json"):
        return str(json.loads(path.read_text(encoding="ascii"))["session"])
    return None


@pytest.mark.parametrize("kind", ("s3", "local"))
def test_an_upload_that_was_killed_goes_on_where_it_was(
    lab: Lab, tmp_path: Path, environment: Mapping[str, str], kind: str
) -> None:
    small = {f"{number}.bin": 20_000 for number in range(50)}
    folder = fill(tmp_path / "src", {**small, "large.bin": 150 * MIB})
    dataset = lab.new_dataset(lab.site(kind))
    words = ["upload", str(dataset), str(folder), "--json"]

    def is_in_the_middle() -> bool:
        session = session_of(tmp_path)
        if session is None:
            return False
        shown = lab.connection.get_json(f"datasets/{dataset}/uploads/{session}")
        return any(
            one["path"].endswith("large.bin") and (one.get("received_bytes") or _present(one))
            for one in shown["files"]
        )

    kill_when(start(words, environment), is_in_the_middle)
    session = session_of(tmp_path)
    assert session is not None
    assert len(lab.connection.get_json(f"datasets/{dataset}/commits")) == 1  # the binding
    code, out = finish(start(words, environment))
    assert code == 0, out
    assert "begun before" in out
    shown = lab.connection.get_json(f"datasets/{dataset}/uploads/{session}")
    assert shown["state"] == "committed"
    pulled = ["download", "-p", str(dataset), "-o", str(tmp_path / "out")]
    code, out = finish(start(pulled, environment))
    assert code == 0, out
    assert files_of(tmp_path / "out/src") == files_of(folder)


def _present(one: Mapping[str, object]) -> bool:
    parts = one.get("parts")
    return isinstance(parts, dict) and bool(parts.get("present"))


def test_a_download_that_was_killed_goes_on_where_it_was(
    lab: Lab, tmp_path: Path, environment: Mapping[str, str]
) -> None:
    small = {f"{number}.bin": 20_000 for number in range(50)}
    folder = fill(tmp_path / "src", {**small, "large.bin": 200 * MIB})
    with cutting(lab.running.ready["s3"]["endpoint"], cuts=0, most_bytes=1) as wire:
        dataset = lab.new_dataset(lab.wired_site(wire.url))
        code, out = finish(start(["upload", str(dataset), str(folder)], environment))
        assert code == 0, out
        words = ["download", "-p", str(dataset), "-o", str(tmp_path / "out"), "--json"]
        kill_when(start(words, environment), lambda: noted_bytes(tmp_path / "out") > 20 * MIB)
        arrived = noted_bytes(tmp_path / "out")
        assert not (tmp_path / "out/src/large.bin").exists()
        wire.carried = 0
        code, out = finish(start(words, environment))
        assert code == 0, out
        assert wire.carried < 202 * MIB - arrived
    assert files_of(tmp_path / "out/src") == files_of(folder)
    assert not (tmp_path / "out/.labset").exists()


@pytest.mark.parametrize("same_folder", (True, False))
def test_two_processes_bring_the_same_file_and_do_not_fight(
    lab: Lab, tmp_path: Path, environment: Mapping[str, str], *, same_folder: bool
) -> None:
    folder = fill(tmp_path / "src", {"large.bin": 40 * MIB, "small.bin": 10})
    dataset = lab.new_dataset()
    code, out = finish(start(["upload", str(dataset), str(folder)], environment))
    assert code == 0, out
    places = [tmp_path / "out", tmp_path / ("out" if same_folder else "out2")]
    both = [
        start(["download", "-p", str(dataset), "-o", str(place)], environment) for place in places
    ]
    for process in both:
        code, out = finish(process)
        assert code == 0, out
    for place in places:
        assert files_of(place / "src") == files_of(folder)


def test_one_pinned_file_comes_quickly_into_a_fresh_folder(
    lab: Lab, tmp_path: Path, environment: Mapping[str, str]
) -> None:
    sizes = {f"d/{number:04}.bin": 100 for number in range(500)}
    folder = fill(tmp_path / "src", sizes)
    dataset = lab.new_dataset()
    code, out = finish(start(["upload", str(dataset), str(folder)], environment))
    assert code == 0, out
    began = time.monotonic()
    words = ["download", "-p", str(dataset), "-o", str(tmp_path / "out"), "/src/d/0007.bin"]
    code, out = finish(start(words, environment))
    seconds = time.monotonic() - began
    assert code == 0, out
    assert list(files_of(tmp_path / "out")) == ["src/d/0007.bin"]
    assert seconds < 5  # on a quiet machine under 0.7: bench/ measures that
