from __future__ import annotations

import pytest

from labset.errors import (
    Conflict,
    Damaged,
    LabsetError,
    Misused,
    NotAllowed,
    NotFound,
    Unreachable,
    error_of,
)


@pytest.mark.parametrize(
    ("status", "code", "kind", "exit_code"),
    (
        (400, "invalid", Misused, 2),
        (401, "unauthenticated", NotAllowed, 3),
        (403, "site_access", NotAllowed, 3),
        (404, "ref_not_found", NotFound, 4),
        (410, "gone", NotFound, 4),
        (409, "conflict", Conflict, 5),
        (422, "incomplete", Conflict, 5),
        (409, "data_missing", Damaged, 6),
        (400, "wrong_checksum", Damaged, 6),
        (502, "damaged", Damaged, 6),
        (503, "unavailable", Unreachable, 1),
        (500, "internal", LabsetError, 1),
        (418, "teapot", LabsetError, 1),
    ),
)
def test_an_answer_becomes_the_error_whose_exit_code_the_contract_names(
    status: int, code: str, kind: type[LabsetError], exit_code: int
) -> None:
    error = error_of(status, code, "words", {"why": "so"})
    assert type(error) is kind
    assert (error.exit_code, error.code, error.details) == (exit_code, code, {"why": "so"})


def test_an_error_of_our_own_has_the_code_of_its_class() -> None:
    assert Damaged("words").code == "damaged"
    assert str(Damaged("words")) == "words"
