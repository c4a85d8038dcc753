from __future__ import annotations

import pytest

from core.errors import Invalid
from core.model.access import Visibility
from core.model.dataset import Namespace
from gitlab_bridge.creation import own_path
from gitlab_bridge.members import list_granters
from gitlab_bridge.namespaces import check_visibility
from tests.unit.gitlab_bridge.canned import Canned


@pytest.mark.parametrize("name", ("VITVI data", "a_b", "1.0", "Größe 7", "x + y", "a - b"))
def test_gitlab_derives_the_path_where_it_can(name: str) -> None:
    assert own_path(name) is None


@pytest.mark.parametrize(
    ("name", "path"), (("_x", "x"), ("x_", "x"), ("a__b", "a-b"), ("a-_b", "a-b"), ("é_", "e"))
)
def test_paths_that_gitlab_would_refuse_are_mended(name: str, path: str) -> None:
    assert own_path(name) == path


@pytest.mark.parametrize("name", ("データ", "🌍", "_", "+ -"))
def test_names_without_any_latin_letter_get_a_path_that_never_repeats(name: str) -> None:
    first, second = own_path(name), own_path(name)
    assert first is not None
    assert first.startswith("dataset-")
    assert first != second


@pytest.mark.parametrize("ceiling", tuple(Visibility))
@pytest.mark.parametrize("asked", tuple(Visibility))
def test_the_ceiling_is_the_namespace(ceiling: Visibility, asked: Visibility) -> None:
    namespace = Namespace(1, "lab", "Lab", "group", ceiling)
    if asked.rank <= ceiling.rank:
        check_visibility(namespace, asked)
        return
    with pytest.raises(Invalid) as caught:
        check_visibility(namespace, asked)
    possible = caught.value.details["possible"]
    assert isinstance(possible, list)
    assert ceiling.value in possible
    assert asked.value not in possible


def test_bots_and_blocked_people_grant_nothing() -> None:
    members = [
        {"username": "mary", "access_level": 40, "state": "active"},
        {"username": "owen", "access_level": 50, "state": "active"},
        {"username": "nell", "access_level": 50},
        {"username": "dora", "access_level": 30, "state": "active"},
        {"username": "gone", "access_level": 50, "state": "blocked"},
        {"username": "project_7_bot_1a2b", "access_level": 50, "state": "active"},
        {"access_level": 50, "state": "active"},
    ]
    assert list_granters(Canned(members).client(), 7) == ("owen", "mary")
