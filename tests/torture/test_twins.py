"""P8 as promised: 500 pairs of questions, answered alike and equally fast."""

from __future__ import annotations

import secrets
import statistics
import time

import httpx
import pytest

from tests.integration.faults.twins import ask_about, make_twins
from tests.integration.faults.uploading import md5_of
from tests.integration.faults.world import World

PAIRS, WHOLE_PAIRS = 500, 20
MOST_APART_SECONDS = 0.003


@pytest.mark.timeout(300)
def test_nobody_can_tell_what_another_dataset_holds(world: World) -> None:
    twins = make_twins(world, 10)
    known: list[float] = []
    made_up: list[float] = []
    token = {"PRIVATE-TOKEN": world.alice.token}
    with httpx.Client(base_url=world.app_url, headers=token, timeout=20) as client:
        for number in range(PAIRS):
            data = twins.elsewhere[number % len(twins.elsewhere)]
            pair = [(known, data), (made_up, secrets.token_bytes(len(data)))]
            answers = []
            for seconds, asked in pair if number % 2 else reversed(pair):
                md5 = md5_of(asked)
                began = time.perf_counter()
                answer = client.get(f"/dvc/{twins.empty}/files/md5/{md5[:2]}/{md5[2:]}")
                seconds.append(time.perf_counter() - began)
                answers.append((answer.status_code, answer.text.replace(md5, "MD5")))
            assert answers[0] == answers[1]
            assert answers[0][0] == 404
    apart = abs(statistics.median(known) - statistics.median(made_up))
    assert apart < MOST_APART_SECONDS


@pytest.mark.timeout(300)
def test_no_way_of_asking_tells_them_apart(world: World) -> None:
    twins = make_twins(world, WHOLE_PAIRS)
    for data in twins.elsewhere:
        random = secrets.token_bytes(len(data))
        assert ask_about(world, twins.empty, data) == ask_about(world, twins.empty, random)
