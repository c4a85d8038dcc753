"""What there is, told in few requests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import fsspec
import pytest

from labset import Client, LabsetFileSystem
from tests.integration.labset.filesystem.counting import counted_way
from tests.integration.labset.filesystem.people import FilesOf, md5_of


def test_a_url_alone_opens_a_file_of_a_release(
    demo: Mapping[str, Any],
    app_url: str,
    token_of: Callable[[str], str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LABSET_URL", app_url)
    monkeypatch.setenv("LABSET_TOKEN", token_of("carol"))
    url = f"labset://{demo['dataset_id']}@{demo['tag']}/{demo['file']}"
    with fsspec.open(url, "rb", skip_instance_cache=True) as file:
        body = file.read()
    assert md5_of(body) == file.details["md5"]


def test_the_root_lists_the_datasets_that_one_may_see(
    files_of: FilesOf, demo: Mapping[str, Any]
) -> None:
    assert str(demo["dataset_id"]) in files_of("alice").ls("", detail=False)
    assert str(demo["dataset_id"]) not in files_of("bob").ls("", detail=False)


def test_listings_tell_what_info_tells(files: LabsetFileSystem, demo: Mapping[str, Any]) -> None:
    place = f"{demo['dataset_id']}@{demo['tag']}"
    folder = f"{place}/{Path(demo['file']).parent}"
    alone = LabsetFileSystem(*files.storage_args, **files.storage_options, skip_instance_cache=True)
    listed = {one["name"]: one for one in files.ls(folder)}
    asked = alone.info(f"{place}/{demo['file']}")
    assert listed[asked["name"]] | {"stored": None} == asked
    assert files.info(asked["name"]) == listed[asked["name"]]
    assert len(listed) == 200  # two pages of the server's and a bit
    assert files.ls(asked["name"]) == [listed[asked["name"]]]


def test_a_dataset_of_many_folders_is_found_by_one_request(
    files_of: FilesOf, app_url: str, demo: Mapping[str, Any]
) -> None:
    place = f"{demo['dataset_id']}@{demo['tag']}"
    with counted_way(app_url) as way:
        files = files_of(server=way.url)
        found = list(files.find(place, withdirs=True))
        before = way.received
        below = [one for one in found if one.startswith(f"{place}/dataset")]
        assert files.find(f"{place}/dataset", withdirs=True) == below
        assert [one for one in found if files.isfile(one)] == files.find(place)
        assert sum(len(names) for _, _, names in files.walk(place)) == len(files.find(place))
        assert files.glob(f"{place}/**/*.xml") == [one for one in found if one.endswith(".xml")]
        assert files.du(place) > 1_000_000
        assert way.received == before


@pytest.mark.parametrize("maxdepth", (1, 2))
def test_find_goes_no_deeper_than_told(
    files: LabsetFileSystem, demo: Mapping[str, Any], maxdepth: int
) -> None:
    found = files.find(f"{demo['dataset_id']}@{demo['tag']}", maxdepth=maxdepth, withdirs=True)
    assert max(one.count("/") for one in found) == maxdepth


def test_times_are_those_of_the_commits(
    files_of: FilesOf, new_dataset: Callable[[], int], put: Callable[..., str]
) -> None:
    number = new_dataset()
    put(number, "a.csv", b"1")
    put(number, "a.csv", b"2")
    files = files_of()
    assert files.created(f"{number}/a.csv") <= files.modified(f"{number}/a.csv")
    with pytest.raises(FileNotFoundError):
        files.modified(f"{number}/nothing.csv")


def test_a_branch_with_a_slash_is_written_percent_encoded(
    client: Client, files: LabsetFileSystem, new_dataset: Callable[[], int], tmp_path: Path
) -> None:
    number = new_dataset()
    one = tmp_path / "ä #1%?.csv"
    one.write_bytes(b"x,y\n")
    client.upload(number, [one], branch="line/2")
    assert files.cat(f"labset://{number}@line%2F2/ä #1%?.csv") == b"x,y\n"
    with client.open(number, "ä #1%?.csv", ref="line/2") as file:
        assert file.read() == b"x,y\n"


def test_a_very_large_folder_is_listed_whole(
    client: Client, files_of: FilesOf, new_dataset: Callable[[], int], tmp_path: Path
) -> None:
    number = new_dataset()
    (tmp_path / "many" / "inner" / "deep").mkdir(parents=True)
    for count in range(1100):
        (tmp_path / "many" / f"{count}.txt").write_text(str(count), encoding="ascii")
    (tmp_path / "many" / "inner" / "deep" / "a.txt").write_text("a", encoding="ascii")
    client.upload(number, tmp_path / "many")
    files = files_of()
    listed = files.ls(f"{number}/many")
    assert len(listed) == 1101
    assert {one["name"]: one["type"] for one in listed}[f"{number}/many/inner"] == "directory"
    assert files.ls(f"{number}/many/inner/deep", detail=False) == [
        f"{number}/many/inner/deep/a.txt"
    ]
    assert f"{number}/many" in files.ls(str(number), detail=False)
    assert files.cat(f"{number}/many/777.txt") == b"777"
