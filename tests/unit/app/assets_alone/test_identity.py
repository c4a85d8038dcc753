from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from app.assets_alone.identity import keep_assets_db_id, number_of, site_id_of
from core.errors import Invalid


def test_a_home_makes_an_id_once_and_keeps_it(tmp_path: Path) -> None:
    made = keep_assets_db_id(tmp_path)
    assert len(made) == 32
    assert keep_assets_db_id(tmp_path) == made
    assert [path.name for path in tmp_path.iterdir()] == ["assets-db-id"]


def test_processes_that_start_together_agree(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(keep_assets_db_id, [tmp_path] * 64))) == 1


def test_another_home_has_another_id(tmp_path: Path) -> None:
    homes = [tmp_path / "one", tmp_path / "other"]
    for home in homes:
        home.mkdir()
    assert len(set(map(keep_assets_db_id, homes))) == 2


def test_a_file_that_holds_no_id_is_named(tmp_path: Path) -> None:
    (tmp_path / "assets-db-id").write_text("")
    with pytest.raises(Invalid, match="assets-db-id is ''"):
        keep_assets_db_id(tmp_path)


def test_numbers_are_apart_from_every_gitlabs_and_from_one_another() -> None:
    numbers = {number_of(f"db{one}", f"person/{other}") for one in range(50) for other in range(50)}
    assert len(numbers) == 2500
    assert all(2**62 <= number < 2**63 for number in numbers)
    assert site_id_of("a") == site_id_of("a") != site_id_of("b")
