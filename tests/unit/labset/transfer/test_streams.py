from __future__ import annotations

import io
import random
import tarfile
import threading
from pathlib import Path
from typing import cast

import pytest

from labset.download.tar_reader import read_members
from labset.errors import Conflict, Unreachable
from labset.local.file_locks import FileLock, locked_if_free
from labset.transport.crew import Crew
from labset.transport.patience import Patience
from labset.transport.wire import Answer
from labset.upload.planning import Hashed
from labset.upload.sources import find_files
from labset.upload.tar_body import tar_of

LONG = "x" * 120 + "/" + "ü" * 90 + ".bin"


class Told:
    """Stands for an answer whose bytes come in odd pieces."""

    def __init__(self, data: bytes, seed: int) -> None:
        self._rest = data
        self._chance = random.Random(seed)

    def readinto(self, block: memoryview) -> int:
        count = min(len(block), len(self._rest), self._chance.randint(1, 3_000))
        block[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count


def members(data: bytes, seed: int = 1) -> list[tuple[str, bytes]]:
    return list(read_members(cast("Answer", Told(data, seed)), 10_000))


def tar(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as packed:
        for name, data in files.items():
            info = tarfile.TarInfo(f"set-v1/{name}")
            info.size = len(data)
            packed.addfile(info, io.BytesIO(data))
    return out.getvalue()


@pytest.mark.parametrize("seed", range(5))
def test_a_tar_is_read_whatever_the_pieces_in_which_it_comes(seed: int) -> None:
    files = {"a": b"1" * 511, "b/c": b"", LONG: b"2" * 513, "d": b"3" * 512}
    assert members(tar(files), seed) == list(files.items())


def test_a_tar_that_ends_anywhere_before_its_end_is_not_taken_for_whole() -> None:
    whole = tar({"a": b"1" * 700, "b": b"2" * 10})
    for end in (0, 1, 511, 512, 800, 1_500, 2_047):
        with pytest.raises(Unreachable):
            members(whole[:end])


def test_something_else_than_a_tar_is_not_read(tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match="no tar"):
        members(b"<html>" * 1000)
    assert tmp_path.is_dir()


def hashed(tmp_path: Path, names: dict[str, bytes]) -> list[Hashed]:
    for name, data in names.items():
        path = tmp_path / "set" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return [Hashed(one, "") for one in find_files([f"{tmp_path}/set/"]).files]


def test_a_batch_has_the_length_that_was_told_and_python_can_read_it(tmp_path: Path) -> None:
    names = {"a": b"1" * 511, "b/c": b"", LONG: b"2" * 300_000}
    body = tar_of(hashed(tmp_path, names), lambda: None)
    data = b"".join(body.make())
    assert len(data) == body.size
    with tarfile.open(fileobj=io.BytesIO(data)) as packed:
        found = {
            one.name: cast("io.BufferedReader", packed.extractfile(one)).read() for one in packed
        }
    assert found == names


@pytest.mark.parametrize("data", (b"", b"other", b"longer than before"))
def test_a_file_that_changed_since_it_was_hashed_ends_the_batch(
    tmp_path: Path, data: bytes
) -> None:
    files = hashed(tmp_path, {"a": b"first"})
    (tmp_path / "set/a").write_bytes(data)
    with pytest.raises(Conflict) as caught:
        b"".join(tar_of(files, lambda: None).make())
    assert caught.value.details["path"] == "a"


def test_a_crew_does_every_task_once() -> None:
    done: list[int] = []
    Crew(4).run(done.append, range(1_000))
    assert sorted(done) == list(range(1_000))


def test_a_crew_ends_with_its_first_failure() -> None:
    def work(number: int) -> None:
        if number == 10:
            raise ValueError("ten")

    tasks = iter(range(10**9))
    with pytest.raises(ValueError, match="ten"):
        Crew(3).run(work, tasks)
    assert next(tasks) < 10**6


def test_a_lock_is_held_by_one_at_a_time(tmp_path: Path) -> None:
    held = FileLock.take_if_free(tmp_path / "locks/x")
    assert held is not None
    with locked_if_free(tmp_path / "locks/x") as is_mine:
        assert not is_mine
    waiting = threading.Thread(target=lambda: FileLock.take(tmp_path / "locks/x").release())
    waiting.start()
    held.release()
    waiting.join(10)
    assert not waiting.is_alive()
    assert not (tmp_path / "locks/x").exists()


def test_patience_ends_with_the_problem_and_begins_anew_when_something_moves() -> None:
    pauses: list[float] = []
    problem = Unreachable("gone")
    patience = Patience(1000, pauses.append)
    for _ in range(8):
        patience.wait(problem)
    assert pauses == [0.1, 0.2, 0.5, 1.0, 2.0, 4.0, 4.0, 4.0]
    patience.moved()
    patience.wait(problem)
    assert pauses[-1] == 0.1


def test_patience_has_an_end_but_not_before_some_attempts() -> None:
    pauses: list[float] = []
    patience = Patience(-1, pauses.append)
    for _ in range(4):
        patience.wait(Unreachable("gone"))
    with pytest.raises(Unreachable):
        patience.wait(Unreachable("gone"))
    assert len(pauses) == 4
