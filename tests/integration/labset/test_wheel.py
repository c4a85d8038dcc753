"""The wheel in an empty environment, as somebody gets it who has never seen the checkout."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from bench.stack import Running
from tests.integration.house.checkout import ROOT
from tests.integration.labset.conftest import shell_environment

BIN = Path(sys.executable).parent
HELP_CPU_SECONDS = 0.2
NOT_OF_THE_CLIENT = {"flask", "dvc", "obstore", "pygit2", "sqlalchemy", "celery", "boto3"}


def run(*command: str | Path, environment: Mapping[str, str], cwd: Path) -> str:
    done = subprocess.run(
        [str(word) for word in command],
        env=dict(environment),
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built as `make wheel` builds it."""
    folder = tmp_path_factory.mktemp("wheel")
    build = (sys.executable, "-m", "hatchling", "build", "--target", "wheel")
    run(*build, environment={**os.environ, "HATCH_BUILD_LOCATION": str(folder)}, cwd=ROOT)
    [built] = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of commands of an environment that holds the wheel and what it asks for."""
    place = tmp_path_factory.mktemp("empty") / "venv"
    uv = BIN / "uv"
    run(uv, "venv", "--quiet", "--python", sys.executable, place, environment=os.environ, cwd=ROOT)
    install = (uv, "pip", "install", "--quiet", "--python", place / "bin" / "python", wheel)
    run(*install, environment=os.environ, cwd=place)
    return place / "bin"


def test_the_wheel_holds_the_client_alone(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as packed:
        tops = {name.partition("/")[0] for name in packed.namelist()}
        assert "labset/py.typed" in packed.namelist()
    assert {top for top in tops if not top.endswith(".dist-info")} == {"labset"}
    assert len(tops) == 2


def test_what_it_brings_along_is_small(installed: Path) -> None:
    listed = (
        "import importlib.metadata as m; print(*sorted(d.name.lower() for d in m.distributions()))"
    )
    names = run(installed / "python", "-c", listed, environment={}, cwd=installed).split()
    assert "labset" in names
    assert set(names) & NOT_OF_THE_CLIENT == set()


def test_it_looks_and_downloads(installed: Path, stack: Running, tmp_path: Path) -> None:
    demo: Mapping[str, Any] = stack.ready["demo"]
    environment = shell_environment(
        tmp_path, LABSET_URL=stack.ready["app_url"], LABSET_TOKEN=stack.token
    )
    del environment["PYTHONPATH"]

    def labset(*words: str) -> str:
        return run(installed / "labset", *words, environment=environment, cwd=tmp_path)

    assert "Get and send files" in labset("--help")
    assert labset("--version").startswith("labset 0.")
    target = f"{demo['dataset_id']}@{demo['tag']}"
    assert demo["file"].rpartition("/")[2] in labset("ls", "-r", target)
    chosen = ("--project-id", str(demo["dataset_id"]), "--ref", demo["tag"], "--output", "out")
    labset("download", *chosen, demo["file"])
    assert (tmp_path / "out" / demo["file"]).stat().st_size > 0


def test_fsspec_finds_the_file_system_by_its_protocol(
    installed: Path, stack: Running, tmp_path: Path
) -> None:
    demo: Mapping[str, Any] = stack.ready["demo"]
    environment = shell_environment(
        tmp_path, LABSET_URL=stack.ready["app_url"], LABSET_TOKEN=stack.token
    )
    del environment["PYTHONPATH"]
    url = f"labset://{demo['dataset_id']}@{demo['tag']}/{demo['file']}"
    script = f"import fsspec; print(fsspec.open({url!r}).open().read(2).hex())"
    read = run(installed / "python", "-c", script, environment=environment, cwd=tmp_path)
    assert read.strip() == "ffd8"  # a JPEG


def test_help_comes_at_once(installed: Path, tmp_path: Path) -> None:
    environment = shell_environment(tmp_path)
    took = min(_cpu_seconds([installed / "labset", "--help"], environment) for _ in range(5))
    assert took < HELP_CPU_SECONDS


def _cpu_seconds(command: Sequence[Path | str], environment: Mapping[str, str]) -> float:
    """Return what a command takes of a processor: others' load does not count."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run(*command, environment=environment, cwd=ROOT)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
