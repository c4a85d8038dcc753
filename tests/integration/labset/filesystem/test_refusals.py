"""What does not work, in the words of the operating system."""

from __future__ import annotations

import errno
import random
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from bench.stack import Running
from labset import Client, LabsetFileSystem
from labset.filesystem.os_errors import read_only
from tests.integration.labset.filesystem.people import FilesOf, md5_of


@pytest.mark.parametrize(
    "path", ("nothing.csv", "nothing/at/all", "dataset/nothing", "README.md/x")
)
def test_what_is_not_there_is_a_file_not_found(
    files: LabsetFileSystem, demo: Mapping[str, Any], path: str
) -> None:
    place = f"{demo['dataset_id']}@{demo['tag']}/{path}"
    for ask in (files.open, files.info, files.ls, files.cat):
        with pytest.raises(FileNotFoundError, match="There is no"):
            ask(place)
    assert not files.exists(place)
    assert not files.isfile(place)
    assert files.find(place) == []
    assert files.glob(f"{place}/*") == []


@pytest.mark.parametrize("place", ("999999/a", "text/a", "4@/a", "@main/a", "1" * 40))
def test_a_dataset_that_is_not_there_is_a_file_not_found(
    files: LabsetFileSystem, place: str
) -> None:
    with pytest.raises(FileNotFoundError):
        files.open(place)
    assert not files.exists(place)


def test_strangers_hear_that_there_is_nothing(files_of: FilesOf, demo: Mapping[str, Any]) -> None:
    place = f"{demo['dataset_id']}@{demo['tag']}/{demo['file']}"
    for name in ("bob", "nobody"):
        with pytest.raises(FileNotFoundError, match="you may not see it"):
            files_of(name).open(place)


def test_a_token_that_is_refused_is_no_permission(app_url: str, demo: Mapping[str, Any]) -> None:
    files = LabsetFileSystem(server=app_url, token="glpat-wrong", skip_instance_cache=True)
    for ask in (files.exists, files.open, files.find):
        with pytest.raises(PermissionError, match="GitLab refuses the token"):
            ask(str(demo["dataset_id"]))


def test_a_server_that_does_not_answer_is_no_empty_dataset() -> None:
    files = LabsetFileSystem(server="http://127.0.0.1:9", token="x", skip_instance_cache=True)
    for ask in (files.exists, files.isdir, files.find, files.open):
        with pytest.raises(ConnectionError, match="does not answer"):
            ask("3/a")
    with pytest.raises(ConnectionError):
        list(files.walk("3"))


def test_a_folder_is_not_opened(files: LabsetFileSystem, demo: Mapping[str, Any]) -> None:
    with pytest.raises(IsADirectoryError):
        files.open(f"{demo['dataset_id']}/dataset")


@pytest.mark.parametrize(
    "change",
    (
        lambda files, path, _: files.open(path, "wb"),
        lambda files, path, _: files.open(path, "ab"),
        lambda files, path, _: files.open(path, "w"),
        lambda files, path, _: files.write_text(path, "x"),
        lambda files, path, _: files.pipe(path, b"x"),
        lambda files, path, local: files.put(local, path),
        lambda files, path, _: files.touch(path),
        lambda files, path, _: files.rm(path),
        lambda files, path, _: files.rm_file(path),
        lambda files, path, _: files.mv(path, f"{path}.new"),
        lambda files, path, _: files.copy(path, f"{path}.new"),
        lambda files, path, _: files.mkdir(path),
        lambda files, path, _: files.makedirs(path),
        lambda files, path, _: files.rmdir(path),
    ),
)
def test_changes_are_refused_in_words(
    files: LabsetFileSystem,
    demo: Mapping[str, Any],
    change: Callable[[LabsetFileSystem, str, str], object],
    tmp_path: Path,
) -> None:
    (tmp_path / "local").write_bytes(b"x")
    with pytest.raises(OSError, match="labset upload") as refused:
        change(files, f"{demo['dataset_id']}/README.md", str(tmp_path / "local"))
    assert refused.value.errno == errno.EROFS == read_only("").errno


@pytest.fixture
def damaged(
    stack: Running, client: Client, local_site: int, tmp_path: Path
) -> Callable[[int], str]:
    """Make a file whose bytes on the site are not what its md5 says."""

    def make(size: int) -> str:
        body = random.Random(size).randbytes(size)
        (tmp_path / "a.bin").write_bytes(body)
        dataset = client.create(f"damaged {size}", "archive", site_id=local_site)
        client.upload(dataset.id, [tmp_path / "a.bin"])
        name = md5_of(body)
        (stored,) = stack.home.rglob(f"files/md5/{name[:2]}/{name[2:]}")
        stored.chmod(0o600)
        stored.write_bytes(bytes([body[0] ^ 1]) + body[1:])
        return f"{dataset.id}/a.bin"

    return make


@pytest.mark.parametrize("size", (5_000, 3_000_000))
def test_damaged_bytes_are_told_and_get_no_name(
    files: LabsetFileSystem, damaged: Callable[[int], str], tmp_path: Path, size: int
) -> None:
    place = damaged(size)
    with pytest.raises(OSError, match=r"md5|damaged"):
        files.cat_file(place)
    with pytest.raises(OSError, match=r"md5|damaged"):
        files.get_file(place, str(tmp_path / "copies" / "a.bin"))
    assert list((tmp_path / "copies").iterdir()) == []
