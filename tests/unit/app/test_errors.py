from __future__ import annotations

from http import HTTPStatus

import pytest

from app.errors import STATUS, status_of
from core import errors


def every_error() -> list[type[errors.LabsetError]]:
    return [
        one
        for one in vars(errors).values()
        if isinstance(one, type) and issubclass(one, errors.LabsetError)
    ]


@pytest.mark.parametrize(
    ("error", "status"),
    (
        (errors.Invalid("x"), 400),
        (errors.Unauthenticated("x"), 401),
        (errors.Forbidden("x"), 403),
        (errors.SiteForbidden("x"), 403),
        (errors.NotFound("x"), 404),
        (errors.Conflict("x"), 409),
        (errors.DataMissing("x"), 409),
        (errors.Gone("x"), 410),
        (errors.TooLarge("x"), 413),
        (errors.RangeUnsatisfiable(3), 416),
        (errors.Incomplete("x"), 422),
        (errors.Damaged("x"), 502),
        (errors.Unavailable("x"), 503),
    ),
)
def test_every_error_has_its_status(error: errors.LabsetError, status: int) -> None:
    assert status_of(error) == status


@pytest.mark.parametrize(
    ("why", "sentence"),
    (
        ("needs Developer on it", "Needs Developer on it. Ask carol."),
        ("GitLab says no", "GitLab says no. Ask carol."),
        ("minio.lan is not listed", "minio.lan is not listed. Ask carol."),
    ),
)
def test_a_refusal_is_a_sentence_and_its_reason_stays_as_it_is(why: str, sentence: str) -> None:
    refused = errors.Forbidden(why, ask=["carol"])
    assert refused.message == sentence
    assert refused.details["why"] == why


def test_no_error_but_the_root_is_an_accident() -> None:
    for kind in every_error():
        nearest = next(one for one in kind.__mro__ if one in STATUS)
        is_root = kind is errors.LabsetError
        assert (STATUS[nearest] is HTTPStatus.INTERNAL_SERVER_ERROR) == is_root
