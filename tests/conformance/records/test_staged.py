from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from core.model.names import FilePath
from core.model.parts import Staging
from core.model.uploads import UploadSession
from ledger.engine import Ledger
from tests.conformance.records.samples import (
    LATER,
    NOW,
    SOON,
    at_once,
    kept_session,
    some_files,
    some_session,
)

PATH, OTHER = FilePath("a/picture.jpg"), FilePath("b.jpg")
PLACE = Staging("prefix/staging/one", "multipart-7")


def session_with_place(ledger: Ledger) -> UploadSession:
    session = kept_session(ledger)
    ledger.staged.record_staged(session.id, PATH, PLACE)
    return session


def test_of_several_who_make_room_for_a_file_one_is_believed(ledger: Ledger) -> None:
    session = kept_session(ledger)
    chosen = at_once(
        8,
        lambda number: ledger.staged.record_staged(
            session.id, PATH, Staging(f"prefix/staging/{number}", None)
        ),
    )
    assert len(set(chosen)) == 1
    assert [one.staging for one in ledger.staged.list_staged(session.id)] == chosen[:1]


def test_files_are_listed_by_path_of_their_session_alone(ledger: Ledger) -> None:
    session = session_with_place(ledger)
    session_with_place(ledger)
    ledger.staged.record_staged(session.id, OTHER, Staging("prefix/staging/two", None))
    assert [one.path for one in ledger.staged.list_staged(session.id)] == [PATH, OTHER]
    assert [one.path for one in ledger.staged.list_staged(session.id, [OTHER])] == [OTHER]
    many = [FilePath(f"{number}.jpg") for number in range(60)]
    assert [one.path for one in ledger.staged.list_staged(session.id, [*many, PATH])] == [PATH]
    ledger.staged.forget_staged(session.id, PATH)
    ledger.staged.forget_staged(session.id, PATH)
    assert [one.path for one in ledger.staged.list_staged(session.id)] == [OTHER]


def test_one_process_proves_a_file_until_its_lease_runs_out(ledger: Ledger) -> None:
    session = session_with_place(ledger)
    won = at_once(
        6, lambda _: ledger.staged.begin_proving(session.id, PATH, NOW, NOW + timedelta(seconds=30))
    )
    assert sorted(won) == [False] * 5 + [True]
    ledger.staged.keep_proving(session.id, PATH, SOON + timedelta(seconds=30))
    assert ledger.staged.list_staged(session.id)[0].is_being_proven(SOON)
    assert not ledger.staged.begin_proving(session.id, PATH, SOON, LATER)
    assert ledger.staged.begin_proving(session.id, PATH, LATER, LATER + timedelta(seconds=30))
    ledger.staged.end_proving(session.id, PATH)
    assert not ledger.staged.list_staged(session.id)[0].is_being_proven(LATER)
    ledger.staged.keep_proving(session.id, PATH, LATER)
    assert ledger.staged.list_staged(session.id)[0].proving_until is None


def test_refused_bytes_are_told_until_the_file_begins_anew(ledger: Ledger) -> None:
    session = session_with_place(ledger)
    ledger.staged.begin_proving(session.id, PATH, NOW, SOON)
    ledger.staged.end_proving(session.id, PATH, ("wrong_checksum", "other bytes"))
    told = ledger.staged.list_staged(session.id)[0]
    assert (told.problem_code, told.problem, told.proving_until) == (
        "wrong_checksum",
        "other bytes",
        None,
    )
    assert not ledger.staged.begin_proving(session.id, PATH, NOW, SOON)
    anew = Staging("prefix/staging/anew", "multipart-8")
    assert ledger.staged.record_staged(session.id, PATH, anew) == anew
    assert ledger.staged.list_staged(session.id)[0].problem is None


def test_a_session_remembers_whether_it_wants_links_to_parts(ledger: Ledger) -> None:
    session = replace(some_session(), multipart=True)
    ledger.uploads.create_upload(session, some_files())
    assert ledger.uploads.find_upload(session.dataset_id, session.id) == session
