from __future__ import annotations

import hashlib
import json
import stat
import tarfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from labset import Client
from tests.integration.labset.conftest import Typist

Demo = Mapping[str, Any]


def md5(path: Path) -> str:
    return hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()


def test_who_and_what_there_is(alice: Typist, app_url: str, demo: Demo) -> None:
    assert alice.run("whoami").out == f"Alice Arnold (alice) at {app_url}\n"
    assert alice.run("whoami", "--json").json()["username"] == "alice"
    found = alice.run("datasets", "VITVI", "--json").json()
    assert [one["id"] for one in found] == [demo["dataset_id"]]
    assert f"{demo['dataset_id']}\tlab/vitvi\t" in alice.run("datasets", "--tag", "weld").out


def test_a_folder_of_a_release_is_listed(alice: Typist, demo: Demo) -> None:
    folder, _, name = demo["file"].rpartition("/")
    target = f"{demo['dataset_id']}@{demo['tag']}:{folder}"
    entries = alice.run("ls", target, "--json").json()
    assert demo["file"] in {one["path"] for one in entries}
    assert f"/{name}\n" in alice.run("ls", target).out
    everything = alice.run("ls", "-r", f"{demo['dataset_id']}@{demo['tag']}", "--json").json()
    assert {one["path"] for one in entries} < {one["path"] for one in everything}
    assert {one["type"] for one in everything} == {"file"}


def test_the_history_and_the_releases_are_told(alice: Typist, demo: Demo) -> None:
    dataset = demo["dataset_id"]
    history = alice.run("log", dataset, "--json").json()
    assert len(history) >= 3
    assert len(alice.run("log", f"{dataset}@main", "-n", "2").out.splitlines()) == 2
    of_a_file = alice.run("log", f"{dataset}:{demo['file']}", "--json").json()
    assert len(of_a_file) == 1
    names = [one["name"] for one in alice.run("tag", dataset, "--json").json()]
    assert demo["tag"] in names


def test_what_changed_since_a_release_is_told(alice: Typist, demo: Demo) -> None:
    told = alice.run("diff", demo["dataset_id"], demo["tag"], "main")
    assert told.code == 0
    assert all(line.startswith("+\t") for line in told.out.splitlines())
    assert f"{len(told.out.splitlines())} added" in told.err
    found = alice.run("diff", demo["dataset_id"], demo["tag"], "--json").json()
    assert len(found["added"]) == len(told.out.splitlines())


def test_the_line_of_the_seed_works(alice: Typist, demo: Demo, tmp_path: Path) -> None:
    output, name = tmp_path / "out", demo["file"].rpartition("/")[2]
    done = alice.run(
        *("download", "--project-id", demo["dataset_id"], "--ref", demo["tag"]),
        *("--output", output, name, f"/{demo['file']}"),
    )
    assert done.code == 0, done.err
    [entry] = [
        one
        for one in alice.run("ls", "-r", f"{demo['dataset_id']}@{demo['tag']}", "--json").json()
        if one["path"] == demo["file"]
    ]
    files = [path for path in output.rglob("*") if path.is_file()]
    assert [md5(path) for path in files] == [entry["md5"]]


def test_a_dataset_lives_from_its_creation_to_its_release(alice: Typist) -> None:
    pictures = alice.home / "raw"
    pictures.mkdir()
    for number in range(3):
        (pictures / f"{number}.bin").write_bytes(bytes([number]) * 2000)
    made = alice.run(
        "create",
        f"life {alice.home.parent.name}",
        "--namespace",
        "lab",
        "--site",
        "lab-s3",
        "--json",
    ).json()
    dataset = made["id"]
    assert made["site"] == "lab-s3"

    done = alice.run("upload", dataset, "raw", "-m", "First shift", "--json").json()
    assert (done["new"], done["identical"]) == (3, 0)
    again = alice.run("upload", dataset, "raw")
    assert "0 new, 0 changed, 3 identical" in again.out
    inside = alice.run("upload", dataset, "raw/", "--to", "raw")
    assert "0 new, 0 changed, 3 identical" in inside.out
    assert alice.run("mv", dataset, "raw/0.bin", "seen/").code == 0
    assert alice.run("rm", dataset, "raw/1.bin", "--json").json()[0]["path"] == "raw/1.bin"
    partly = alice.run("rm", dataset, "seen/0.bin", "seen/1.bin", "--branch", "side")
    assert (partly.code, partly.out.split()[1:]) == (4, ["deleted", "seen/0.bin"])
    tagged = alice.run("tag", dataset, "v1", "-m", "checked", "--json").json()
    for _ in range(6):  # whichever web process answers
        assert alice.run("tag", dataset, "--json").json()[0]["name"] == "v1"
    assert alice.run("pack", dataset, "raw", "--json").json()["files"] == 1
    assert alice.run("unpack", dataset, "raw").code == 0
    paths = [one["path"] for one in alice.run("ls", "-r", f"{dataset}@v1", "--json").json()]
    assert paths == ["raw/2.bin", "seen/0.bin"]
    assert alice.run("diff", dataset, done["commit"], "v1").out.startswith("-\t2000\traw/1.bin")
    verified = alice.run("verify", f"{dataset}@v1", "--json").json()
    assert (verified["commit"], verified["files"]) == (tagged["commit"], 2)
    assert alice.run("verify", dataset, "--bytes", "--json").json()["level"] == "bytes"


def test_an_archive_holds_a_part_of_a_release(alice: Typist, demo: Demo) -> None:
    folder = demo["file"].rpartition("/")[0]
    done = alice.run("archive", f"{demo['dataset_id']}@{demo['tag']}:{folder}", "-o", "a.tar")
    assert done.code == 0, done.err
    with tarfile.open(alice.home / "a.tar") as archive:
        names = archive.getnames()
    assert any(name.endswith(demo["file"]) for name in names)
    assert not list(alice.home.glob("*.part*"))


def test_an_archive_that_was_cut_off_is_continued(alice: Typist, demo: Demo) -> None:
    target = f"{demo['dataset_id']}@{demo['tag']}"
    assert alice.run("archive", target, "-o", "whole.tar").code == 0
    whole = (alice.home / "whole.tar").read_bytes()
    with Client(alice.environment["LABSET_URL"], alice.environment["LABSET_TOKEN"]) as client:
        address = f"datasets/{demo['dataset_id']}/archive"
        asked = {"ref": demo["tag"], "content": "data", "format": "tar"}
        with client.connection.stream("GET", address, params=asked) as answer:
            etag = answer.headers["ETag"]
    (alice.home / "cut.tar.part").write_bytes(whole[:100_000])
    (alice.home / "cut.tar.part.json").write_text(json.dumps({"etag": etag}), encoding="utf-8")
    assert alice.run("archive", target, "-o", "cut.tar").code == 0
    assert (alice.home / "cut.tar").read_bytes() == whole
    (alice.home / "old.tar.part").write_bytes(b"of something else")
    (alice.home / "old.tar.part.json").write_text('{"etag": "\\"other\\""}', encoding="utf-8")
    assert alice.run("archive", target, "-o", "old.tar").code == 0
    assert (alice.home / "old.tar").read_bytes() == whole


@pytest.mark.parametrize(
    ("words", "code", "part"),
    (
        (("ls",), 2, "Missing argument"),
        (("ls", "vitvi"), 2, "names no dataset"),
        (("dowload", "3"), 2, "Did you mean 'download'?"),
        (("rm", "3", "../x"), 2, "leave out . and .."),
        (("archive", "3", "--format", "rar"), 2, "tar or zip"),
        (("ls", "999999"), 4, "no dataset 999999"),
        (("ls", "3@nowhere"), 4, "nowhere"),
        (("log", "3:nowhere"), 4, "never a nowhere"),
        (("download", "--project-id", "3", "nothing.like.it"), 4, "nothing.like.it"),
        (("tag", "3", "v0.1.0"), 5, "exists"),
        (("datasets", "--server", "http://127.0.0.1:9"), 1, "does not answer"),
    ),
)
def test_a_failure_has_its_exit_code_and_says_why(
    alice: Typist, words: tuple[str, ...], code: int, part: str
) -> None:
    done = alice.run(*words)
    assert (done.code, done.out) == (code, "")
    assert part in done.err
    assert "Traceback" not in done.err


def test_a_failure_is_json_where_json_is_asked_for(alice: Typist) -> None:
    done = alice.run("ls", "3@nowhere", "--json")
    assert (done.code, done.out) == (4, "")
    assert json.loads(done.err)["error"] == "ref_not_found"


def test_who_has_no_token_or_a_wrong_one_is_told_so(typist: Callable[[str], Typist]) -> None:
    nobody = typist("nobody")
    assert nobody.run("whoami").code == 3
    assert "labset login" in nobody.run("whoami").err
    refused = nobody.run("whoami", environment={"LABSET_TOKEN": "glpat-nonsense"})
    assert refused.code == 3
    assert typist("bob").run("ls", "3").code == 4


def test_a_token_is_kept_and_forgotten(
    typist: Callable[[str], Typist], app_url: str, token_of: Callable[[str], str]
) -> None:
    shell = typist("nobody")
    without = {"LABSET_URL": ""}
    assert shell.run("whoami", environment=without).code == 2
    token = token_of("carol")
    done = shell.run("login", app_url, "--with-token", input=f"{token}\n", environment=without)
    assert done.code == 0, done.err
    assert token not in done.out + done.err
    kept = shell.home / ".config" / "labset" / "login.json"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert "carol" in shell.run("whoami", environment=without).out
    assert shell.run("logout", environment=without).code == 0
    assert shell.run("whoami", environment=without).code == 2


def test_nothing_is_asked_where_there_is_no_terminal(
    typist: Callable[[str], Typist], app_url: str
) -> None:
    done = typist("nobody").run("login", app_url)
    assert done.code == 2
    assert "--with-token" in done.err


def test_a_wrong_token_is_not_kept(typist: Callable[[str], Typist], app_url: str) -> None:
    shell = typist("nobody")
    done = shell.run("login", app_url, "--with-token", input="glpat-nonsense\n")
    assert done.code == 3
    assert not (shell.home / ".config").exists()


@pytest.mark.parametrize(
    ("typed", "offered"),
    (("labset do", "doctor\ndownload"), ("labset download --pro", "--project-id")),
)
def test_a_shell_completes_commands_and_options(alice: Typist, typed: str, offered: str) -> None:
    asked = {
        "_LABSET_COMPLETE": "complete_bash",
        "COMP_WORDS": typed,
        "COMP_CWORD": str(typed.count(" ")),
    }
    assert alice.run(environment=asked).out.strip() == offered
