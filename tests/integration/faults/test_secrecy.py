"""A hash is no key, and no secret leaves the house (P8, P13)."""

from __future__ import annotations

import json
import secrets
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.integration.faults.twins import Twins, ask_about, make_twins
from tests.integration.faults.uploading import md5_of
from tests.integration.faults.world import World

_LOOSE = 2  # digits of a folder of git's loose objects


@pytest.fixture(scope="module")
def twins(world: World) -> Twins:
    """Two datasets on one site, with bytes that only the first one holds."""
    return make_twins(world)


def test_what_another_dataset_holds_looks_like_what_nobody_holds(
    world: World, twins: Twins
) -> None:
    for data in twins.elsewhere:
        known = ask_about(world, twins.empty, data)
        made_up = ask_about(world, twins.empty, secrets.token_bytes(len(data)))
        assert known == made_up
        assert {status for status, _ in known.values()} == {201, 404, 422}


def test_ones_own_bytes_are_known(world: World, twins: Twins) -> None:
    told = ask_about(world, twins.full, twins.elsewhere[0])
    assert told["GET"][0] == told["HEAD"][0] == 200
    assert '"state": "present"' in told["announce"][1]


def test_copying_anothers_md5_into_a_pointer_gives_no_bytes(world: World, twins: Twins) -> None:
    size = len(twins.elsewhere[0])
    forged = {"stolen.bin": twins.elsewhere[0], "random.bin": secrets.token_bytes(size)}
    names = {path: md5_of(data) for path, data in forged.items()}
    actions = [
        {
            "action": "create",
            "file_path": f"{path}.dvc",
            "content": f"outs:\n- md5: {md5}\n  size: {size}\n  hash: md5\n  path: {path}\n",
        }
        for path, md5 in names.items()
    ]
    body = {"branch": "forged", "start_branch": "main", "commit_message": "f", "actions": actions}
    url = f"/projects/{twins.empty}/repository/commits"
    assert world.gitlab_call("POST", url, json=body).status_code == 201
    answers = []
    for path, md5 in names.items():
        url = f"/datasets/{twins.empty}/files/{path}"
        got = world.alice.http.get(url, params={"ref": "forged"})
        answers.append((got.status_code, got.text.replace(md5, "MD5").replace(path, "PATH")))
    assert answers[0] == answers[1]
    assert answers[0][0] == 409


# -- secrets


@pytest.fixture(scope="module")
def canaries(world: World) -> Mapping[str, str]:
    """Every secret that this house was given."""
    ready = world.running.ready
    cast = json.loads((world.running.home / "stack.json").read_text(encoding="utf-8"))
    return {
        "the key of the ledger": cast["secret_key"],
        "the OAuth secret": cast["oauth_secret"],
        "the S3 secret key": ready["s3"]["secret_key"],
        "root's token": ready["root_token"],
        **{f"{name}'s token": login["token"] for name, login in ready["users"].items()},
        **{f"{name}'s password": login["password"] for name, login in ready["users"].items()},
    }


def test_no_secret_lies_readable_where_labset_keeps_things(
    world: World, twins: Twins, canaries: Mapping[str, str]
) -> None:
    files = {"f.bin": b"f", "README.md": b"text"}
    for path, data in files.items():  # sessions that keep a token while they run
        world.alice.json("PUT", f"/datasets/{twins.full}/files/{path}", 201, content=data)
    world.bob.http.get(f"/datasets/{twins.full}")
    found = [
        f"{what} in {place}"
        for place, data in kept_by_labset(world)
        for what, secret in canaries.items()
        if secret.encode() in data
    ]
    assert found == []


@pytest.mark.usefixtures("twins")
def test_no_secret_lies_in_a_repository_or_a_bucket(
    world: World, canaries: Mapping[str, str]
) -> None:
    secret_texts = {**canaries, "the S3 access key": world.running.ready["s3"]["access_key"]}
    found = [
        f"{what} in {place}"
        for place, data in written_for_others(world)
        for what, secret in secret_texts.items()
        if secret.encode() in data
    ]
    assert found == []


def test_no_answer_tells_a_secret(world: World, twins: Twins, canaries: Mapping[str, str]) -> None:
    for who in (world.alice, world.root, world.bob):
        for path in readable(world, twins):
            answer = who.http.get(f"{world.app_url}{path}")
            said = f"{answer.headers}\n".encode() + answer.content
            told = [what for what, secret in canaries.items() if secret.encode() in said]
            assert told == [], f"{path} tells {who.name} {told}"
            assert answer.status_code < 500, path


def readable(world: World, twins: Twins) -> list[str]:
    """Return what can be looked at, with what is wrong and what is not there."""
    api, dataset = "/api/v1", f"/api/v1/datasets/{twins.full}"
    sites = f"{api}/storage-sites"
    return [
        f"{api}/user",
        f"{api}/health",
        f"{api}/namespaces",
        f"{api}/openapi.json",
        f"{api}/datasets?search=x",
        sites,
        f"{sites}/{world.s3_site}",
        f"{sites}/{world.local_site}",
        f"{sites}/99999",
        dataset,
        f"{dataset}/refs",
        f"{dataset}/commits",
        f"{dataset}/tree",
        f"{dataset}/archive?format=tar",
        f"{dataset}/files/README.md",
        f"{dataset}/files/f.bin?redirect=1",
        f"{dataset}/files/nothing",
        f"{dataset}/files/f.bin?ref=--upload-pack=x",
        "/metrics",
        "/",
        f"/datasets/{twins.full}",
        f"/storage-sites/{world.s3_site}",
        "/nowhere",
    ]


def kept_by_labset(world: World) -> Iterator[tuple[str, bytes]]:
    """Yield what Labset's own processes write on this machine: ledger, logs, copies, broker."""
    home = world.running.home
    foreign = {"gitlab", "s3", "stack.json", "ready.json", "labset.env", "stack.log"}
    for place in sorted(home.rglob("*")):
        first = place.relative_to(home).parts[0]
        if first not in foreign and place.is_file() and place.name != "gitlab.log":
            yield str(place), _read(place)


def _read(place: Path) -> bytes:
    data = place.read_bytes()
    if place.parent.parent.name == "objects" and len(place.parent.name) == _LOOSE:
        return zlib.decompress(data)
    return data


def written_for_others(world: World) -> Iterator[tuple[str, bytes]]:
    """Yield every object of every repository at GitLab, and every small object of the bucket."""
    repositories = world.running.home / "gitlab" / "repositories"
    for place in repositories.glob("*.git"):
        number = int(place.stem)
        names = world.git(number, "rev-list", "--all", "--objects").splitlines()
        for name in {line.split()[0] for line in names}:
            yield f"{place.name} {name}", world.git(number, "cat-file", "-p", name).encode()
    for one in world.bucket().objects.all():
        if one.key.endswith((".json", ".yaml")):
            yield one.key, one.get()["Body"].read()
