"""GitLab did the work and its answer was lost: one commit, never two (P3)."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor

from tests.integration.faults.auditing import (
    commits_by_session,
    count_commits,
    count_states,
    find_lost,
    is_linear,
    judge_sessions,
)
from tests.integration.faults.uploading import Promises, Uploader, announce, upload_until
from tests.integration.faults.wire import Choose
from tests.integration.faults.world import World, eventually

UPLOADS = 20
CLIENTS = 4


def lose_pushes(share: float) -> Choose:
    """Lose the answers to some pushes."""
    return lambda line: line.endswith("/git-receive-pack") and random.random() < share


def test_three_of_ten_answers_lost_make_no_commit_twice(world: World) -> None:
    datasets = [world.new_dataset()]
    promises = Promises()
    with world.gitlab.choosing(lose_pushes(0.3)):
        upload_until(
            lambda begun: begun >= UPLOADS,
            lambda: Uploader(world.app_url, world.alice.token, promises, leaves=0.3),
            datasets,
            CLIENTS,
        )
    eventually(lambda: count_states(world, datasets)["committing"] == 0, "sessions end", 60)
    assert promises.surprises == []
    assert judge_sessions(world, datasets, promises.acknowledged) == []
    assert find_lost(world, world.alice, promises.acknowledged) == []
    assert is_linear(world, datasets[0])


def test_every_answer_lost_is_an_outage_in_words_and_one_commit_in_the_end(world: World) -> None:
    dataset = world.new_dataset()
    files = {"a.bin": b"once"}
    body = {"message": "once", "files": announce(files)}
    session = world.alice.json("POST", f"/datasets/{dataset}/uploads", 201, json=body)
    url = f"/datasets/{dataset}/uploads/{session['id']}"
    world.alice.json("PUT", f"{url}/files/a.bin", content=files["a.bin"])
    with world.gitlab.choosing(lose_pushes(1.0)):
        first = world.alice.http.post(f"{url}/commit")
    assert first.status_code in {200, 503}
    done = world.alice.json("POST", f"{url}/commit")
    assert commits_by_session(world, [dataset])[session["id"]] == 1
    assert count_commits(world, dataset) == 2
    got = world.alice.http.get(f"/datasets/{dataset}/files/a.bin", params={"ref": done["commit"]})
    assert got.content == b"once"


def test_a_double_click_makes_one_commit(world: World) -> None:
    dataset = world.new_dataset()
    files = {f"{number}.bin": bytes([number]) for number in range(5)}
    body = {"message": "twice", "files": announce(files)}
    session = world.alice.json("POST", f"/datasets/{dataset}/uploads", 201, json=body)
    url = f"/datasets/{dataset}/uploads/{session['id']}"
    for path, data in files.items():
        world.alice.json("PUT", f"{url}/files/{path}", content=data)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: world.alice.json("POST", f"{url}/commit"), range(8)))
    assert len({one["commit"] for one in answers}) == 1
    assert commits_by_session(world, [dataset])[session["id"]] == 1
    assert count_commits(world, dataset) == 2
