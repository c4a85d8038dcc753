from __future__ import annotations

import pytest

from core.errors import Unauthenticated
from core.model.access import ANONYMOUS, AccessLevel, Actor, Secret, Visibility
from core.model.dataset import DatasetQuery, Kind
from gitlab_bridge.directory import GitLabDirectory
from tests.integration.gitlab_bridge.conftest import User, World


class Lab:
    """Alice's datasets: three of her own, one in a group, one of bob's that she was invited to."""

    def __init__(self, world: World) -> None:
        self.alice, self.bob, self.stranger = world.user(), world.user(), world.user()
        group = world.group("public")
        world.join_group(group, self.alice, AccessLevel.MAINTAINER)
        word = f"w{self.alice.id}"
        self.word = word
        world.dataset(self.alice, name=f"{word} beta", tags=("weld",), kind=Kind.TABLE)
        world.dataset(self.alice, name=f"{word} Alpha", tags=("weld", "steel"))
        world.dataset(self.alice, name=f"{word} open", visibility=Visibility.PUBLIC)
        world.dataset(
            self.alice, group.path, name=f"{word} grouped", visibility=Visibility.INTERNAL
        )
        invited = world.dataset(self.bob, name=f"{word} invited")
        world.join(invited.id, self.alice, AccessLevel.REPORTER)
        world.admin.projects.create(
            {"name": f"{word} ordinary", "visibility": "public", "topics": ["weld"]}
        )


@pytest.fixture(scope="module")
def lab(world: World) -> Lab:
    return Lab(world)


def names(directory: GitLabDirectory, lab: Lab, who: User | Actor, **asked: object) -> list[str]:
    actor = who.actor if isinstance(who, User) else who
    given: dict[str, object] = {"search": lab.word, "order": "name", "per_page": 50}
    page = directory.list_datasets(actor, DatasetQuery(**(given | asked)))  # type: ignore[arg-type]
    assert page.total == len(page.items)
    assert not page.has_next
    return [item.name.removeprefix(f"{lab.word} ") for item in page.items]


def test_everybody_sees_what_gitlab_shows_them(lab: Lab, directory: GitLabDirectory) -> None:
    mine = names(directory, lab, lab.alice)
    assert sorted(mine) == ["Alpha", "beta", "grouped", "invited", "open"]
    assert sorted(names(directory, lab, lab.bob)) == ["grouped", "invited", "open"]
    assert sorted(names(directory, lab, lab.stranger)) == ["grouped", "open"]
    assert names(directory, lab, ANONYMOUS) == ["open"]


def test_a_wrong_token_sees_nothing_not_even_what_is_public(
    lab: Lab, directory: GitLabDirectory
) -> None:
    with pytest.raises(Unauthenticated):
        names(directory, lab, Actor(Secret("glpat-wrong")))


@pytest.mark.parametrize(
    ("scope", "expected"),
    (
        ("all", ["Alpha", "beta", "grouped", "invited", "open"]),
        ("personal", ["Alpha", "beta", "open"]),
        ("shared", ["grouped", "invited"]),
        ("enterprise", ["grouped", "open"]),
    ),
)
def test_scopes_divide_the_list(
    lab: Lab, directory: GitLabDirectory, scope: str, expected: list[str]
) -> None:
    assert sorted(names(directory, lab, lab.alice, scope=scope)) == expected


def test_nobody_has_no_own_and_no_shared_datasets(lab: Lab, directory: GitLabDirectory) -> None:
    assert names(directory, lab, ANONYMOUS, scope="personal") == []
    assert names(directory, lab, ANONYMOUS, scope="shared") == []
    assert names(directory, lab, ANONYMOUS, scope="enterprise") == ["open"]


@pytest.mark.parametrize(
    ("asked", "expected"),
    (
        ({"kind": Kind.TABLE}, ["beta"]),
        ({"tags": ("weld",)}, ["Alpha", "beta"]),
        ({"tags": ("weld", "steel")}, ["Alpha"]),
        ({"kind": Kind.TABLE, "tags": ("steel",)}, []),
        ({"visibility": Visibility.PUBLIC}, ["open"]),
        ({"visibility": Visibility.INTERNAL, "scope": "enterprise"}, ["grouped"]),
        ({"visibility": Visibility.PRIVATE, "scope": "enterprise"}, []),
        ({"visibility": Visibility.PRIVATE, "scope": "shared"}, ["invited"]),
    ),
    ids=str,
)
def test_filters_narrow_the_list(
    lab: Lab, directory: GitLabDirectory, asked: dict[str, object], expected: list[str]
) -> None:
    assert sorted(names(directory, lab, lab.alice, **asked)) == expected


@pytest.mark.parametrize("search", ("AL", "al", "p", " lph "))
def test_short_searches_find_parts_of_names_too(
    lab: Lab, directory: GitLabDirectory, search: str
) -> None:
    page = directory.list_datasets(
        lab.alice.actor, DatasetQuery(search=search, scope="personal", per_page=50)
    )
    assert f"{lab.word} Alpha" in [item.name for item in page.items]
    assert f"{lab.word} beta" not in [item.name for item in page.items]


@pytest.mark.parametrize("scope", ("personal", "shared"))
@pytest.mark.parametrize("order", ("name", "created", "last_activity"))
def test_pages_follow_each_other_without_gap_or_overlap(
    lab: Lab, directory: GitLabDirectory, scope: str, order: str
) -> None:
    def page(number: int, size: int) -> list[str]:
        query = DatasetQuery(scope=scope, order=order, page=number, per_page=size)  # type: ignore[arg-type]
        found = directory.list_datasets(lab.alice.actor, query)
        assert (found.page, found.per_page) == (number, size)
        assert found.total == total
        assert found.has_next is (number * size < total)
        return [item.name for item in found.items]

    total = 3 if scope == "personal" else 2
    whole = page(1, 50)
    assert [name for number in (1, 2, 3) for name in page(number, 1)] == whole
    assert page(4, 1) == []


def test_orders_are_what_they_say(lab: Lab, directory: GitLabDirectory) -> None:
    def listed(order: str) -> list[str]:
        return names(directory, lab, lab.alice, scope="personal", order=order)

    assert [name.casefold() for name in listed("name")] == ["alpha", "beta", "open"]
    assert listed("created") == ["open", "Alpha", "beta"]


def test_each_row_knows_the_callers_role(lab: Lab, directory: GitLabDirectory) -> None:
    page = directory.list_datasets(lab.alice.actor, DatasetQuery(search=lab.word, per_page=50))
    levels = {item.name.removeprefix(f"{lab.word} "): item.level for item in page.items}
    assert levels["invited"] is AccessLevel.REPORTER
    assert levels["beta"] is AccessLevel.OWNER
    assert levels["grouped"] is AccessLevel.MAINTAINER
