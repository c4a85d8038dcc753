"""The pages of assets over a real ledger, as programs ask for them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from flask.testing import FlaskClient

from app.factory import create_app
from app.settings import read_settings
from app.shell import Services
from tests.integration.assets.world import House, named

HEADERS = {"PRIVATE-TOKEN": "owner"}
FORM = {"source": "file", "name": "Lamp", "version": "1.0", "tag": "initial"}


def browse(house: House) -> FlaskClient:
    """Return a client of an application over these assets, without a GitLab behind it."""
    told = {"LABSET_SECRET_KEY": "bYw3vQ7pZrT1xLk9sNf5uHd2gJc8mAe4"}
    told |= {"LABSET_GITLAB_URL": "http://gitlab.test", "LABSET_BASE_URL": "http://localhost"}
    directory = SimpleNamespace(check_answers=None, read_person=house.people.find_person)
    no = cast("Any", SimpleNamespace(clock=house.clock, directory=directory))
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
