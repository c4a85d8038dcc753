"""The pages of assets over a real ledger, as programs ask for them."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest
from flask.testing import FlaskClient

from app.factory import create_app
from app.settings import read_settings
from app.shell import Services
from core.errors import Unavailable
from core.usecases.assets.finding import find_asset
from tests.integration.assets.world import OWNER, House, named

HEADERS = {"PRIVATE-TOKEN": "owner"}
FORM = {"source": "file", "name": "Lamp", "version": "1.0", "tag": "initial"}


def browse(house: House) -> FlaskClient:
    """Return a client of an application over these assets, without a GitLab behind it."""
    told = {"LABSET_SECRET_KEY": "bYw3vQ7pZrT1xLk9sNf5uHd2gJc8mAe4"}
    told |= {"LABSET_GITLAB_URL": "http://gitlab.test", "LABSET_BASE_URL": "http://localhost"}
    directory = SimpleNamespace(
        check_answers=None,
        read_person=house.people.find_person,
        list_sites=lambda *_: (),
    )
    no = cast(
        "Any", SimpleNamespace(clock=house.clock, directory=directory, sites=house.ledger.sites)
    )
    services = Services(no, house.platform, no, no, lambda: 0.0, lambda _: None, lambda _: 0)
    return create_app(read_settings(told), services).test_client()


def test_a_uri_that_another_database_has_is_free_here(house: House) -> None:
    other = house.with_rules(assets_db_id="other")
    other.upload(named(), b"theirs")
    here = browse(house)
    free = here.post("/assets/new/check", data=FORM, headers=HEADERS)
    assert (free.status_code, free.get_json()["problems"]) == (200, {})
    house.upload(named(), b"ours")
    taken = here.post("/assets/new/check", data=FORM, headers=HEADERS)
    assert "is there already" in taken.get_json()["problems"]["version"]


class Busy:
    """Records without time for some questions."""

    def __init__(self, records: object, code: str, *questions: str) -> None:
        self._records = records
        self._code = code
        self._questions = questions

    def __getattr__(self, name: str) -> object:
        if name in self._questions:
            raise Unavailable("Too many ask.", code=self._code)
        return getattr(self._records, name)


def without_time(house: House, *questions: str, code: str = "busy") -> House:
    assets: Any = Busy(house.platform.assets, code, *questions)
    registry: Any = Busy(house.platform.registry, code, *questions)
    platform = replace(house.platform, assets=assets, registry=registry)
    return replace(house, platform=platform)


@pytest.mark.parametrize(
    ("address", "status", "words"),
    (
        ("/assets?filter=%7B", 400, "a name in double quotes"),
        ("/assets?sort=a,b,c,d,e,f,g,h,i,j,k,l", 400, "sort takes at most"),
        ("/assets?cursor=wrong", 400, "cursor belongs to another order"),
        ("/assets/third-party?filter=%7B", 400, "a name in double quotes"),
        ("/registry?cursor=wrong", 400, "cursor belongs to another order"),
    ),
)
def test_a_wrong_question_is_400_as_a_page_and_200_as_a_part_of_one(
    house: House, address: str, status: int, words: str
) -> None:
    client = browse(house)
    page = client.get(address)
    assert (page.status_code, words in page.text) == (status, True)
    part = client.get(address, headers={"HX-Request": "true"})
    assert (part.status_code, words in part.text) == (200, True)


@pytest.mark.parametrize("code", ("busy", "query_too_wide"))
def test_a_database_that_has_no_time_is_503_on_its_page(house: House, code: str) -> None:
    client = browse(without_time(house, "query_assets", "query_entries", code=code))
    for address in ("/assets", "/assets/third-party", "/registry"):
        page = client.get(address)
        assert (page.status_code, "Too many ask." in page.text) == (503, True), address
        assert "not understood" not in page.text
    page = client.get("/assets?sort=0")
    assert (page.status_code, "not understood" in page.text) == (400, True)


def test_a_database_that_has_no_time_for_tags_shows_its_assets_without(house: House) -> None:
    house.upload(named(asset_tags=["weld"]))
    page = browse(without_time(house, "list_asset_tags")).get("/assets")
    assert (page.status_code, "Lamp" in page.text) == (200, True)


def test_another_version_keeps_tags_with_commas_unless_they_are_changed(house: House) -> None:
    former = house.upload(named(asset_tags=["Graz, line 3", "weld"]))
    here = browse(house)
    page = here.get(f"/assets/new?of={former.id}", headers=HEADERS).text
    assert f'name="of" value="{former.id}"' in page
    assert 'value="Graz, line 3, weld"' in page
    form = {**FORM, "source": "address", "version": "2.0", "of": former.id}
    for version, tags, kept in (
        ("2.0", "Graz, line 3, weld", ("Graz, line 3", "weld")),
        ("3.0", "weld, new", ("weld", "new")),
    ):
        form |= {"version": version, "tags": tags}
        told = here.post("/assets/new/check", data=form, headers=HEADERS).get_json()
        assert told["asset_metadata"]["asset_tags"] == list(kept)
        assert here.post("/assets/new", data=form, headers=HEADERS).status_code == 303
        assert find_asset(house.platform, OWNER, f"Lamp:{version}-initial").tags == kept


def test_ones_own_assets_are_those_of_the_person_not_of_the_name(house: House) -> None:
    house.upload(named("Before"))
    other = house.with_rules(assets_db_id="other")
    other.upload(named("Namesakes"))
    house.people.people["owner"] = replace(house.people.people["owner"], username="renamed")
    house.people.people["stranger"] = replace(house.people.people["stranger"], username="owner")
    mine = browse(house).get("/assets?scope=mine", headers=HEADERS)
    assert (mine.status_code, "Before" in mine.text, "Namesakes" in mine.text) == (200, True, False)
    assert "mine=1" in mine.text
    strangers = browse(house).get("/assets?scope=mine", headers={"PRIVATE-TOKEN": "stranger"})
    assert (strangers.status_code, "Before" in strangers.text) == (200, False)
    assert browse(house).get("/assets?scope=mine").status_code in {302, 401}
