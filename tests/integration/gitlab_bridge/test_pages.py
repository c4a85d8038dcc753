"""Lists of servers that make other pages than was asked for, or say less about them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from core.errors import Unavailable
from core.model.access import Actor, Secret
from core.model.dataset import DatasetQuery
from core.model.names import DatasetId
from gitlab_bridge.directory import GitLabDirectory
from tests.integration.gitlab_bridge.faulty import (
    PROJECT,
    Asked,
    Faulty,
    Step,
    answer,
    faulty_gitlab,
)
from tests.integration.gitlab_bridge.test_faults import CountingClock

ALICE = Actor(Secret("glpat-canary"))
PERSON = {"id": 1, "username": "alice"}
STYLES = ("offset", "uncounted", "link only", "number only", "link of a proxy", "bare", "fewer")

Row = dict[str, Any]


@pytest.fixture
def gitlab() -> Iterator[Faulty]:
    with faulty_gitlab() as plan:
        yield plan


@pytest.fixture
def clock() -> CountingClock:
    return CountingClock()


@pytest.fixture
def directory(gitlab: Faulty, clock: CountingClock) -> GitLabDirectory:
    return GitLabDirectory(gitlab.url, service_token=None, clock=clock)


def projects(count: int, topic: str = "labset-dataset") -> list[Row]:
    return [
        PROJECT
        | {
            "id": number,
            "name": f"set {number:03}",
            "path_with_namespace": f"lab/set-{number:03}",
            "topics": [topic],
        }
        for number in range(1, count + 1)
    ]


class Pages:
    """A list as a server of one style gives it, at most `cap` rows to a page."""

    def __init__(self, url: str, rows: list[Row], style: str, cap: int) -> None:
        self._url = url
        self._rows = rows
        self._style = style
        self._cap = cap

    def __call__(self, asked: Asked) -> Step | None:
        parts = urlsplit(asked.path)
        query = dict(parse_qsl(parts.query))
        if parts.path == "/api/v4/user":
            return answer(PERSON)
        size = min(int(query.get("per_page", 20)), self._cap)
        if query.get("pagination") == "keyset":
            return self._keyset(parts.path, query, size)
        page = int(query.get("page", 1))
        begin, end = (page - 1) * size, page * size
        shown = self._rows[begin:end]
        if self._style == "fewer":  # some rows of each page are not for this caller
            shown = [row for row in shown if row["id"] % 7]
        return answer(shown, **self._headers(parts.path, query, page, size))

    def _headers(self, path: str, query: dict[str, str], page: int, size: int) -> dict[str, str]:
        last = page * size >= len(self._rows)
        host = "http://gitlab.behind" if self._style == "link of a proxy" else self._url
        near = {"first": 1} if last else {"first": 1, "next": page + 1}
        links = ", ".join(
            f'<{host}{path}?{urlencode(query | {"page": number, "per_page": size})}>; rel="{name}"'
            for name, number in near.items()
        )
        numbers = {"X_Next_Page": "" if last else str(page + 1), "X_Per_Page": str(size)}
        counted = {"X_Total": str(len(self._rows))}
        return {
            "offset": numbers | counted | {"Link": links},
            "uncounted": numbers | {"Link": links},
            "link only": {"Link": links},
            "link of a proxy": {"Link": links},
            "number only": numbers,
            "bare": {},
            "fewer": numbers | {"Link": links},
        }[self._style]

    def _keyset(self, path: str, query: dict[str, str], size: int) -> Step:
        after = int(query.get("id_after", 0))
        shown = self._rows[after : after + size]
        if after + size >= len(self._rows):
            return answer(shown)
        following = urlencode(query | {"id_after": str(after + size)})
        return answer(shown, Link=f'<{self._url}{path}?{following}>; rel="next"')


def numbers(directory: GitLabDirectory, **asked: object) -> list[int]:
    query = DatasetQuery(**({"order": "name"} | asked))  # type: ignore[arg-type]
    return [item.id.number for item in directory.list_datasets(ALICE, query).items]


@pytest.mark.parametrize("cap", (100, 20, 7))
@pytest.mark.parametrize("style", STYLES)
def test_a_list_is_whole_however_the_server_makes_its_pages(
    gitlab: Faulty, directory: GitLabDirectory, style: str, cap: int
) -> None:
    rows = projects(130)
    expected = [row["id"] for row in rows if style != "fewer" or row["id"] % 7]
    gitlab.respond = Pages(gitlab.url, rows, style, cap)
    shown = [numbers(directory, scope="shared", page=page, per_page=50) for page in (1, 2, 3, 4)]
    assert [len(part) for part in shown[:2]] == [50, 50]
    assert [number for part in shown for number in part] == expected


@pytest.mark.parametrize("cap", (100, 20))
@pytest.mark.parametrize("style", ("offset", "uncounted", "link only", "number only", "bare"))
def test_our_pages_stay_ours_where_the_server_makes_smaller_ones(
    gitlab: Faulty, directory: GitLabDirectory, style: str, cap: int
) -> None:
    gitlab.respond = Pages(gitlab.url, projects(130), style, cap)
    for page, expected in ((1, range(1, 51)), (2, range(51, 101)), (3, range(101, 131))):
        query = DatasetQuery(order="name", page=page, per_page=50)
        found = directory.list_datasets(ALICE, query)
        assert [item.id.number for item in found.items] == list(expected)
        assert found.has_next is (page < 3)
        assert found.total in {130, None}


@pytest.mark.parametrize("cap", (100, 20, 7))
def test_sites_come_by_keyset_whatever_the_size_of_a_page(
    gitlab: Faulty, directory: GitLabDirectory, cap: int
) -> None:
    gitlab.respond = Pages(gitlab.url, projects(130, "labset-storage-site"), "offset", cap)
    assert [site.id.number for site in directory.list_sites(ALICE, "", ())] == list(range(1, 131))


def test_granters_on_later_pages_are_found(gitlab: Faulty, directory: GitLabDirectory) -> None:
    member = {"access_level": 30, "state": "active"}
    rows: list[Row] = [member | {"id": n, "username": f"u{n}"} for n in range(1, 60)]
    rows.append({"id": 60, "username": "olga", "access_level": 50, "state": "active"})
    gitlab.respond = Pages(gitlab.url, rows, "number only", 20)
    assert directory.list_granters(ALICE, DatasetId(7)) == ("olga",)


def test_nonsense_in_the_counting_headers_is_not_believed(
    gitlab: Faulty, directory: GitLabDirectory
) -> None:
    headers = {"X_Total": "many", "X_Per_Page": "-3", "X_Next_Page": "²"}
    gitlab.respond = lambda asked: answer(
        PERSON if asked.path.endswith("/user") else projects(3), **headers
    )
    page = directory.list_datasets(ALICE, DatasetQuery(order="name"))
    assert (len(page.items), page.total, page.has_next) == (3, 3, False)


@pytest.mark.parametrize("body", (None, {"message": "later"}, ["x"], [None], "x", 7), ids=repr)
def test_what_is_no_list_is_an_unavailable_gitlab(
    gitlab: Faulty, directory: GitLabDirectory, body: object
) -> None:
    gitlab.otherwise = answer(body)
    for ask in asks(directory):
        with pytest.raises(Unavailable):
            ask()


def asks(directory: GitLabDirectory) -> tuple[Callable[[], object], ...]:
    seven = DatasetId(7)
    return (
        lambda: directory.list_sites(ALICE, "", ()),
        lambda: directory.list_granters(ALICE, seven),
        lambda: directory.list_protected_branches(ALICE, seven),
    )


def test_pages_that_lead_in_a_circle_end(gitlab: Faulty, directory: GitLabDirectory) -> None:
    rows = iter(range(10**6))

    def respond(asked: Asked) -> Step:
        path = asked.path.partition("?")[0]
        link = f'<{gitlab.url}{path}?page=2&per_page=100>; rel="next"'
        return answer([PROJECT | {"id": next(rows) + 1}], Link=link)

    gitlab.respond = respond
    with pytest.raises(Unavailable):
        directory.list_sites(ALICE, "", ())
    assert len(gitlab.asked) == 2


def test_a_server_that_knows_no_pages_is_believed_once(
    gitlab: Faulty, directory: GitLabDirectory
) -> None:
    gitlab.respond = lambda asked: answer(PERSON if asked.path.endswith("/user") else projects(5))
    assert len(numbers(directory, scope="shared")) == 5


def broken_second_page(gitlab: Faulty, steps: list[Step]) -> None:
    whole = Pages(gitlab.url, projects(130), "offset", 100)

    def respond(asked: Asked) -> Step | None:
        if "page=2" in asked.path.replace("per_page=", "") and steps:
            return steps.pop(0)
        return whole(asked)

    gitlab.respond = respond


@pytest.mark.parametrize("status", (429, 502, 503, 504))
def test_a_passing_failure_in_the_middle_of_a_list_is_waited_for(
    gitlab: Faulty, directory: GitLabDirectory, clock: CountingClock, status: int
) -> None:
    broken_second_page(gitlab, [answer({"message": "later"}, status, Retry_After="2")])
    assert len(numbers(directory, scope="shared", per_page=100)) == 100
    assert clock.slept == [2.0]


@pytest.mark.parametrize(
    "step",
    (
        answer({"message": "500 Internal Server Error"}, 500),
        answer({"message": "later"}, 429, Retry_After="3600"),
        Step(200, b'[{"id": 1', {"Content-Type": "application/json"}),
        answer({"message": "404 Not Found"}, 200),
    ),
    ids=("500", "429", "torn", "other"),
)
def test_a_list_that_breaks_off_is_never_shown_as_whole(
    gitlab: Faulty, directory: GitLabDirectory, step: Step
) -> None:
    broken_second_page(gitlab, [step])
    with pytest.raises(Unavailable):
        numbers(directory, scope="shared")
