from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

from core.errors import Conflict, LabsetError, Unavailable
from core.model.history import Committed
from core.model.names import Ref, Revision
from gitlab_bridge.history import GitHistory
from tests.integration.git.between import Fault, Wire, wire_to
from tests.integration.git.forge import Forge, Project, order, pointer, put

PUSH = "POST"
RECEIVE = "git-receive-pack"


@pytest.fixture
def wire(forge: Forge) -> Iterator[Wire]:
    with wire_to(forge.server.url) as made:
        yield made


@pytest.fixture
def wired(forge: Forge, wire: Wire, tmp_path: Path) -> GitHistory:
    """Return a history that reaches GitLab by the wire only."""
    return forge.history(tmp_path / "mirrors", wire.url)


def _once(fault: Fault, *words: str) -> Callable[[str], Fault]:
    left = [fault]

    def choose(line: str) -> Fault:
        hit = all(word in line for word in words) and left
        return left.pop() if hit else Fault.NONE

    return choose


def _messages(project: Project) -> list[str]:
    project.git("fetch", "--quiet", "origin")
    return project.git(
        "log", "--format=%(trailers:key=Upload-Session,valueonly)", "origin/main"
    ).split()


@pytest.mark.parametrize(
    "fault",
    (
        Fault.LOSE_ANSWER,
        Fault.CUT_ANSWER,
        Fault.BAD_GATEWAY_AFTER,
        Fault.BAD_GATEWAY,
        Fault.HANG_UP,
    ),
)
def test_a_lost_answer_to_a_push_is_one_commit_not_two(
    forge: Forge, wire: Wire, wired: GitHistory, project: Project, fault: Fault
) -> None:
    base = project.push({"a.txt": b"1"})
    wired.resolve(forge.root, project.id, Ref("main"))
    wire.choose = _once(fault, PUSH, RECEIVE)
    wanted = order(put("b.jpg", pointer(1)), base=base)
    made = wired.commit(forge.root, project.id, wanted)
    assert _messages(project) == [wanted.key]
    assert project.git("rev-parse", "origin/main") == made.revision.sha


def test_many_lost_answers_leave_one_commit_for_each_success_and_none_for_a_failure(
    forge: Forge, wire: Wire, wired: GitHistory, project: Project
) -> None:
    base = project.push({"a.txt": b"1"})
    wired.resolve(forge.root, project.id, Ref("main"))
    dice = random.Random(7)
    wire.choose = lambda line: (
        dice.choice([Fault.LOSE_ANSWER, Fault.NONE, Fault.CUT_ANSWER])
        if RECEIVE in line and PUSH in line
        else Fault.NONE
    )
    orders = [order(put(f"{n}.jpg", pointer(n)), base=base) for n in range(24)]

    def commit(number: int) -> Committed | LabsetError:
        try:
            return wired.commit(forge.root, project.id, orders[number])
        except LabsetError as error:
            return error

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(commit, range(len(orders))))
    wire.choose = lambda _: Fault.NONE
    keys = _messages(project)
    for wanted, result in zip(orders, results, strict=True):
        if isinstance(result, Unavailable):
            continue  # not known: the order is given again
        assert isinstance(result, Committed), result
        assert keys.count(wanted.key) == 1
    for wanted in orders:
        wired.commit(forge.root, project.id, wanted)
    assert sorted(_messages(project)) == sorted(wanted.key for wanted in orders)


def test_a_stall_ends_within_fifteen_seconds_also_for_a_queue(
    forge: Forge, wire: Wire, wired: GitHistory, project: Project
) -> None:
    base = project.push({"a.txt": b"1"})
    wired.resolve(forge.root, project.id, Ref("main"))
    wire.choose = lambda line: Fault.STALL if RECEIVE in line else Fault.NONE
    began = time.monotonic()

    def commit(number: int) -> None:
        with pytest.raises(Unavailable):
            wired.commit(forge.root, project.id, order(put(f"{number}.jpg", pointer()), base=base))

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(commit, range(6)))
    assert time.monotonic() - began < 15
    wire.choose = lambda _: Fault.NONE
    wired.commit(forge.root, project.id, order(put("later.jpg", pointer()), base=base))


def test_a_stalled_look_at_the_branches_ends_within_fifteen_seconds(
    forge: Forge, wire: Wire, wired: GitHistory, project: Project
) -> None:
    tip = project.push({"a.txt": b"1"})
    wired.resolve(forge.root, project.id, Ref("main"))
    wire.choose = lambda _: Fault.STALL
    began = time.monotonic()
    with pytest.raises(Unavailable):
        wired.resolve(forge.root, project.id, Ref("main"), fresh=True)
    assert time.monotonic() - began < 15
    assert wired.resolve(forge.root, project.id, Ref(tip.sha)) == tip


def test_a_first_copy_that_is_cut_off_is_begun_again(
    forge: Forge, wire: Wire, wired: GitHistory, project: Project, tmp_path: Path
) -> None:
    tip = project.push({"a.txt": b"1"})
    wire.choose = _once(Fault.CUT_ANSWER, "POST", "git-upload-pack")
    with pytest.raises(Unavailable):
        wired.resolve(forge.root, project.id, Ref("main"))
    assert wired.resolve(forge.root, project.id, Ref("main")) == tip
    assert [path.name for path in (tmp_path / "mirrors").glob("*.git*")] == [f"{project.id}.git"]


def test_gitlab_being_away_is_told_and_ends_with_it(
    forge: Forge, wire: Wire, wired: GitHistory, project: Project
) -> None:
    project.push({"a.txt": b"1"})
    wire.choose = lambda _: Fault.BAD_GATEWAY
    with pytest.raises(Unavailable):
        wired.resolve(forge.root, project.id, Ref("main"))
    wire.choose = lambda _: Fault.NONE
    wired.resolve(forge.root, project.id, Ref("main"))


def test_a_hundred_clients_on_one_branch_all_succeed(
    forge: Forge, history: GitHistory, project: Project, tmp_path: Path
) -> None:
    base = project.push({"a.txt": b"1"})
    others = [history, forge.history(tmp_path / "mirrors"), forge.history(tmp_path / "elsewhere")]
    began = time.monotonic()

    def commit(number: int) -> Revision:
        wanted = order(put(f"d/{number:03}.jpg", pointer(number)), base=base)
        return others[number % 3].commit(forge.root, project.id, wanted).revision

    with ThreadPoolExecutor(100) as pool:
        made = list(pool.map(commit, range(100)))
    assert time.monotonic() - began < 60
    assert len(set(made)) == 100
    project.git("fetch", "--quiet", "origin")
    assert project.git("rev-list", "--count", "origin/main") == "101"
    assert project.git("rev-list", "--merges", "--count", "origin/main") == "0"
    names = project.git("ls-tree", "-r", "--name-only", "origin/main").splitlines()
    assert len([name for name in names if name.endswith(".dvc")]) == 100
    ignored = project.git("show", "origin/main:d/.gitignore").splitlines()
    assert len(ignored) == 100


def test_of_fifty_on_one_path_one_wins_and_the_others_learn_who(
    forge: Forge, history: GitHistory, project: Project
) -> None:
    base = project.push({"a.txt": b"1"})
    history.resolve(forge.root, project.id, Ref("main"))

    def commit(number: int) -> Committed | LabsetError:
        try:
            return history.commit(
                forge.root, project.id, order(put("same.jpg", pointer(number)), base=base)
            )
        except LabsetError as error:
            return error

    with ThreadPoolExecutor(50) as pool:
        results = list(pool.map(commit, range(50)))
    won = [result for result in results if isinstance(result, Committed)]
    lost = [result for result in results if isinstance(result, Conflict)]
    assert (len(won), len(lost)) == (1, 49)
    assert {str(error.details["commit"]) for error in lost} == {won[0].revision.sha}


def _commit_until_killed(forge: Forge, root: Path, project: Project, base: str, key: str) -> None:
    history = forge.history(root)
    wanted = order(put(f"{key}.jpg", pointer()), base=Revision(base), key=key)
    history.commit(forge.root, project.id, wanted)


def test_a_killed_process_leaves_one_commit_or_none_and_the_next_try_ends_it(
    forge: Forge, history: GitHistory, project: Project, tmp_path: Path
) -> None:
    base = project.push({"a.txt": b"1"})
    history.resolve(forge.root, project.id, Ref("main"))
    keys = [f"{number:032x}" for number in range(12)]
    for number, key in enumerate(keys):
        child = get_context("spawn").Process(
            target=_commit_until_killed,
            args=(forge, tmp_path / "mirrors", project, base.sha, key),
        )
        child.start()
        child.join(0.35 + number * 0.03)
        if child.pid is not None and child.is_alive():
            os.kill(child.pid, signal.SIGKILL)
        child.join()
        wanted = order(put(f"{key}.jpg", pointer()), base=base, key=key)
        history.commit(forge.root, project.id, wanted)
    assert sorted(_messages(project)) == keys


def test_many_commits_do_not_leave_many_packs_nor_what_killed_processes_began(
    forge: Forge, history: GitHistory, project: Project, tmp_path: Path
) -> None:
    tip = project.push({"a.txt": b"1"})
    history.resolve(forge.root, project.id, Ref("main"))
    mirror = tmp_path / "mirrors" / f"{project.id}.git"
    left = mirror / "incoming" / "dead"
    left.mkdir(parents=True)
    os.utime(left, (1, 1))
    revisions = []
    for number in range(45):
        tip = history.commit(
            forge.root, project.id, order(put(f"{number}.jpg", pointer(number)), base=tip)
        ).revision
        revisions.append(tip)
    limit = time.monotonic() + 20
    while len(list((mirror / "objects" / "pack").glob("*.pack"))) > 30 or left.exists():
        assert time.monotonic() < limit
        time.sleep(0.05)
    for number, revision in enumerate(revisions):
        assert len(history.walk_entries(project.id, revision, None)) == number + 2
