"""Many at once on one branch, checked whole: told answers against GitLab's own history (P4)."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import httpx

from tests.integration.faults.auditing import count_commits, is_linear
from tests.integration.faults.uploading import announce
from tests.integration.faults.world import World

LIMIT_SECONDS = 60.0
WITHIN_SECONDS = 0.2
_IN_A_ROW = 16


def all_at_once(
    world: World, ask: Callable[[httpx.Client, int], httpx.Response], clients: int
) -> tuple[Sequence[httpx.Response], float, float]:
    """Let clients with connections of their own begin together.

    Returns their answers, between which seconds they began, and after how many seconds all ended.
    """
    barrier = Barrier(clients)
    headers = {"PRIVATE-TOKEN": world.alice.token}
    begun: list[float] = []

    def one(number: int) -> httpx.Response:
        with httpx.Client(base_url=world.running.api, headers=headers, timeout=90) as client:
            barrier.wait(60)
            begun.append(time.monotonic())
            return ask(client, number)

    with ThreadPoolExecutor(clients) as pool:
        answers = list(pool.map(one, range(clients)))
    return answers, max(begun) - min(begun), time.monotonic() - min(begun)


def wait_until_all_processes_answer(world: World) -> None:
    """Ask by new connections until so many in a row were answered that each web process was asked.

    A process that was left while GitLab stalled tries it with one request first and refuses the others.
    """
    headers = {"PRIVATE-TOKEN": world.alice.token}
    deadline = time.monotonic() + LIMIT_SECONDS
    answered = 0
    while answered < _IN_A_ROW:
        assert time.monotonic() < deadline, "GitLab is not reached again"
        answer = httpx.get(f"{world.running.api}/namespaces", headers=headers, timeout=30)
        answered = answered + 1 if answer.status_code == 200 else 0


def check_that_all_succeed(world: World, clients: int) -> None:
    """Let so many put one file each on one branch: all succeed in a minute, history stays linear."""
    wait_until_all_processes_answer(world)
    dataset = world.new_dataset()
    answers, spread, seconds = all_at_once(
        world,
        lambda client, number: client.put(
            f"/datasets/{dataset}/files/many/{number}.bin", content=b"%d" % number
        ),
        clients,
    )
    assert [one.text for one in answers if one.status_code != 201] == []
    assert spread <= WITHIN_SECONDS
    assert seconds <= LIMIT_SECONDS
    assert is_linear(world, dataset)
    assert count_commits(world, dataset) == clients + 1
    assert len({one.json()["commit"] for one in answers}) == clients
    tree = world.alice.json("GET", f"/datasets/{dataset}/tree/many", params={"per_page": 100})
    assert len(tree) == clients


def check_that_one_wins(world: World, rivals: int) -> None:
    """Let so many commit the same path from one base: one wins, the others hear who."""
    dataset = world.new_dataset()
    urls = []
    for number in range(rivals):
        files = {"same.bin": b"of %d" % number}
        body = {"message": f"rival {number}", "files": announce(files)}
        session = world.alice.json("POST", f"/datasets/{dataset}/uploads", 201, json=body)
        urls.append(f"/datasets/{dataset}/uploads/{session['id']}")
        world.alice.json("PUT", f"{urls[-1]}/files/same.bin", content=files["same.bin"])
    answers, _, _ = all_at_once(
        world, lambda client, number: client.post(f"{urls[number]}/commit"), rivals
    )
    winners = [number for number, one in enumerate(answers) if one.status_code == 200]
    assert len(winners) == 1, sorted(one.status_code for one in answers)
    commit = answers[winners[0]].json()["commit"]
    for number, answer in enumerate(answers):
        if number not in winners:
            assert answer.status_code == 409
            told = answer.json()
            assert told["details"]["path"] == "same.bin"
            assert told["details"]["commit"] == commit
            assert commit[:8] in told["message"]
    assert count_commits(world, dataset) == 2
    got = world.alice.http.get(f"/datasets/{dataset}/files/same.bin")
    assert got.content == b"of %d" % winners[0]
