"""Assets and the registry of a running Labset, by the commands and the Python client."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from bench.stack import Running
from labset import Client
from tests.integration.labset.conftest import Ran, Typist
from tests.integration.labset.cutting import cutting

BYTES = secrets.token_bytes(300_000)
NAMED = ("--version", "1.10", "--tag", "a b")


@pytest.fixture
def name() -> str:
    return f'Line/3: "ü" %2F? # {secrets.token_hex(6)}'


@pytest.fixture
def pushed(alice: Typist, name: str) -> str:
    """The URI of an asset of alice's, whose bytes nobody else has."""
    (alice.home / "model.bin").write_bytes(BYTES + name.encode())
    return str(push(alice, name, "--tags", "weld,image").json()["asset_uri"])


def push(typist: Typist, name: str, *more: str) -> Ran:
    return typist.run(
        *("assets", "push", "model.bin", "--name", name, *NAMED, *more, "--quiet", "--json")
    )


def test_an_asset_is_found_got_changed_and_deleted(
    alice: Typist, typist: Callable[[str], Typist], pushed: str, name: str
) -> None:
    assert pushed == f"{name}:1.10-a b"
    assert push(alice, name).json()["asset_uri"] == pushed
    words = ("assets", "find", name.rsplit(maxsplit=1)[-1])
    [found] = alice.run(*words, "--tags", "weld", "--json").json()
    assert found["asset_uri"] == pushed
    newer = ("--filter", '{"asset_version.version": {"$gt": "1.9"}}')
    assert pushed in alice.run(*words, *newer, "--sort", "asset_name", "--mine").out

    nobody = typist("nobody")
    assert nobody.run("assets", "get", pushed, "-o", "got").code == 0
    assert (nobody.home / "got").read_bytes() == BYTES + name.encode()

    assert alice.run("assets", "tag", pushed, "+new", "-weld", "--meta", "a.b=1").code == 0
    told = nobody.run("assets", "info", pushed, "--json").json()
    assert (told["asset_tags"], told["asset_metadata"]) == (["image", "new"], {"a": {"b": "1"}})
    assert alice.run("assets", "rm", pushed, "--yes").code == 0
    assert nobody.run("assets", "info", pushed).code == 4


def test_who_is_refused_and_who_comes_too_late(
    alice: Typist, typist: Callable[[str], Typist], pushed: str, name: str
) -> None:
    (alice.home / "model.bin").write_bytes(b"other")
    late = push(alice, name)
    assert (late.code, "asset_exists" in late.err) == (5, True)
    bob, nobody = typist("bob"), typist("nobody")
    assert bob.run("assets", "tag", pushed, "+mine").code == 3
    assert bob.run("assets", "rm", pushed, "--yes").code == 3
    (nobody.home / "model.bin").write_bytes(b"anything")
    assert push(nobody, f"{name} 2").code == 3
    wrong = nobody.run("assets", "info", pushed, environment={"LABSET_TOKEN": "glpat-wrong"})
    assert wrong.code == 3
    secret = push(alice, f"{name} 3", "--visibility", "private").json()["asset_id"]
    assert alice.run("assets", "get", secret, "-o", "own").code == 0
    assert bob.run("assets", "get", secret, "-o", "his").code == 4


def test_bytes_that_the_site_has_lost_are_told_and_sent_again(
    alice: Typist, stack: Running, pushed: str, name: str
) -> None:
    md5 = alice.run("assets", "info", pushed, "--json").json()["asset_file_info"]["md5"]
    _lose(stack.ready["s3"], md5)
    lost = alice.run("assets", "get", pushed, "-o", "got")
    assert (lost.code, (alice.home / "got").exists()) == (6, False)
    again = push(alice, name)
    assert again.json()["asset_uri"] == pushed
    assert alice.run("assets", "get", pushed, "-o", "got").code == 0


def test_a_file_of_a_dataset_is_an_asset_of_its_readers(
    alice: Typist, typist: Callable[[str], Typist], demo: Mapping[str, Any], name: str
) -> None:
    target = f"{demo['dataset_id']}@{demo['tag']}:{demo['file']}"
    made = alice.run(
        "assets", "register", target, "--name", name, "--tags", "weld", "--json"
    ).json()
    assert made["asset_version"]["version"] == demo["tag"]
    got = alice.run("assets", "get", made["asset_uri"], "-o", "got.jpg", "--json").json()
    assert got["checked_by"] == ["sha256"]
    bob = typist("bob")
    assert bob.run("assets", "info", made["asset_uri"]).code == 4
    assert bob.run("assets", "register", target).code == 4
    missing = alice.run("assets", "register", f"{demo['dataset_id']}:nowhere.bin")
    assert missing.code == 4


def test_a_pipe_is_sent_to_its_end_and_its_uri_is_decided_there(alice: Typist, name: str) -> None:
    text = f"{name} of a dump\n" * 100_000
    words = ("assets", "push", "-", "--name", name, *NAMED, "--file-name", "lab.sql")
    made = alice.run(*words, "--json", input=text).json()
    told = made["asset_file_info"]
    assert (told["size"], told["file_name"]) == (len(text.encode()), "lab.sql")
    assert alice.run(*words, "--json", input=text).json()["asset_id"] == made["asset_id"]
    other = alice.run(*words, input=text + "more")
    assert (other.code, "already" in other.err) == (5, True)
    empty = alice.run(*words, input="")
    assert (empty.code, "nothing to send" in empty.err) == (2, True)
    refused = alice.run(*words, input=text, environment={"LABSET_TOKEN": "glpat-wrong"})
    assert refused.code == 3, refused.err


def test_a_registered_database_is_looked_after_and_searched(
    alice: Typist, app_url: str, pushed: str
) -> None:
    made = alice.run("registry", "add", app_url, "--name", "This one", "--tags", "self", "--json")
    entry_id = made.json()["asset_registry_id"]
    assert f"{entry_id}\thealthy\tThis one\t{app_url}\tself\n" in alice.run("registry", "ls").out
    assert alice.run("registry", "check", entry_id).out.startswith("healthy")
    found = alice.run("assets", "find", pushed.split()[2].partition(":")[0], "--third-party")
    assert f"This one\t{pushed}\t" in found.out, found.err
    gone = alice.run("registry", "add", "http://127.0.0.1:9", "--name", "Gone", "--json").json()
    assert alice.run("registry", "check", gone["asset_registry_id"]).code == 1
    for one in (entry_id, gone["asset_registry_id"]):
        assert alice.run("registry", "rm", one, "--yes").code == 0
    refused = alice.run("registry", "add", "http://10.1.2.3", "--name", "Inside")
    assert (refused.code, "LABSET_ALLOWED_HOSTS" in refused.err) == (3, True)


def test_pages_of_a_query_are_all_read(client: Client, name: str) -> None:
    for number in range(7):
        client.assets.add(f"{name} {number}", tags=[name], public_url="https://example.org/a")
    found = list(client.assets.find(tags=[name], sort="-asset_name"))
    assert [one.name[-1] for one in found] == list("6543210")
    assert len(list(client.assets.find(tags=[name], limit=3))) == 3


def test_broken_connections_are_no_reason_to_begin_anew(
    app_url: str, token_of: Callable[[str], str], name: str, tmp_path: Path
) -> None:
    data = secrets.token_bytes(8_000_000)
    (tmp_path / "big.bin").write_bytes(data)
    with (
        cutting(app_url, cuts=1, most_bytes=5_000_000) as wire,
        Client(wire.url, token_of("alice")) as cut,
    ):
        wire.left = 0
        cut.assets.info(cut.assets.add("warm", public_url="https://example.org/a").id)
        wire.left = 1
        made = cut.assets.push(tmp_path / "big.bin", name=name, version="1", tag="a")
        assert made.size == len(data)
        wire.left = 3
        cut.assets.download(made.uri, tmp_path / "got")
        wire.left = 1
        with cut.assets.open(made.uri) as file:
            file.seek(1_000_000)
            assert file.read(6_000_000) == data[1_000_000:7_000_000]
    assert (tmp_path / "got").read_bytes() == data


def _lose(s3: Mapping[str, str], md5: str) -> None:
    """Delete the object of that md5, as an operator by accident."""
    store = boto3.client(
        "s3",
        endpoint_url=s3["endpoint"],
        aws_access_key_id=s3["access_key"],
        aws_secret_access_key=s3["secret_key"],
        region_name="us-east-1",
        config=Config(s3={"addressing_style": "path"}),
    )
    pages = store.get_paginator("list_objects_v2").paginate(Bucket=s3["bucket"])
    keys = [one["Key"] for page in pages for one in page.get("Contents", ())]
    [key] = [key for key in keys if key.endswith(f"{md5[:2]}/{md5[2:]}")]
    store.delete_object(Bucket=s3["bucket"], Key=key)
    store.close()
