from __future__ import annotations

import stat
from pathlib import Path

import pytest

from labset.dvc_config import Repository, find_repository, set_password, with_password
from labset.errors import Misused

COMMITTED = """[core]
    remote = labset
['remote "labset"']
    url = https://labset.test/dvc/4473
    auth = custom
['remote "site"']
    url = s3://bucket/4473-abc
"""


def repository(folder: Path) -> Path:
    (folder / ".dvc").mkdir()
    (folder / ".dvc" / "config").write_text(COMMITTED, encoding="utf-8")
    return folder


def test_the_repository_is_found_from_a_folder_inside(tmp_path: Path) -> None:
    inside = repository(tmp_path) / "a" / "b"
    inside.mkdir(parents=True)
    assert find_repository(4473, inside) == Repository(tmp_path.resolve(), "labset")


def test_outside_of_a_repository_words_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(Misused, match="clone the dataset"):
        find_repository(4473, tmp_path)


def test_a_repository_of_another_dataset_is_refused_with_its_remotes(tmp_path: Path) -> None:
    with pytest.raises(Misused, match=r"labset \(https://labset\.test/dvc/4473\)"):
        find_repository(473, repository(tmp_path))


def test_a_new_file_has_the_password_and_is_its_owners(tmp_path: Path) -> None:
    path = set_password(Repository(repository(tmp_path), "labset"), "glpat-1")
    assert path.read_text(encoding="utf-8") == (
        "['remote \"labset\"']\n    password = Bearer glpat-1\n"
    )
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_what_else_the_file_says_stays() -> None:
    before = """# mine
['remote "site"']
    access_key_id = key
['remote "labset"']
    password = old
    ssl_verify = /ca.pem
[cache]
    dir = /cache
"""
    after = with_password(before, "labset", "Bearer new")
    assert after == before.replace("password = old", "password = Bearer new")
    assert with_password(after, "labset", "Bearer new") == after
    assert with_password(before, "other", "Bearer x").startswith(before)
