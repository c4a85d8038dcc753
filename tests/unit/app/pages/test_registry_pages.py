"""Pages of the registry as a browser without scripts asks for them, over records in memory."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from flask import Flask

from app.pages.assets.listing import NAMED_UNASKED
from app.shell import ASSETS, EXTENSION
from core.model.assets import AssetVisibility
from core.model.registry import HealthCheck, RegistryEntry
from core.ports import AssetPlatform, AssetRules
from tests.fakes.clock import FakeClock
from tests.fakes.others import FakeOthers
from tests.fakes.people import FakePeople, some_person
from tests.fakes.registry import FakeRegistry

ALICE = {"Authorization": "Bearer alice"}
NOW = datetime(2026, 5, 1, tzinfo=UTC)
ENTRY = RegistryEntry(
    "id-1",
    "Models",
    "https://a.test",
    7,
    "alice",
    NOW,
    NOW,
    {"a": 1},
    ("a, b", "c"),
    HealthCheck(NOW, 0.1),
)
_HIDDEN = re.compile(
    r'name="(?P<name>seen|tags|name|url)"[^>]*?value="(?P<value>[^"]*)"', re.DOTALL
)


@pytest.fixture
def registry(app: Flask) -> FakeRegistry:
    """The records behind the pages of `app`, which hold one entry of alice's."""
    clock, registry = FakeClock(), FakeRegistry()
    absent = cast("Any", None)
    registry.create_entry(ENTRY)
    people = FakePeople(some_person(7, "alice"))
    app.extensions[EXTENSION].platform.directory.read_person = people.find_person
    app.extensions[ASSETS] = AssetPlatform(
        people=people,
        places=absent,
        assets=absent,
        registry=registry,
        objects=absent,
        others=FakeOthers(clock),
        recognize=absent,
        clock=clock,
        rules=AssetRules("db", "https://labset.test", False, AssetVisibility.PUBLIC),  # noqa: FBT003 - is_open
    )
    return registry


def opened(app: Flask) -> dict[str, str]:
    """Return the fields of the form as they are shown to alice."""
    page = app.test_client().get("/registry/id-1/edit", headers=ALICE)
    assert page.status_code == 200
    return {one["name"]: one["value"] for one in _HIDDEN.finditer(page.text)}


def sent(app: Flask, fields: dict[str, str]) -> Any:  # noqa: ANN401 - werkzeug's answer
    return app.test_client().post("/registry/id-1/edit", data=fields, headers=ALICE)


def test_tags_that_nobody_touched_stay_be_there_commas_in_one(
    app: Flask, registry: FakeRegistry
) -> None:
    fields = opened(app)
    assert fields["tags"] == "a, b, c"
    assert sent(app, fields | {"name": "New"}).status_code == 303
    assert registry.entries["id-1"].name == "New"
    assert registry.entries["id-1"].tags == ("a, b", "c")
    assert sent(app, opened(app) | {"tags": "a, b"}).status_code == 303
    assert registry.entries["id-1"].tags == ("a", "b")


def test_a_change_that_somebody_else_was_faster_with_is_refused_and_stays_typed(
    app: Flask, registry: FakeRegistry
) -> None:
    fields = opened(app)
    faster = replace(ENTRY, name="Faster", updated_at=NOW.replace(microsecond=1))
    registry.replace_entry(faster, seen_at=NOW)
    refused = sent(app, fields | {"name": "Slower", "tags": "third"})
    assert refused.status_code == 409
    assert "Somebody changed it since this form was opened" in refused.text
    assert 'value="Slower"' in refused.text
    assert 'value="third"' in refused.text
    assert registry.entries["id-1"] == faster
    assert sent(app, opened(app) | {"name": "Slower"}).status_code == 303


def test_the_looks_are_drawn_as_high_and_broad_as_the_drawing_says(
    app: Flask, registry: FakeRegistry
) -> None:
    late = HealthCheck(NOW.replace(minute=1), 5.0, "late")
    registry.save_check("id-1", late, url=ENTRY.public_url)
    page = app.test_client().get("/registry/id-1", headers=ALICE).text
    assert 'viewBox="0 0 160 40"' in page
    assert '<rect class="well" x="0" y="0" width="6" height="40"' in page
    assert '<rect x="8" y="0" width="6" height="40" />' in page
    assert '<path d="M8 17l6 6m0-6l-6 6" />' in page


def test_a_look_at_its_health_in_between_is_no_change_of_somebody_else(
    app: Flask, registry: FakeRegistry
) -> None:
    fields = opened(app)
    registry.save_check("id-1", HealthCheck(NOW.replace(minute=1), 0.2), url=ENTRY.public_url)
    assert sent(app, fields | {"name": "New"}).status_code == 303


def test_a_search_of_others_names_who_was_left_out_and_counts_the_rest(
    app: Flask, registry: FakeRegistry
) -> None:
    for number in range(NAMED_UNASKED + 2):
        same = replace(ENTRY, id=f"same-{number}", public_url=f"https://a.test/{number}")
        registry.create_entry(same)
    page = app.test_client().get("/assets/third-party", headers=ALICE).text
    assert page.count("A search asks one database of each server") == NAMED_UNASKED
    assert "And 2 further databases of" in page
