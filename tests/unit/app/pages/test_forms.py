from __future__ import annotations

from http import HTTPStatus

import pytest

from app.pages.forms import fresh_form
from core.errors import Conflict, Forbidden, Invalid, Unauthenticated
from core.model.access import Visibility
from core.model.dataset import check_name, check_tags


def test_a_fresh_form_is_not_refused() -> None:
    form = fresh_form(name="")
    assert not form.is_refused
    assert form.status is HTTPStatus.OK


def test_every_problem_is_kept_beside_its_field_and_what_was_typed_stays() -> None:
    form = fresh_form(name="-x", tags="labset-dataset, weld", visibility="secret")
    form.check(check_name, form.value("name"))
    form.check(check_tags, form.tags())
    assert form.one_of("visibility", Visibility, Visibility.PRIVATE) is Visibility.PRIVATE
    assert set(form.problems) == {"name", "tags", "visibility"}
    assert form.value("name") == "-x"
    assert form.status is HTTPStatus.BAD_REQUEST


def test_an_error_about_a_field_of_the_form_stands_there_and_any_other_above_it() -> None:
    form = fresh_form(name="VITVI")
    form.refuse(Conflict("VITVI is taken.", details={"field": "name"}))
    assert form.problems == {"name": "VITVI is taken."}
    form.refuse(Forbidden("needs Maintainer", ask=["carol"]))
    assert form.message == "Needs Maintainer. Ask carol."
    assert form.status is HTTPStatus.FORBIDDEN


def test_the_first_problem_of_a_field_is_the_one_that_is_told() -> None:
    form = fresh_form(name="")
    form.refuse(Invalid("first", details={"field": "name"}))
    form.refuse(Invalid("second", details={"field": "name"}))
    assert form.problems == {"name": "first"}


def test_signing_in_is_not_a_problem_of_a_field() -> None:
    with pytest.raises(Unauthenticated):
        fresh_form().refuse(Unauthenticated("Sign in."))


def test_tags_are_cut_at_commas_each_once() -> None:
    assert fresh_form(tags=" weld,, 2026 ,weld").tags() == ("weld", "2026")
