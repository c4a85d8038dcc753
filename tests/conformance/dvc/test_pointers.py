"""Pointer texts and `.gitignore` lines, compared byte by byte with those of the real DVC."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from dvc.dvcfile import load_file
from dvc.repo import Repo
from dvc.schema import COMPILED_SINGLE_STAGE_SCHEMA
from dvc.utils.serialize import dumps_yaml, loads_yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from scmrepo.git import GitWildMatchPattern  # type: ignore[attr-defined] # as DVC finds it

from core.model.content import Pointer
from core.model.names import Md5, segment_problem
from gitlab_bridge.ignores import edit_ignores, ignore_line
from gitlab_bridge.pointers import read_pointer, write_pointer

SPECIAL = [
    "plain.jpg",
    "0001.jpg",
    "1-41.jpg",
    "1.e5",
    "1e5",
    "123",
    "0x1f",
    "yes",
    "null",
    "~",
    "-leading.csv",
    "#hash.csv",
    "a: colon.csv",
    "it's.csv",
    'double"quote.csv',
    "back`tick.csv",
    "[glob]*?.csv",
    "!bang.csv",
    "&anchor",
    "*alias",
    "%percent",
    "@at",
    "two  spaces.png",
    "ünïcödé.png",
    "日本語.png",
    "😀.png",
    "a" * 200,
    "word " * 30 + "end",
    "{flow}, [seq]",
    "2001-01-01",
    "12:30:45",
    "key: 'v' # \"c\"",
    "non\u00a0breaking.txt",
    "\ufeffbom.txt",
    "soft\u00adhyphen.txt",
]
names = st.one_of(
    st.sampled_from(SPECIAL),
    st.text(min_size=1, max_size=120).filter(lambda name: not segment_problem(name)),
    st.from_regex(r"[0-9a-zA-Z_.:#'\"\- ]{1,40}", fullmatch=True).filter(
        lambda name: not segment_problem(name)
    ),
)
digests = st.one_of(
    st.from_regex(r"[0-9a-f]{32}", fullmatch=True),
    st.from_regex(r"[0-9]{32}", fullmatch=True),
    st.from_regex(r"[0-9]{20}e[0-9]{11}", fullmatch=True),
    st.just("0" * 32),
)
sizes = st.one_of(st.none(), st.integers(0, 2**62))


def as_dvc_writes(name: str, pointer: Pointer) -> bytes:
    """Return what DVC's own serialiser makes of the facts, in `Output.dumpd`'s order."""
    out: dict[str, object] = {"md5": str(pointer.md5)}
    if pointer.size_bytes is not None:
        out["size"] = pointer.size_bytes
    if pointer.files is not None:
        out["nfiles"] = pointer.files
    out["hash"] = "md5"
    out["path"] = name
    return str(dumps_yaml({"outs": [out]})).encode()


@settings(max_examples=400, deadline=None)
@given(name=names, digest=digests, size=sizes, files=st.none() | st.integers(0, 10**6))
def test_our_text_is_the_text_that_dvc_writes_and_both_read_it_alike(
    name: str, digest: str, size: int | None, files: int | None
) -> None:
    pointer = Pointer(Md5(digest, is_directory=files is not None), size, files)
    text = write_pointer(name, pointer)
    assert text == as_dvc_writes(name, pointer)
    assert read_pointer(name, text) == pointer
    theirs = COMPILED_SINGLE_STAGE_SCHEMA(loads_yaml(text.decode()))["outs"][0]
    assert (theirs["path"], theirs["md5"]) == (name, str(pointer.md5))
    assert (theirs.get("size"), theirs.get("nfiles")) == (size, files)


@settings(max_examples=300, deadline=None)
@given(name=names)
def test_ignore_lines_are_escaped_as_dvc_escapes_them(name: str) -> None:
    assert ignore_line(name) == GitWildMatchPattern.escape(f"/{name}")


def _run(folder: Path, *command: str) -> None:
    environment = os.environ | {"DVC_NO_ANALYTICS": "1", "GIT_CONFIG_GLOBAL": os.devnull}
    subprocess.run(
        [*command], cwd=folder, check=True, capture_output=True, env=environment, timeout=120
    )


@pytest.fixture(scope="module")
def added(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a repository in which the real `dvc add` added files of all special names."""
    folder = tmp_path_factory.mktemp("added")
    _run(folder, "git", "init", "--quiet")
    dvc = str(Path(sys.executable).with_name("dvc"))
    _run(folder, dvc, "init", "--quiet")
    for name in _possible_names():
        (folder / name).write_bytes(name.encode())
    packed = folder / "packed dir"
    packed.mkdir()
    (packed / "a.txt").write_text("a")
    (packed / "b.txt").write_text("bb")
    wanted = [*_possible_names(), "packed dir"]
    _run(folder, dvc, "add", "--quiet", "--", *[f"./{name}" for name in wanted])
    return folder


def _possible_names() -> list[str]:
    return [name for name in SPECIAL if name != "\ufeffbom.txt"]


def test_we_read_what_dvc_added_and_write_the_same_bytes(added: Path) -> None:
    for name in [*_possible_names(), "packed dir"]:
        text = (added / f"{name}.dvc").read_bytes()
        pointer = read_pointer(name, text)
        assert isinstance(pointer, Pointer), (name, pointer)
        assert write_pointer(name, pointer) == text
    packed = read_pointer("packed dir", (added / "packed dir.dvc").read_bytes())
    assert isinstance(packed, Pointer)
    assert packed.md5.is_directory
    assert (packed.files, packed.size_bytes) == (2, 3)


def test_the_ignore_file_equals_the_one_that_dvc_left(added: Path) -> None:
    theirs = (added / ".gitignore").read_bytes()
    ours = edit_ignores(None, added=[*_possible_names(), "packed dir"], removed=[])
    assert ours is not None
    assert sorted(ours.splitlines()) == sorted(theirs.splitlines())
    order = [line for line in theirs.splitlines() if line]
    assert edit_ignores(theirs, added=_possible_names(), removed=[]) == theirs
    assert len(order) == len(set(order))


def test_dvc_loads_a_pointer_of_ours_from_disk(tmp_path: Path) -> None:
    repo = Repo.init(str(tmp_path), no_scm=True)
    pointer = Pointer(Md5("1" * 32), 5)
    (tmp_path / "0001 ü.jpg.dvc").write_bytes(write_pointer("0001 ü.jpg", pointer))
    out = load_file(repo, str(tmp_path / "0001 ü.jpg.dvc")).stage.outs[0]
    assert out.hash_info.value == "1" * 32
    assert out.meta.size == 5
    repo.close()
