"""Kill -9 of any process at any instant: P1, P2, P3 and P11 of what Labset promises."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass

import pytest

from tests.integration.faults.auditing import (
    Auditor,
    auditing,
    count_states,
    find_lost,
    judge_sessions,
)
from tests.integration.faults.binding import bind_and_kill, look_at_binding, marker_agrees
from tests.integration.faults.killing import Killer, killing, serves
from tests.integration.faults.uploading import Promises, Uploader, upload_until
from tests.integration.faults.world import World, eventually

SECONDS = 15
CLIENTS = 4
BINDING_CALLS = (2, 5, 7, 9, 11)


@dataclass(frozen=True)
class Aftermath:
    """What is left when all killing is over and everything had its time to settle."""

    datasets: list[int]
    binding: list[int]
    promises: Promises
    killer: Killer
    auditor: Auditor
    states: Counter[str]
    settled_seconds: float


@pytest.fixture(scope="module")
def aftermath(world: World) -> Aftermath:
    """Bind, upload and kill; then wait until nothing is half way."""
    binding = []
    for number in BINDING_CALLS:
        binding.append(bind_and_kill(world, number)[0])
        eventually(lambda: serves(world.app_url), "the web processes are back", 20)
    datasets = [world.new_dataset(), world.new_dataset()]
    promises = Promises()
    for route in ("batch", "put"):
        kill_during_the_push(world, datasets[0], route)
    with auditing(world, datasets) as auditor:
        ends = time.monotonic() + SECONDS
        with killing(world, (0.5, 3.0)) as killer:
            upload_until(
                lambda _begun: time.monotonic() > ends,
                lambda: Uploader(world.app_url, world.alice.token, promises, leaves=0.5),
                datasets,
                CLIENTS,
            )
        seconds = eventually(lambda: is_settled(world, datasets, binding), "all is settled", 60)
    states = count_states(world, datasets)
    return Aftermath(datasets, binding, promises, killer, auditor, states, seconds)


def kill_during_the_push(world: World, dataset: int, route: str) -> None:
    """Upload, and kill all web processes when the push has left for GitLab; nobody comes back."""
    killed = False

    def kill_once(line: str) -> bool:
        nonlocal killed
        if line.endswith("/git-receive-pack") and not killed:
            killed = True
            world.kill_web_children()
        return False

    client = Uploader(world.app_url, world.alice.token, Promises(), leaves=1.0)
    with world.gitlab.choosing(kill_once):
        client.upload(
            dataset, {f"{route}/{number}.bin": b"%d" % number for number in (1, 2)}, route
        )
    client.close()
    assert killed
    eventually(lambda: serves(world.app_url), "the web processes are back", 20)


def is_settled(world: World, datasets: list[int], binding: list[int]) -> bool:
    """Whether no session is committing and no binding under way."""
    return count_states(world, datasets)["committing"] == 0 and all(
        look_at_binding(world, dataset).in_ledger is not False for dataset in binding
    )


def test_no_acknowledged_file_is_lost(world: World, aftermath: Aftermath) -> None:
    promised = aftermath.promises.acknowledged
    assert len(promised) >= 10, aftermath.states
    assert find_lost(world, world.alice, promised) == []


def test_nobody_hears_anything_but_an_outage(aftermath: Aftermath) -> None:
    assert aftermath.promises.surprises == []
    assert aftermath.promises.server_errors == []


def test_no_commit_ever_names_missing_bytes(aftermath: Aftermath) -> None:
    named = sum(
        path.endswith(".bin") for one in aftermath.promises.acknowledged for path in one.sha256
    )
    assert aftermath.auditor.dangling == []
    assert aftermath.auditor.objects >= named
    assert aftermath.auditor.looks > 20


def test_every_session_ended_as_one_commit_or_none(world: World, aftermath: Aftermath) -> None:
    assert judge_sessions(world, aftermath.datasets, aftermath.promises.acknowledged) == []


def test_a_push_that_outlived_its_process_is_found_by_the_worker(
    world: World, aftermath: Aftermath
) -> None:
    paths = world.git(aftermath.datasets[0], "ls-tree", "-r", "--name-only", "main").split()
    assert {"batch/1.bin.dvc", "batch/2.bin.dvc", "put/1.bin.dvc"} <= set(paths)


def test_it_serves_again_within_ten_seconds(aftermath: Aftermath) -> None:
    assert len(aftermath.killer.kills) >= 4
    assert max(aftermath.killer.back_after_seconds, default=0) <= 10


def test_a_binding_is_whole_or_not_there(world: World, aftermath: Aftermath) -> None:
    for dataset in aftermath.binding:
        bound = look_at_binding(world, dataset)
        if bound.is_unbound:
            body = {"site_id": world.s3_site}
            world.alice.json("PUT", f"/datasets/{dataset}/storage-site", json=body)
            bound = look_at_binding(world, dataset)
        assert bound.is_whole, bound
        assert marker_agrees(world, dataset, bound)
        shown = world.alice.json("GET", f"/datasets/{dataset}")
        assert shown["storage_site"]["id"] == world.s3_site
