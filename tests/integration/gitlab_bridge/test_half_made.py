from __future__ import annotations

from collections.abc import Iterator

import pytest

from core.errors import Forbidden, LabsetError, Unavailable
from core.model.access import Actor, Secret, Visibility
from core.model.dataset import Kind, NewDataset
from core.model.storage import NewSite, SiteAddress, SiteKind
from gitlab_bridge.directory import GitLabDirectory
from tests.integration.gitlab_bridge.conftest import RealClock
from tests.integration.gitlab_bridge.faulty import PROJECT, Faulty, Step, answer, faulty_gitlab

ALICE = Actor(Secret("glpat-canary"))
ORDER = NewDataset("steady", "alice", "", Visibility.PRIVATE, (), Kind.ALBUM)
SITE = NewSite(
    "steady", "alice", "", Visibility.PRIVATE, (), SiteAddress(SiteKind.S3, "s3://bucket"), None
)
UNTIL_MADE = [
    answer({"id": 1, "username": "alice", "can_create_project": True}),
    answer({"id": 4, "path": "alice", "full_path": "alice", "kind": "user"}),
    answer([]),
    answer(PROJECT, 201),
]


@pytest.fixture
def gitlab() -> Iterator[Faulty]:
    with faulty_gitlab() as plan:
        yield plan


@pytest.fixture
def directory(gitlab: Faulty) -> GitLabDirectory:
    return GitLabDirectory(gitlab.url, service_token=None, clock=RealClock())


def sent(gitlab: Faulty) -> list[str]:
    return [f"{asked.method} {asked.path.split('?')[0]}" for asked in gitlab.asked]


@pytest.mark.parametrize(
    ("failure", "error"),
    (
        (answer({"message": "403 Forbidden"}, 403), Forbidden),
        (answer({"message": "500 Internal Server Error"}, 500), Unavailable),
        (Step(cut=True), Unavailable),
    ),
    ids=("forbidden", "error", "cut"),
)
def test_a_dataset_that_cannot_be_protected_is_deleted_again(
    gitlab: Faulty, directory: GitLabDirectory, failure: Step, error: type[LabsetError]
) -> None:
    gitlab.script = [*UNTIL_MADE, failure, answer({"message": "202 Accepted"}, 202)]
    with pytest.raises(error):
        directory.create_dataset(ALICE, ORDER)
    assert sent(gitlab)[3:] == [
        "POST /api/v4/projects",
        "POST /api/v4/projects/7/protected_branches",
        "DELETE /api/v4/projects/7",
    ]


def test_where_deleting_is_not_allowed_the_marks_are_taken_off(
    gitlab: Faulty, directory: GitLabDirectory
) -> None:
    gitlab.script = [*UNTIL_MADE, answer({}, 500), answer({"message": "403 Forbidden"}, 403)]
    with pytest.raises(Unavailable):
        directory.create_dataset(ALICE, ORDER)
    assert sent(gitlab)[-2:] == ["DELETE /api/v4/projects/7", "PUT /api/v4/projects/7"]


def test_a_rule_of_the_instance_is_replaced(gitlab: Faulty, directory: GitLabDirectory) -> None:
    rule = {"name": "main", "push_access_levels": [{"access_level": 40}], "allow_force_push": False}
    gitlab.script = [
        *UNTIL_MADE,
        answer({"message": "Protected branch 'main' already exists"}, 409),
        answer(rule),
        Step(204, b""),
        answer(rule, 201),
    ]
    assert directory.create_dataset(ALICE, ORDER).name == "steady"
    assert sent(gitlab)[4:] == [
        "POST /api/v4/projects/7/protected_branches",
        "GET /api/v4/projects/7/protected_branches/main",
        "DELETE /api/v4/projects/7/protected_branches/main",
        "POST /api/v4/projects/7/protected_branches",
        "GET /api/v4/projects/7",
    ]


def test_a_site_whose_file_cannot_be_committed_is_deleted_again(
    gitlab: Faulty, directory: GitLabDirectory
) -> None:
    gitlab.script = [*UNTIL_MADE, answer({"name": "main"}, 201), answer({"message": "no"}, 400)]
    with pytest.raises(LabsetError):
        directory.create_site(ALICE, SITE)
    assert sent(gitlab)[-2:] == [
        "POST /api/v4/projects/7/repository/commits",
        "DELETE /api/v4/projects/7",
    ]


def test_a_creation_without_an_answer_is_not_sent_twice(
    gitlab: Faulty, directory: GitLabDirectory
) -> None:
    gitlab.script = [*UNTIL_MADE[:3], answer({}, 502)]
    with pytest.raises(Unavailable, match="look before you try again"):
        directory.create_dataset(ALICE, ORDER)
    assert sent(gitlab).count("POST /api/v4/projects") == 1
