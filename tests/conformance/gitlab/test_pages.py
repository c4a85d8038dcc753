"""Pages of lists, by number and by key."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.conformance.gitlab.place import Person, Place, ids

NUMBERS = ("X-Page", "X-Per-Page", "X-Total", "X-Total-Pages", "X-Next-Page", "X-Prev-Page")


@dataclass(frozen=True)
class Shelf:
    """Somebody with seven projects."""

    person: Person
    numbers: list[int]

    def page(self, **query: object) -> httpx.Response:
        return self.person.get("/projects", membership=True, per_page=3, **query)


@pytest.fixture(scope="module")
def shelf(place: Place) -> Shelf:
    person = place.person()
    return Shelf(person, ids([place.project(person) for _ in range(7)]))


@pytest.mark.parametrize(
    ("page", "after", "before"), ((1, "2", ""), (2, "3", "1"), (3, "", "2")), ids=str
)
def test_page_1_page_7_numbers_stand_in_headers_empty_at_the_ends(
    shelf: Shelf, page: int, after: str, before: str
) -> None:
    wanted = [str(page), "3", "7", "3", after, before]
    answer = shelf.page(page=page)
    assert [answer.headers[name] for name in NUMBERS] == wanted
    query = {"membership": True, "per_page": 3, "page": page}
    head = shelf.person.head("/projects", **query)
    assert [head.headers[name] for name in NUMBERS] == wanted
    assert head.content == b""


def test_page_2_links_keep_the_filters(shelf: Shelf) -> None:
    links = shelf.page(page=2, order_by="id").links
    numbers = {"first": "1", "prev": "1", "next": "3", "last": "3"}
    assert set(links) == set(numbers)
    for relation, number in numbers.items():
        query = parse_qs(urlsplit(links[relation]["url"]).query)
        assert query["page"] == [number]
        assert (query["membership"], query["per_page"], query["order_by"]) == (
            ["true"],
            ["3"],
            ["id"],
        )
    assert "prev" not in shelf.page(page=1).links
    assert "next" not in shelf.page(page=3).links


def test_page_3_page_5_pages_do_not_overlap_and_end_empty(shelf: Shelf) -> None:
    pages = [ids(shelf.page(page=number).json()) for number in (1, 2, 3, 4)]
    assert [len(page) for page in pages] == [3, 3, 1, 0]
    assert sorted(number for page in pages for number in page) == shelf.numbers


def test_page_4_twenty_by_default_a_hundred_at_most(place: Place, shelf: Shelf) -> None:
    assert shelf.person.get("/users").headers["X-Per-Page"] == "20"
    answer = place.root.get("/users", per_page=1000)
    assert (answer.status_code, answer.headers["X-Per-Page"]) == (200, "100")


def test_page_6_keys_are_followed_by_their_link(shelf: Shelf) -> None:
    person = shelf.person
    answer = shelf.page(pagination="keyset", order_by="id", sort="asc")
    seen: list[int] = []
    while True:
        assert not {"X-Total", "X-Total-Pages", "X-Page"} & set(answer.headers)
        assert set(answer.links) <= {"next"}
        seen += ids(answer.json())
        if "next" not in answer.links:
            break
        answer = person.client.get(answer.links["next"]["url"], headers=person.headers)
    assert seen == shelf.numbers
    listed = person.library.projects.list(
        membership=True, iterator=True, pagination="keyset", order_by="id", sort="asc", per_page=2
    )
    assert [one.id for one in listed] == shelf.numbers
