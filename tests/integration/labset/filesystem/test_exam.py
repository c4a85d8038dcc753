"""fsspec's own exam for file systems, as far as it is about reading."""

from __future__ import annotations

import posixpath
import secrets
from collections.abc import Callable
from pathlib import Path

import pytest
from fsspec.implementations.local import LocalFileSystem
from fsspec.tests.abstract import AbstractFixtures
from fsspec.tests.abstract.get import AbstractGetTests

from bench.stack import Running
from labset import Client, LabsetFileSystem


@pytest.fixture(scope="module")
def examined(stack: Running, s3_site: int, tmp_path_factory: pytest.TempPathFactory) -> int:
    """A dataset with the scenes of the exam, each in a folder of its own."""
    folder = tmp_path_factory.mktemp("exam")
    local, join, maker = LocalFileSystem(auto_mkdir=True), posixpath.join, AbstractFixtures()
    maker._bulk_operations_scenario_0(local, join, str(folder / "bulk"))
    maker._glob_edge_cases_files(local, join, str(folder / "globs"))
    maker._dir_and_file_with_same_name_prefix(local, join, str(folder / "prefix"))
    maker._10_files_with_hashed_names(local, join, str(folder / "hashed"))
    local.touch(str(folder / "src" / "file"))
    with Client(str(stack.ready["app_url"]), stack.token) as client:
        dataset = client.create(f"exam {secrets.token_hex(6)}", "lab", site_id=s3_site)
        client.upload(dataset.id, sorted(folder.iterdir()))
    return dataset.id


class Scenes(AbstractFixtures):  # type: ignore[misc]  # fsspec ships no types
    """What is there already, where the exam would make it."""

    @pytest.fixture(params=["", "@main"])
    def fs_path(self, examined: int, request: pytest.FixtureRequest) -> str:
        return f"{examined}{request.param}"

    @pytest.fixture
    def fs(self, stack: Running) -> LabsetFileSystem:
        return LabsetFileSystem(server=str(stack.ready["app_url"]), token=stack.token)

    @pytest.fixture
    def fs_join(self) -> Callable[..., str]:
        return posixpath.join

    @pytest.fixture
    def fs_bulk_operations_scenario_0(self, fs_path: str) -> str:
        return f"{fs_path}/bulk/source"

    @pytest.fixture
    def fs_glob_edge_cases_files(self, fs_path: str) -> str:
        return f"{fs_path}/globs/source"

    @pytest.fixture
    def fs_dir_and_file_with_same_name_prefix(self, fs_path: str) -> str:
        return f"{fs_path}/prefix/source"

    @pytest.fixture
    def fs_10_files_with_hashed_names(self, fs_path: str) -> str:
        return f"{fs_path}/hashed/source"

    @pytest.fixture
    def supports_empty_directories(self) -> bool:
        return False  # git has none


class TestGet(Scenes, AbstractGetTests):  # type: ignore[misc]  # fsspec ships no types
    """`get` in all its forms; the exams of put, pipe, copy, move and exclusive writing are for others."""

    def test_get_directory_recursive(  # type: ignore[override, unused-ignore]  # the exam's own makes its folder first
        self, fs: LabsetFileSystem, fs_path: str, tmp_path: Path
    ) -> None:
        target = tmp_path / "target"
        fs.get(f"{fs_path}/src", str(target), recursive=True)
        assert [one.name for one in target.iterdir()] == ["file"]
        fs.get(f"{fs_path}/src", str(target), recursive=True)
        assert (target / "src" / "file").is_file()
        for _again in range(2):
            fs.get(f"{fs_path}/src/", str(tmp_path / "other"), recursive=True)
            assert [one.name for one in (tmp_path / "other").iterdir()] == ["file"]
