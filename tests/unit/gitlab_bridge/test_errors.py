from __future__ import annotations

import inspect

import pytest
from gitlab import exceptions
from gitlab.exceptions import GitlabError, GitlabHttpError

from core.errors import (
    Conflict,
    Forbidden,
    Invalid,
    LabsetError,
    NotFound,
    TooLarge,
    Unauthenticated,
    Unavailable,
)
from gitlab_bridge.errors import problems_of, translate, translated

CLASSES = [
    found
    for _, found in inspect.getmembers(exceptions, inspect.isclass)
    if issubclass(found, GitlabError)
]
STATUSES = {
    None: Unavailable,
    301: Unavailable,
    400: Invalid,
    401: Unauthenticated,
    403: Forbidden,
    404: NotFound,
    405: Invalid,
    409: Conflict,
    412: Conflict,
    413: TooLarge,
    418: Invalid,
    422: Invalid,
    429: Unavailable,
    500: Unavailable,
    502: Unavailable,
    503: Unavailable,
    504: Unavailable,
    520: Unavailable,
}


def test_python_gitlab_has_its_many_classes() -> None:
    assert len(CLASSES) > 50


@pytest.mark.parametrize("status", tuple(STATUSES), ids=str)
def test_every_class_has_its_translation_at_every_status(status: int | None) -> None:
    for kind in CLASSES:
        error = translate(kind("some text", status), "the dataset 7")
        assert type(error) is STATUSES[status], kind
        assert error.message.endswith(".")


def test_validation_errors_name_our_fields() -> None:
    said = {
        "project_namespace.name": ["has already been taken"],
        "name": ["has already been taken"],
        "path": ["has already been taken"],
        "visibility_level": ["public is not allowed in a private group."],
        "limit_reached": [],
    }
    error = GitlabHttpError(said, 400)  # type: ignore[arg-type] # what python-gitlab really gives
    assert problems_of(error) == {
        "name": ["has already been taken"],
        "visibility": ["public is not allowed in a private group."],
    }
    refused = translate(error, "the dataset x")
    assert isinstance(refused, Invalid)
    assert refused.details["field"] == "name"


def test_a_single_sentence_is_passed_on_once() -> None:
    refused = translate(GitlabHttpError("name is missing", 400), "the dataset x")
    assert refused.message == "GitLab refuses this for the dataset x: name is missing."


def test_a_reason_of_403_is_the_why() -> None:
    refused = translate(
        GitlabHttpError("403 Forbidden - You are not allowed to push into this branch", 403), "x"
    )
    assert isinstance(refused, Forbidden)
    assert refused.why == "You are not allowed to push into this branch"


def test_a_403_without_reason_speaks_of_the_role() -> None:
    refused = translate(GitlabHttpError("403 Forbidden", 403), "the dataset 7")
    assert refused.message == "GitLab does not allow this on the dataset 7 with your role."


def test_a_narrow_scope_is_named() -> None:
    refused = translate(GitlabHttpError("insufficient_scope", 403), "x")
    assert refused.code == "insufficient_scope"
    assert "read_api" in refused.message


@pytest.mark.parametrize(
    "page", (b"<html><body>secret proxy</body></html>", "<!DOCTYPE html>", "x" * 10_000)
)
def test_pages_and_floods_are_not_passed_on(page: str | bytes) -> None:
    refused = translate(GitlabHttpError(page, 400), "the dataset 7")
    assert "<" not in refused.message
    assert len(refused.message) < 500


def test_nothing_that_gitlab_says_about_a_token_is_passed_on() -> None:
    refused = translate(GitlabHttpError("token glpat-canary is revoked", 401), "you")
    assert "canary" not in refused.message
    assert "canary" not in str(refused.details)


def test_other_exceptions_pass_through() -> None:
    with pytest.raises(KeyError), translated("x"):
        raise KeyError


def test_ours_pass_through_unchanged() -> None:
    ours: LabsetError = Unavailable("GitLab asks for a pause.", retry_after_seconds=7)
    with pytest.raises(Unavailable) as caught, translated("x"):
        raise ours
    assert caught.value is ours


@pytest.mark.parametrize(
    "said",
    (None, "", [], {}, {"name": None}, {"name": [None]}, {"name": {}}, b'{"x": 1}', "<html>"),
)
def test_a_refusal_without_words_is_still_a_sentence(said: object) -> None:
    for status in (400, 403, 409, 422):
        error = translate(GitlabHttpError(said, status), "the dataset 7")  # type: ignore[arg-type]
        for word in ("None", "{", "<", "[]"):
            assert word not in error.message
