from __future__ import annotations

import logging
import os
from pathlib import Path

import pytest

from app.assets_alone.people import TokenPeople
from app.assets_alone.tokens import MAX_TOKENS_FILE_BYTES, TokenFile, read_tokens
from core.errors import Invalid, Unauthenticated, Unavailable
from core.model.access import ANONYMOUS, Actor, Secret

ALICE = "n3Q8-alice-token-of-the-tests"
BOB = "w7Yd-bob-token-of-the-tests"
ROOT = "k1Zs-root-token-of-the-tests"


def written(folder: Path, text: str, mode: int = 0o600) -> Path:
    path = folder / "tokens"
    path.write_text(text)
    path.chmod(mode)
    return path


def opened(path: Path, assets_db_id: str = "here") -> TokenFile:
    tokens = TokenFile(path, assets_db_id)
    tokens.check()
    return tokens


def test_everybody_is_known_by_his_token(tmp_path: Path) -> None:
    lines = f"# who may write\n\nalice {ALICE}\n  bob\t{BOB}\nroot {ROOT} admin\n"
    people = TokenPeople(opened(written(tmp_path, lines)))
    found = [people.find_person(Actor(Secret(token))) for token in (ALICE, BOB, ROOT)]
    assert [(one.username, one.is_admin) for one in found if one] == [
        ("alice", False),
        ("bob", False),
        ("root", True),
    ]
    assert len({one.id for one in found if one}) == 3


def test_nobody_is_nobody_and_a_wrong_token_is_refused_as_a_missing_file_of_tokens_is(
    tmp_path: Path,
) -> None:
    people = TokenPeople(opened(written(tmp_path, f"alice {ALICE}")))
    assert people.find_person(ANONYMOUS) is None
    for wrong in (ALICE[:-1], ALICE + "x", ALICE.upper(), "alice"):
        with pytest.raises(Unauthenticated):
            people.find_person(Actor(Secret(wrong)))
    with pytest.raises(Unauthenticated):
        TokenPeople(None).find_person(Actor(Secret(ALICE)))


def test_one_name_is_one_person_with_several_tokens_and_another_one_in_another_database(
    tmp_path: Path,
) -> None:
    path = written(tmp_path, f"alice {ALICE}\nalice {BOB}")
    here, there = opened(path), opened(path, "there")
    first, second = here.find_person(Secret(ALICE)), here.find_person(Secret(BOB))
    other = there.find_person(Secret(ALICE))
    assert first is not None
    assert second is not None
    assert other is not None
    assert first.id == second.id != other.id


def test_a_line_that_is_taken_out_counts_at_once(tmp_path: Path) -> None:
    tokens = opened(written(tmp_path, f"alice {ALICE}\nbob {BOB}"))
    assert tokens.find_person(Secret(BOB)) is not None
    written(tmp_path, f"alice {ALICE}")
    assert tokens.find_person(Secret(BOB)) is None
    assert tokens.find_person(Secret(ALICE)) is not None


@pytest.mark.parametrize("fault", ("gone", "wrong", "open to others"))
def test_while_the_file_cannot_be_read_nobody_is_known(
    tmp_path: Path, fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    path = written(tmp_path, f"alice {ALICE}")
    tokens = opened(path)
    if fault == "gone":
        path.unlink()
    elif fault == "wrong":
        path.write_text(f"alice {ALICE}\nbob")
    else:
        path.chmod(0o644)
    with pytest.raises(Unavailable), caplog.at_level(logging.ERROR):
        tokens.find_person(Secret(ALICE))
    assert str(path) in caplog.text
    assert ALICE not in caplog.text
    written(tmp_path, f"alice {ALICE}")
    assert tokens.find_person(Secret(ALICE)) is not None


@pytest.mark.parametrize(
    ("text", "told"),
    (
        ("", "has no token"),
        ("# nothing\n", "has no token"),
        ("alice", "line 1"),
        (f"alice {ALICE}\nbob {BOB} root", "line 2"),
        (f"alice {ALICE} admin x", "line 1"),
        ("alice short", "line 1"),
        (f"alice {'a' * 40}", "guessable"),
        ("alice müller-müller-müller-müller", "ASCII"),
        (f"alice {ALICE}\nbob {ALICE}", "line 2"),
        (f"{'x' * 65} {ALICE}", "line 1"),
    ),
)
def test_a_wrong_file_is_refused_by_its_line_and_never_tells_the_token(
    tmp_path: Path, text: str, told: str
) -> None:
    with pytest.raises(Invalid, match=told) as refused:
        read_tokens(written(tmp_path, text), "here")
    assert ALICE not in refused.value.message


@pytest.mark.parametrize("mode", (0o640, 0o604, 0o644, 0o660))
def test_a_file_that_others_may_read_is_refused_with_the_command_that_mends_it(
    tmp_path: Path, mode: int
) -> None:
    with pytest.raises(Invalid, match="chmod 600"):
        read_tokens(written(tmp_path, f"alice {ALICE}", mode), "here")


def test_what_is_no_file_of_tokens_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="No such file"):
        read_tokens(tmp_path / "absent", "here")
    with pytest.raises(Invalid, match="directory"):
        read_tokens(tmp_path, "here")
    with pytest.raises(Invalid, match="larger"):
        read_tokens(written(tmp_path, "#" * (MAX_TOKENS_FILE_BYTES + 1)), "here")
    place = written(tmp_path, "")
    os.truncate(place, 0)
    place.write_bytes(b"alice \xff\xfe")
    with pytest.raises(Invalid, match="UTF-8"):
        read_tokens(place, "here")
