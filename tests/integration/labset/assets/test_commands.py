"""`labset assets …` and `labset registry …`, typed by somebody without a log-in."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.labset.assets.seed_server import SeedServer
from tests.integration.labset.conftest import Ran, Typist

BYTES = b"0123456789abcdef" * 800


class Shell:
    """Somebody who types at one server."""

    def __init__(self, typist: Typist, server: SeedServer) -> None:
        self.home = typist.home
        self._typist = typist
        self._server = server

    def run(self, *words: str, input: str = "") -> Ran:  # noqa: A002 - as subprocess calls it
        return self._typist.run(*words, "--server", self._server.url, input=input)


@pytest.fixture
def shell(anyone: Typist, database: SeedServer) -> Shell:
    (anyone.home / "model.bin").write_bytes(BYTES)
    return Shell(anyone, database)


def test_an_asset_lives_from_its_upload_to_its_end(shell: Shell, database: SeedServer) -> None:
    told = ("--version", "1.0", "--tag", "initial", "--tags", "old,hot")
    made = shell.run("assets", "push", "model.bin", *told, "--meta", "lens.maker=Zeiss", "--quiet")
    assert (made.code, made.err) == (0, "")
    assert made.out.startswith("model.bin:1.0-initial, 12.8 kB, at http://")
    uri = "model.bin:1.0-initial"
    again = shell.run("assets", "push", "model.bin", *told, "--json").json()
    assert [again["asset_uri"]] == [one["asset_uri"] for one in database.entries.values()]

    [found] = shell.run("assets", "find", "MODEL", "--meta", "lens.maker=Zeiss", "--json").json()
    assert found == again
    assert shell.run("assets", "find", "--filter", '{"asset_tags": "none"}').out == ""
    columns = shell.run("assets", "find", "--fields", "asset_name,asset_metadata.lens").out
    assert columns == 'model.bin\t{"maker": "Zeiss"}\n'

    changed = shell.run("assets", "tag", uri, "+new", "-old", "-hot", "--meta", "lens.f=50").out
    assert changed == f"{uri}: new\n"
    assert shell.run("assets", "tag", uri, "--", "-new", "+newer").out == f"{uri}: newer\n"
    shell.run("assets", "tag", uri, "-newer", "+new")
    lines = shell.run("assets", "info", uri).out.splitlines()
    assert {"asset_tags\tnew", "asset_metadata.lens.f\t50"} <= set(lines)

    got = shell.run("assets", "get", uri, "--output", "copies/")
    assert "verified by sha256" in got.out
    assert (shell.home / "copies" / "model.bin").read_bytes() == BYTES
    assert shell.run("assets", "get", uri, "-o", "-").out == BYTES.decode()
    assert shell.run("assets", "rm", uri).code == 2
    assert shell.run("assets", "rm", uri, "--yes").out == f"deleted {uri}\n"
    assert shell.run("assets", "info", uri).code == 4


def test_metadata_come_out_of_a_file_or_a_pipe(shell: Shell) -> None:
    external = ("--external", "https://files.test/a.bin", "--meta-json", "-", "--meta", "b=x")
    made = shell.run("assets", "push", *external, "--json", input='{"a": {"n": 1}, "b": 2}').json()
    assert made["asset_metadata"] == {"a": {"n": 1}, "b": "x"}
    assert made["asset_name"] == "a.bin"
    (shell.home / "filter.json").write_text('{"asset_metadata.a.n": 1}')
    assert shell.run("assets", "find", "--filter", "@filter.json").out.startswith(made["asset_id"])


def test_a_tag_that_is_not_there_need_not_be_taken_away(shell: Shell) -> None:
    shell.run("assets", "push", "--external", "https://files.test/a.bin", "--name", "a")
    key = shell.run("assets", "find", "--json").json()[0]["asset_id"]
    first = shell.run("assets", "tag", key, "+released", "-draft", "--json")
    assert (first.json()["asset_tags"], first.json()["changed"]) == (["released"], True)
    again = shell.run("assets", "tag", key, "+released", "-draft", "--json")
    assert (again.json()["asset_tags"], again.json()["changed"]) == (["released"], False)
    plain = shell.run("assets", "tag", key, "-draft")
    assert (plain.code, plain.out) == (0, f"{key}: released\n")


def test_what_comes_out_of_a_pipe_is_sent_to_its_end(shell: Shell, database: SeedServer) -> None:
    named = ("--name", "dump", "--version", "1", "--tag", "a")
    text = "a line of a dump\n" * 200_000
    made = shell.run("assets", "push", "-", *named, "--tags", "nightly", "--json", input=text)
    assert made.json()["asset_file_info"]["sha256"] == hashlib.sha256(text.encode()).hexdigest()
    assert (made.json()["asset_uri"], made.json()["asset_tags"]) == ("dump:1-a", ["nightly"])
    assert database.file_names == ["stdin"]
    other = (*named[:-1], "b", "--file-name", "lab.sql")
    assert shell.run("assets", "push", "-", *other, input="x").code == 0
    assert database.file_names[-1] == "lab.sql"


@pytest.mark.parametrize(
    ("words", "part"),
    (
        (("--version", "1", "--tag", "a"), "--name"),
        (("--name", "dump"), "Both version and tag are required"),
        (("--name", "dump", "--version", "1", "--tag", "a"), "nothing to send"),
        (("--name", "dump", "--meta-json", "-"), "either FILE or --meta-json"),
    ),
)
def test_a_pipe_that_cannot_be_an_asset_is_refused_in_words(
    shell: Shell, database: SeedServer, words: tuple[str, ...], part: str
) -> None:
    done = shell.run("assets", "push", "-", *words)
    assert (done.code, part in done.err) == (2, True), done.err
    assert not database.asked_for("POST", "/upload_asset")


def test_other_databases_are_asked_for_those_who_want_it(shell: Shell) -> None:
    shell.run("assets", "push", "--external", "https://files.test/a.bin")
    found = shell.run("assets", "find", "--third-party")
    assert found.out.startswith("One\t")
    assert "Two gave no answer: too slow" in found.err
    assert found.err.endswith(
        "Three was not asked: ill\n1 database of 2 answered, 5 not asked.\n"
    ), found.err
    told = shell.run("assets", "find", "--third-party", "--json").json()
    assert [one["ok"] for one in told["asked"]] == [True, False]
    assert told["not_asked"] == [{"registry_id": "r3", "name": "Three", "problem": "ill"}]
    assert told["further_not_asked"] == 4


def test_of_what_others_find_no_more_is_shown_than_asked_for_and_that_is_said(
    shell: Shell,
) -> None:
    for name in "ab":
        shell.run("assets", "push", "--external", f"https://files.test/{name}")
    cut = shell.run("assets", "find", "--third-party", "--limit", "1")
    assert (cut.out.count("\n"), "The first 1. --limit shows more.\n" in cut.err) == (1, True)
    whole = shell.run("assets", "find", "--third-party", "--limit", "2")
    assert (whole.out.count("\n"), "The first" in whole.err) == (2, False)


def test_of_many_registered_databases_the_first_are_found_and_that_is_said(shell: Shell) -> None:
    for name in "abc":
        shell.run("registry", "add", f"https://{name}.test", "--name", name)
    cut = shell.run("registry", "find", "--limit", "2")
    assert cut.out.count("\n") == 2
    assert cut.err == "The first 2. --limit shows more, --all-pages all.\n"
    for whole in (("--limit", "3"), ("--all-pages",)):
        found = shell.run("registry", "find", *whole)
        assert (found.out.count("\n"), found.err) == (3, "")


def test_a_file_of_a_dataset_becomes_an_asset(shell: Shell, database: SeedServer) -> None:
    made = shell.run("assets", "register", "7@v1:dir/a.bin", "--name", "A", "--tags", "t", "--json")
    assert made.json()["about"] == "v1/datasets/7/assets"
    assert database.bodies[-1] == {
        "path": "dir/a.bin",
        "ref": "v1",
        "asset_name": "A",
        "asset_tags": ["t"],
    }


def test_a_registered_database_lives(shell: Shell) -> None:
    told = ("--name", "One", "--tags", "a,b", "--meta", "framework=PyTorch")
    made = shell.run("registry", "add", "https://db.test", *told)
    entry_id = made.out.split()[0]
    assert made.out == f"{entry_id}  One is healthy\n"
    unwell = shell.run(
        "registry", "add", "https://db.test/unwell", "--name", "Two", "--json"
    ).json()
    assert unwell["health"]["problem"] == "no answer"
    listed = shell.run("registry", "ls").out
    assert f"{entry_id}\thealthy\tOne\thttps://db.test\ta,b\n" in listed
    assert [
        one["asset_registry_name"]
        for one in shell.run("registry", "find", "--meta", "framework=PyTorch", "--json").json()
    ] == ["One"]
    assert (
        "asset_registry_metadata.framework\tPyTorch" in shell.run("registry", "info", entry_id).out
    )
    assert shell.run("registry", "check", entry_id).out.startswith("healthy, in 0.010 s\n")
    ill = shell.run("registry", "check", unwell["asset_registry_id"])
    assert (ill.code, "no answer" in ill.err) == (1, True)
    moved = ("--url", "https://moved.test", "--tags", "c", "--meta", "country=ES")
    changed = shell.run("registry", "change", entry_id, *moved, "--json").json()
    assert changed["asset_registry_public_url"] == "https://moved.test"
    assert changed["asset_registry_metadata"] == {"framework": "PyTorch", "country": "ES"}
    assert (changed["asset_registry_name"], changed["asset_registry_tags"]) == ("One", ["c"])
    assert shell.run("registry", "change", entry_id).code == 2
    assert shell.run("registry", "rm", entry_id, "--yes").out == "deleted One\n"
    assert shell.run("registry", "info", entry_id).code == 4


@pytest.mark.parametrize(
    ("words", "code", "part"),
    (
        (("assets", "psh"), 2, "Did you mean 'push'?"),
        (("assets", "push"), 2, "--external URL"),
        (("assets", "push", "model.bin"), 2, "Both version and tag are required"),
        (("assets", "push", "nowhere", "--version", "1", "--tag", "a"), 2, "nowhere"),
        (("assets", "push", "model.bin", "--meta", "colour"), 2, "no key=value"),
        (("assets", "find", "--filter", "{"), 2, "no JSON"),
        (("assets", "find", "--filter", '{"a": 1, "a": 2}'), 2, "stands twice"),
        (("assets", "find", "--filter", "@nowhere.json"), 2, "cannot be read"),
        (("assets", "find", "--mine", "--third-party"), 2, "say one of them"),
        (("assets", "find", "--third-party", "--sort", "asset_name"), 2, "--sort is of this"),
        (("assets", "find", "--third-party", "--all-pages"), 2, "--all-pages is of this"),
        (("assets", "tag", "a:1-b", "new"), 2, "neither +TAG"),
        (("assets", "tag", "a:1-b"), 2, "Say what to change"),
        (("assets", "register", "7@v1"), 2, "Name a file"),
        (("assets", "info", "no valid \udcff:1-x"), 2, "no valid Unicode"),
        (("assets", "find", "\udcff"), 2, "no JSON"),
        (("assets", "info", "no:1-x"), 4, "There is no asset no:1-x."),
        (("assets", "get", "no:1-x"), 4, "There is no asset no:1-x."),
        (("assets", "rm", "no:1-x", "--yes"), 4, "There is no asset no:1-x."),
        (("registry", "check", "no"), 4, "asset DB not found"),
    ),
)
def test_a_failure_has_its_exit_code_and_says_why(
    shell: Shell, words: tuple[str, ...], code: int, part: str
) -> None:
    done = shell.run(*words)
    assert (done.code, done.out) == (code, "")
    assert part in done.err
    assert "Traceback" not in done.err


def test_who_is_refused_who_comes_too_late_and_what_is_damaged(
    shell: Shell, database: SeedServer
) -> None:
    told = ("assets", "push", "model.bin", "--version", "1", "--tag", "a")
    assert shell.run(*told).code == 0
    (shell.home / "model.bin").write_bytes(BYTES + b"!")
    assert shell.run(*told).code == 5
    [asset_id] = database.objects
    database.objects[asset_id] = BYTES[::-1]
    damaged = shell.run("assets", "get", asset_id, "-o", "got", "--json")
    assert (damaged.code, json.loads(damaged.err)["error"]) == (6, "damaged")
    assert not (shell.home / "got").exists()
    database.token = "secret"
    (shell.home / "other.bin").write_bytes(b"other")
    refused = shell.run("assets", "push", "other.bin", "--version", "1", "--tag", "a")
    assert (refused.code, "send a token" in refused.err) == (3, True)


def test_what_others_wrote_moves_no_cursor(shell: Shell, database: SeedServer) -> None:
    database.keep({"asset_name": "evil\x1b[2J", "asset_tags": ["a\nb"]}, None)
    told = shell.run("assets", "find", "--fields", "asset_name,asset_tags").out
    assert told == "evil\N{REPLACEMENT CHARACTER}[2J\ta\N{REPLACEMENT CHARACTER}b\n"


@pytest.fixture
def with_token(anyone: Typist) -> Iterator[tuple[Typist, SeedServer]]:
    made = SeedServer(token="static")
    yield anyone, made
    made.stop()


def test_a_static_token_out_of_the_environment_is_sent(
    with_token: tuple[Typist, SeedServer], tmp_path: Path
) -> None:
    typist, server = with_token
    (tmp_path / "a.bin").write_bytes(BYTES)
    told = {"LABSET_URL": server.url, "LABSET_TOKEN": "static"}
    done = typist.run(
        *("assets", "push", "a.bin", "--version", "1", "--tag", "a"), environment=told
    )
    assert done.code == 0, done.err
    assert {token for _, _, token in server.asked} == {"Bearer static"}


def test_the_token_of_another_server_is_not_sent_and_that_is_said(
    with_token: tuple[Typist, SeedServer], tmp_path: Path
) -> None:
    typist, server = with_token
    (tmp_path / "a.bin").write_bytes(BYTES)
    told = {"LABSET_URL": "https://own.test", "LABSET_TOKEN": "static"}
    there = ("--server", server.url)
    push = ("assets", "push", "a.bin", "--version", "1", "--tag", "a", *there)
    for command in (push, ("assets", "find", *there), ("whoami", *there)):
        done = typist.run(*command, environment=told)
        assert done.code == 3, done.err
        assert "LABSET_TOKEN is that of LABSET_URL (https://own.test)" in done.err
    assert {token for _, _, token in server.asked} == {None}
