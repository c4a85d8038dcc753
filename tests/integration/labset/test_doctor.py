from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import httpx

from bench.stack import Running
from tests.integration.labset.conftest import Typist

Demo = Mapping[str, Any]


def outcomes(told: Mapping[str, Any]) -> dict[str, str]:
    return {check["name"]: check["outcome"] for check in told["checks"]}


def test_all_is_well_where_it_is(alice: Typist, demo: Demo) -> None:
    told = alice.run("doctor", demo["dataset_id"], "--json").json()
    found = outcomes(told)
    assert set(found.values()) == {"ok"}
    assert {"server", "clock", "token", "scopes", "read", "write", "one file"} < set(found)
    assert {"link at the site", "storage site", "last DVC refusal"} < set(found)
    assert told["next_step"] == "Nothing to do: all is well."


def test_a_wrong_token_is_the_next_step(alice: Typist) -> None:
    done = alice.run("doctor", environment={"LABSET_TOKEN": "glpat-nonsense"})
    assert done.code == 3
    assert "Next step: Run `labset login" in done.out


def test_who_may_not_see_a_dataset_is_told_whom_to_ask(
    typist: Callable[[str], Typist], demo: Demo
) -> None:
    done = typist("bob").run("doctor", demo["dataset_id"])
    assert done.code == 4
    assert "failed   dataset" in done.out
    assert "Next step: Check the number" in done.out
    nobody = typist("nobody").run("doctor", demo["dataset_id"])
    assert "Next step: Run `labset login" in nobody.out


def test_something_that_is_no_labset_is_known(alice: Typist, stack: Running) -> None:
    done = alice.run("doctor", "--server", stack.ready["gitlab_url"])
    assert done.code == 1
    assert "it is no Labset" in done.out


def test_a_token_that_only_reads_is_told(alice: Typist, stack: Running) -> None:
    reading = {"LABSET_TOKEN": _reading_token(stack)}
    told = alice.run("doctor", "--json", environment=reading).json()
    assert outcomes(told)["scopes"] == "note"


def test_a_bound_dataset_without_files_has_nothing_to_try(
    alice: Typist, new_dataset: Callable[..., int]
) -> None:
    told = alice.run("doctor", new_dataset(), "--json").json()
    assert "failed" not in outcomes(told).values()


def test_a_dataset_without_a_site_is_sent_to_its_page(
    alice: Typist, new_dataset: Callable[..., int]
) -> None:
    dataset = new_dataset(site=None)
    told = alice.run("doctor", dataset, "--json").json()
    assert told["next_step"].endswith(f"/datasets/{dataset}")


def test_what_dvc_was_refused_is_told(
    alice: Typist, new_dataset: Callable[..., int], app_url: str, stack: Running
) -> None:
    dataset = new_dataset()
    url = f"{app_url}/dvc/{dataset}/files/md5/00/{'0' * 30}"
    reading = {"Authorization": f"Bearer {_reading_token(stack)}"}
    assert httpx.post(url, headers=reading, content=b"bytes").status_code == 403
    told = alice.run("doctor", dataset, "--json").json()
    assert outcomes(told)["last DVC refusal"] == "warning"
    assert "DVC was refused lately" in told["next_step"]


def _reading_token(stack: Running) -> str:
    """Return a token of alice's that may only read."""
    answer = httpx.post(
        f"{stack.ready['gitlab_url']}/api/v4/users/{_alice_id(stack)}/personal_access_tokens",
        headers={"PRIVATE-TOKEN": stack.ready["root_token"]},
        json={"name": "reader", "scopes": ["read_api"]},
    )
    return str(answer.raise_for_status().json()["token"])


def _alice_id(stack: Running) -> int:
    answer = httpx.get(
        f"{stack.ready['gitlab_url']}/api/v4/users?username=alice",
        headers={"PRIVATE-TOKEN": stack.ready["root_token"]},
    )
    return int(answer.json()[0]["id"])
