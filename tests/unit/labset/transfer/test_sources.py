from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from labset.errors import Misused
from labset.upload.sources import common_folder, find_files, is_windows_name


def fill(root: Path, *paths: str) -> None:
    for path in paths:
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(path.encode())


def paths_of(*sources: str | Path, to: str = "") -> list[str]:
    return [one.path for one in find_files(list(sources), to).files]


def test_a_folder_keeps_its_name_and_a_slash_at_its_end_means_what_it_holds(tmp_path: Path) -> None:
    fill(tmp_path, "photos/a.jpg", "photos/deep/b.jpg")
    assert paths_of(tmp_path / "photos") == ["photos/a.jpg", "photos/deep/b.jpg"]
    assert paths_of(f"{tmp_path}/photos/") == ["a.jpg", "deep/b.jpg"]
    assert paths_of(f"{tmp_path}/photos/.") == ["a.jpg", "deep/b.jpg"]


def test_the_folder_here_means_what_it_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(tmp_path, "a.jpg")
    monkeypatch.chdir(tmp_path)
    assert paths_of(".") == paths_of(Path()) == ["a.jpg"]


def test_files_keep_their_names_below_the_folder_that_is_said(tmp_path: Path) -> None:
    fill(tmp_path, "x/a.jpg", "y/b.jpg")
    assert paths_of(tmp_path / "x/a.jpg", tmp_path / "y", to="/set/1/") == [
        "set/1/a.jpg",
        "set/1/y/b.jpg",
    ]


def test_links_and_special_files_are_skipped_and_named(tmp_path: Path) -> None:
    fill(tmp_path, "set/a.jpg", "outside/secret.txt")
    (tmp_path / "set/link.jpg").symlink_to(tmp_path / "outside/secret.txt")
    (tmp_path / "set/folder").symlink_to(tmp_path / "outside")
    os.mkfifo(tmp_path / "set/pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "set/s"))
        found = find_files([tmp_path / "set"])
    assert [one.path for one in found.files] == ["set/a.jpg"]
    assert {Path(local).name: why for local, why in found.skipped} == {
        "link.jpg": "is a symbolic link",
        "folder": "is a symbolic link",
        "pipe": "is no ordinary file",
        "s": "is no ordinary file",
    }


def test_a_link_that_is_named_itself_is_followed(tmp_path: Path) -> None:
    fill(tmp_path, "real/a.jpg")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert paths_of(tmp_path / "link") == ["link/a.jpg"]


def test_what_belongs_to_git_and_dvc_is_skipped(tmp_path: Path) -> None:
    fill(tmp_path, "set/.git/config", "set/.dvc/config", "set/x.dvc", "set/.gitignore", "set/a")
    found = find_files([tmp_path / "set"])
    assert [one.path for one in found.files] == ["set/a"]
    assert len(found.skipped) == 4


def test_unfinished_downloads_are_no_data(tmp_path: Path) -> None:
    fill(tmp_path, "set/.labset/x.part", "set/a")
    assert paths_of(tmp_path / "set") == ["set/a"]


def test_every_path_that_no_dataset_holds_is_named(tmp_path: Path) -> None:
    fill(tmp_path, "set/ends with a dot.", "set/back\\slash", "set/new\nline", "set/good")
    with pytest.raises(Misused) as caught:
        find_files([tmp_path / "set"])
    rows = caught.value.details["paths"]
    assert isinstance(rows, list)
    assert len(rows) == 3


def test_names_that_are_no_unicode_are_refused(tmp_path: Path) -> None:
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.jpg")).write_bytes(b"x")
    with pytest.raises(Misused, match="Unicode"):
        find_files([tmp_path])


def test_names_of_another_unicode_form_are_brought_to_the_datasets(tmp_path: Path) -> None:
    fill(tmp_path, "set/cafe\u0301.jpg")
    assert paths_of(tmp_path / "set") == ["set/caf\u00e9.jpg"]


def test_two_files_that_would_be_one_are_refused(tmp_path: Path) -> None:
    fill(tmp_path, "x/a.jpg", "y/a.jpg")
    with pytest.raises(Misused, match="both become"):
        find_files([tmp_path / "x/a.jpg", tmp_path / "y/a.jpg"])


def test_what_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(Misused, match="gone"):
        find_files([tmp_path / "gone"])


def test_a_target_that_leads_out_of_the_dataset_is_refused(tmp_path: Path) -> None:
    fill(tmp_path, "a")
    with pytest.raises(Misused, match="leads out"):
        find_files([tmp_path / "a"], "../x")


@pytest.mark.parametrize("path", ("a/con.txt", "AUX", "a:b", "what?.jpg", "lpt1.dat", 'say "hi"'))
def test_names_that_windows_cannot_hold_are_known(path: str) -> None:
    assert not is_windows_name(path)


@pytest.mark.parametrize("path", ("console.txt", "a/b.jpg", "com.dat", "größe.csv"))
def test_other_names_are_fine_on_windows(path: str) -> None:
    assert is_windows_name(path)


def test_the_folder_that_holds_all_is_found(tmp_path: Path) -> None:
    fill(tmp_path, "s/a/1", "s/a/b/2", "s/ab/3")
    assert common_folder(find_files([tmp_path / "s/a"], "to").files) == "to/a"
    assert common_folder(find_files([tmp_path / "s"]).files) == "s"
    assert common_folder(find_files([f"{tmp_path}/s/"]).files) == ""
