from __future__ import annotations

import pytest

from app.pages.assets.forms import fresh_asset_form
from app.pages.assets.metadata_fields import MetadataFields
from core.errors import Conflict, Forbidden, Invalid, LabsetError, Unauthenticated


def test_a_form_says_what_the_api_is_sent() -> None:
    metadata = MetadataFields((("iso", "100"),))
    form = fresh_asset_form(metadata, name=" a ", version="1", tag="x", tags="b, b, c", url="u")
    assert form.body("asset_name", "asset_version", "asset_tags", "asset_metadata") == {
        "asset_name": "a",
        "asset_version": {"version": "1", "tag": "x"},
        "asset_tags": ["b", "c"],
        "asset_metadata": {"iso": 100},
    }
    assert form.body("asset_registry_public_url") == {"asset_registry_public_url": "u"}


@pytest.mark.parametrize(
    ("error", "field"),
    (
        (Invalid("no", details={"field": "asset_version"}), "version"),
        (Invalid("no", details={"field": "asset_registry_public_url"}), "url"),
        (Invalid("no", details={"field": "asset"}), "file"),
        (Conflict("taken", code="asset_exists"), "version"),
        (Forbidden("10.0.0.1 is private", code="address_not_allowed"), "url"),
    ),
)
def test_what_the_api_refuses_stands_beside_the_field_of_the_form(
    error: LabsetError, field: str
) -> None:
    form = fresh_asset_form(name="a")
    form.refuse(error)
    assert form.problems == {field: error.message}
    assert form.message == ""


def test_what_names_no_field_stands_above_the_form_and_signing_in_is_no_problem_of_it() -> None:
    form = fresh_asset_form(name="a")
    form.refuse(Forbidden("needs Developer", ask=["carol"]))
    assert form.message == "Needs Developer. Ask carol."
    with pytest.raises(Unauthenticated):
        form.refuse(Unauthenticated("Sign in."))


def test_metadata_that_cannot_be_read_is_told_once() -> None:
    form = fresh_asset_form(MetadataFields((("", "x"),)), name="a")
    assert form.body("asset_metadata") == {"asset_metadata": {}}
    assert form.body("asset_metadata") == {"asset_metadata": {}}
    assert list(form.problems) == ["metadata"]
