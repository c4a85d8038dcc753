"""What takes its time in GitLab: deletions, forks, and changes that may or may not have been done."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.errors import Conflict, Invalid, LabsetError, NotFound, Unavailable
from core.model.access import AccessLevel, Actor, Secret
from core.model.dataset import Dataset, DatasetChanges, DatasetQuery
from core.model.names import DatasetId, Ref, Revision, SiteId
from gitlab_bridge.directory import GitLabDirectory
from gitlab_bridge.history import GitHistory
from tests.integration.gitlab_bridge.conftest import RealClock, World
from tests.integration.gitlab_bridge.faulty import PROJECT, Faulty, Step, answer, faulty_gitlab

ALICE = Actor(Secret("glpat-canary"))
SEVEN = DatasetId(7)
RENAMED = "lab/steady-deletion_scheduled-7"
MARKS = (
    {"marked_for_deletion_on": "2026-11-21"},
    {"marked_for_deletion_at": "2026-11-21"},
    {"path_with_namespace": RENAMED},
    {"path_with_namespace": "lab-deletion_scheduled-3/steady"},
    {"marked_for_deletion_on": "2026-11-21", "path_with_namespace": RENAMED},
)


@pytest.fixture
def gitlab() -> Iterator[Faulty]:
    with faulty_gitlab() as plan:
        yield plan


@pytest.fixture
def quick(gitlab: Faulty) -> GitLabDirectory:
    return GitLabDirectory(gitlab.url, service_token=None, clock=RealClock())


def find(
    directory: GitLabDirectory, actor: Actor = ALICE, number: DatasetId = SEVEN
) -> Dataset | None:
    return directory.find_dataset(actor, number, at_least=AccessLevel.REPORTER, fresh=True)


# ---- deletions ------------------------------------------------------------------------------


@pytest.mark.parametrize("mark", MARKS, ids=repr)
def test_a_project_that_waits_for_its_deletion_is_gone_for_us(
    gitlab: Faulty, quick: GitLabDirectory, mark: dict[str, str]
) -> None:
    gitlab.otherwise = answer(PROJECT | mark)
    assert find(quick) is None
    assert quick.find_site(ALICE, SiteId(7), fresh=True) is None
    with pytest.raises(NotFound):
        quick.change_dataset(ALICE, SEVEN, DatasetChanges(description="late"))
    gitlab.otherwise = answer([PROJECT | mark, PROJECT | {"id": 8, "path_with_namespace": "lab/x"}])
    assert [site.id.number for site in quick.list_sites(ALICE, "", ())] == [8]


def test_a_deletion_that_lingers_is_seen_as_done_at_once(
    gitlab: Faulty, quick: GitLabDirectory
) -> None:
    gitlab.otherwise = answer(PROJECT | MARKS[-1])
    gitlab.script = [answer(PROJECT), answer({"message": "202 Accepted"}, 202)]
    assert find(quick)
    quick.delete_dataset(ALICE, SEVEN)
    assert quick.find_dataset(ALICE, SEVEN, at_least=AccessLevel.GUEST, fresh=False) is None


def test_what_is_marked_already_counts_as_deleted(gitlab: Faulty, quick: GitLabDirectory) -> None:
    refused = answer({"message": "Project has already been marked for deletion"}, 400)
    gitlab.script, gitlab.otherwise = [refused], answer(PROJECT | MARKS[0])
    quick.delete_dataset(ALICE, SEVEN)
    gitlab.script, gitlab.otherwise = [refused], answer(PROJECT)
    with pytest.raises(Invalid):
        quick.delete_dataset(ALICE, SEVEN)


def test_nothing_is_offered_in_a_group_that_waits_for_its_deletion(
    gitlab: Faulty, quick: GitLabDirectory
) -> None:
    group = {"id": 3, "name": "lab", "visibility": "private", "project_creation_level": "developer"}
    groups = [
        group | {"full_path": "lab", "marked_for_deletion_on": "2026-11-21"},
        group | {"id": 4, "full_path": "old-deletion_scheduled-4"},
        group | {"id": 5, "full_path": "new", "marked_for_deletion_on": None},
    ]
    gitlab.script = [answer({"id": 1, "username": "alice"}), answer(groups), answer([])]
    assert [place.full_path for place in quick.list_namespaces(ALICE)] == ["new"]


# ---- forks ----------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ("scheduled", "started"))
def test_a_fork_that_is_being_filled_is_no_empty_dataset(
    gitlab: Faulty, quick: GitLabDirectory, status: str
) -> None:
    gitlab.otherwise = answer(PROJECT | {"import_status": status, "empty_repo": True})
    with pytest.raises(Unavailable, match="still copying"):
        find(quick)


@pytest.mark.parametrize(
    "state",
    (
        {"import_status": "finished", "empty_repo": False},
        {"import_status": "finished", "empty_repo": True},
        {"import_status": "failed", "empty_repo": True},
        {"import_status": "none", "empty_repo": True},
        {"import_status": None},
        {"import_status": "started", "empty_repo": False},  # a pull mirror that is at it again
        {"import_status": "rejuvenated", "empty_repo": True},
        {},
    ),
    ids=repr,
)
def test_every_other_state_is_an_ordinary_dataset(
    gitlab: Faulty, quick: GitLabDirectory, state: dict[str, object]
) -> None:
    gitlab.otherwise = answer(PROJECT | state)
    found = find(quick)
    assert found is not None
    assert found.level is AccessLevel.MAINTAINER


def test_a_fork_is_unavailable_until_it_has_the_files_of_its_source(
    world: World, directory: GitLabDirectory, tmp_path: Path
) -> None:
    alice = world.user()
    source = world.dataset(alice)
    commit = world.commit(source.id, "a.txt", "text")
    lab = world.group()
    world.join_group(lab, alice, AccessLevel.OWNER)
    fork = DatasetId(world.project(source.id).forks.create({"namespace_path": lab.path}).id)
    limit = time.monotonic() + 20
    found = None
    while found is None:
        assert time.monotonic() < limit
        try:
            found = find(directory, alice.actor, fork)
        except Unavailable:
            time.sleep(0.02)
    history = GitHistory(
        tmp_path / "mirrors",
        RealClock(),
        locate=lambda *_: f"{world.url}/{found.path_with_namespace}.git",
    )
    assert history.resolve(alice.actor, fork, Ref("main")) == Revision(commit)


# ---- changes --------------------------------------------------------------------------------


def test_after_a_change_without_an_answer_the_truth_is_asked_for(
    gitlab: Faulty, quick: GitLabDirectory
) -> None:
    gitlab.script = [answer(PROJECT), answer({"message": "500 Internal Server Error"}, 500)]
    gitlab.otherwise = answer(PROJECT | {"description": "done all the same"})
    with pytest.raises(Unavailable):
        quick.change_dataset(ALICE, SEVEN, DatasetChanges(description="done all the same"))
    found = quick.find_dataset(ALICE, SEVEN, at_least=AccessLevel.REPORTER, fresh=False)
    assert found is not None
    assert found.description == "done all the same"


def test_a_change_that_meets_a_busy_gateway_is_sent_again(
    gitlab: Faulty, quick: GitLabDirectory
) -> None:
    own = PROJECT | {"permissions": {"project_access": {"access_level": 50}}}
    gitlab.script = [answer(own), answer({}, 502), answer(own)]
    gitlab.otherwise = answer(own | {"description": "new"})
    changed = quick.change_dataset(ALICE, SEVEN, DatasetChanges(description="new"))
    assert changed.description == "new"
    assert [asked.method for asked in gitlab.asked] == ["GET", "PUT", "PUT", "GET"]


def test_a_tag_without_an_answer_is_not_made_twice(gitlab: Faulty, quick: GitLabDirectory) -> None:
    name, commit = Ref("v1"), Revision("1" * 40)
    gitlab.script = [Step(cut=True)]
    with pytest.raises(Unavailable, match="look before you try again"):
        quick.create_tag(ALICE, SEVEN, name, commit, "note")
    gitlab.script = [answer({"message": "Tag v1 already exists"}, 400)]
    with pytest.raises(Conflict) as caught:
        quick.create_tag(ALICE, SEVEN, name, commit, "note")
    assert caught.value.code == "tag_exists"


def test_an_answer_without_topics_never_takes_our_mark_off(
    gitlab: Faulty, quick: GitLabDirectory
) -> None:
    told = {key: value for key, value in PROJECT.items() if key != "topics"}
    for payload in (told, PROJECT | {"topics": None}, PROJECT | {"topics": [None]}):
        gitlab.otherwise = answer(payload)
        with pytest.raises(LabsetError):
            quick.change_dataset(ALICE, SEVEN, DatasetChanges(tags=("new",)))
    assert {asked.method for asked in gitlab.asked} == {"GET"}


def test_lists_show_forks_that_are_being_filled(gitlab: Faulty, quick: GitLabDirectory) -> None:
    filling = PROJECT | {"import_status": "started", "empty_repo": True}
    listed = answer([filling], X_Per_Page="20", X_Next_Page="")
    gitlab.script = [answer({"id": 1, "username": "alice"}), listed]
    assert len(quick.list_datasets(ALICE, DatasetQuery()).items) == 1
