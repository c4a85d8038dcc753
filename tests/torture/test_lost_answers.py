"""P3 at length: 200 sessions, three of ten answers of GitLab lost after it has committed."""

from __future__ import annotations

import random

import pytest

from tests.integration.faults.auditing import (
    count_commits,
    count_states,
    find_lost,
    is_linear,
    judge_sessions,
)
from tests.integration.faults.uploading import Promises, Uploader, upload_until
from tests.integration.faults.world import World, eventually

SESSIONS = 200
CLIENTS = 4


@pytest.mark.timeout(400)
def test_two_hundred_sessions_are_one_commit_each_or_none(world: World) -> None:
    datasets = [world.new_dataset(), world.new_dataset()]
    promises = Promises()

    def lose(line: str) -> bool:
        return line.endswith("/git-receive-pack") and random.random() < 0.3

    with world.gitlab.choosing(lose):
        upload_until(
            lambda begun: begun >= SESSIONS,
            lambda: Uploader(world.app_url, world.alice.token, promises, leaves=0.2),
            datasets,
            CLIENTS,
        )
    eventually(lambda: count_states(world, datasets)["committing"] == 0, "sessions end", 60)
    assert promises.surprises == []
    assert judge_sessions(world, datasets, promises.acknowledged) == []
    assert find_lost(world, world.alice, promises.acknowledged) == []
    for dataset in datasets:
        assert is_linear(world, dataset)
        committed = count_states(world, [dataset])["committed"]
        assert count_commits(world, dataset) == committed + 1
