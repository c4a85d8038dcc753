"""What pages of assets say of entries that lack something."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup

from app.pages.formats import FILTERS
from core.model.assets import AssetName
from core.model.names import DatasetId


@pytest.fixture(scope="module")
def macros() -> Any:  # noqa: ANN401 - a module of macros
    templates = Environment(loader=FileSystemLoader("templates"), autoescape=True)
    templates.filters.update(FILTERS)
    templates.globals["static_file"] = lambda name: name
    return templates.get_template("assets/bits.html").module


def plain(said: Markup) -> str:
    return " ".join(said.striptags().split())


@pytest.mark.parametrize(
    ("name", "said"),
    (
        ({}, "–"),
        ({"version": "", "tag": ""}, "–"),
        ({"version": "1.0"}, "1.0"),
        ({"tag": "initial"}, "initial"),
        (AssetName("Seam", "1.0", "initial"), "1.0-initial"),
    ),
)
def test_a_version_is_told_as_far_as_it_is_there(macros: Any, name: object, said: str) -> None:  # noqa: ANN401
    assert plain(macros.version_of(name)) == said


@pytest.mark.parametrize(
    ("names", "said"),
    (({DatasetId(3): "lab / VITVI"}, "file of lab / VITVI"), ({}, "file of dataset 3")),
)
def test_a_file_of_a_dataset_says_which_where_that_may_be_seen(
    macros: Any,  # noqa: ANN401
    names: dict[DatasetId, str],
    said: str,
) -> None:
    entry = SimpleNamespace(
        metadata={}, file=None, pinned=SimpleNamespace(dataset_id=DatasetId(3)), public_url=""
    )
    assert plain(macros.in_short(entry, names)) == said
