"""P1, P2, P3 and P11 at length: 400 uploads under a killer, and a crash at every outside call."""

from __future__ import annotations

import pytest

from tests.integration.faults.auditing import (
    auditing,
    commits_by_session,
    count_commits,
    count_states,
    find_lost,
    judge_sessions,
)
from tests.integration.faults.binding import KillAt, bind_and_kill, look_at_binding
from tests.integration.faults.killing import killing, serves
from tests.integration.faults.uploading import Promises, Uploader, upload_until
from tests.integration.faults.world import World, eventually

UPLOADS, FEWEST_ACKNOWLEDGED = 400, 300
CLIENTS = 6
MOST_CALLS = 80


@pytest.mark.timeout(700)
def test_four_hundred_uploads_under_a_killer_lose_nothing(world: World) -> None:
    datasets = [world.new_dataset() for _ in range(3)]
    promises = Promises()
    with auditing(world, datasets) as auditor:
        with killing(world, (0.5, 3.0)) as killer:
            upload_until(
                lambda begun: begun >= UPLOADS,
                lambda: Uploader(world.app_url, world.alice.token, promises, leaves=0.1),
                datasets,
                CLIENTS,
            )
        eventually(lambda: count_states(world, datasets)["committing"] == 0, "sessions end", 60)
    assert len(promises.acknowledged) >= FEWEST_ACKNOWLEDGED
    assert promises.surprises == []
    assert promises.server_errors == []
    assert auditor.dangling == []
    assert judge_sessions(world, datasets, promises.acknowledged) == []
    assert max(killer.back_after_seconds) <= 10
    assert find_lost(world, world.alice, promises.acknowledged) == []


@pytest.mark.timeout(600)
def test_a_crash_at_every_outside_call_of_an_upload_loses_nothing(world: World) -> None:
    dataset = world.new_dataset()
    promises = Promises()
    reached = True
    number = 0
    while reached and number < MOST_CALLS:
        number += 1
        killer = KillAt(world, number)
        client = Uploader(world.app_url, world.alice.token, promises)
        files = {f"{number}/{name}": b"%d" % number for name in ("a.bin", "b.bin", "c.md")}
        with world.gitlab.choosing(killer), world.s3.choosing(killer):
            assert client.upload(dataset, files, "batch") is not None
        client.close()
        reached = killer.has_killed
    assert number > 5, "nothing was killed"
    assert not reached, "an upload makes more outside calls than expected"
    assert promises.surprises == []
    assert promises.server_errors == []
    eventually(lambda: count_states(world, [dataset])["committing"] == 0, "sessions end", 60)
    assert judge_sessions(world, [dataset], promises.acknowledged) == []
    assert set(commits_by_session(world, [dataset]).values()) == {1}
    assert count_commits(world, dataset) == len(promises.acknowledged) + 1
    assert find_lost(world, world.alice, promises.acknowledged) == []


@pytest.mark.timeout(300)
def test_a_crash_at_every_outside_call_of_a_binding_leaves_it_whole_or_not_there(
    world: World,
) -> None:
    datasets: list[int] = []
    reached = True
    while reached and len(datasets) < MOST_CALLS:
        dataset, reached = bind_and_kill(world, len(datasets) + 1)
        datasets.append(dataset)
        eventually(lambda: serves(world.app_url), "the web processes are back", 20)
    assert len(datasets) > 5
    eventually(
        lambda: all(look_at_binding(world, one).in_ledger is not False for one in datasets),
        "no binding is under way",
        60,
    )
    for one in datasets:
        bound = look_at_binding(world, one)
        assert bound.is_whole or bound.is_unbound, bound
