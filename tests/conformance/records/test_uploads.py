from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from core.errors import Conflict, Invalid, NotFound
from core.model.names import DatasetId, FilePath, Md5, Revision, UploadId
from core.model.uploads import UploadFile, UploadSession, UploadState
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

REVISION = Revision("c" * 40)


def state_of(ledger: Ledger, session: UploadSession) -> UploadState:
    found = ledger.uploads.find_upload(session.dataset_id, session.id)
    assert found is not None
    return found.state


def test_a_session_comes_back_as_it_was_kept(ledger: Ledger) -> None:
    session = replace(some_session(), base=REVISION)
    ledger.uploads.create_upload(session, some_files())
    found = ledger.uploads.find_upload(session.dataset_id, session.id)
    assert found == session
    assert found.token is not None
    assert found.token.reveal() == "glpat-upload"


def test_a_session_is_found_in_its_own_dataset_only(ledger: Ledger) -> None:
    session = kept_session(ledger)
    other = DatasetId(session.dataset_id.number + 1_000_000)
    assert ledger.uploads.find_upload(other, session.id) is None
    assert ledger.uploads.find_upload(session.dataset_id, UploadId("0" * 32)) is None


def test_the_same_session_twice_is_a_conflict(ledger: Ledger) -> None:
    session = kept_session(ledger)
    with pytest.raises(Conflict):
        ledger.uploads.create_upload(session, [])


def test_a_session_whose_files_clash_is_not_kept_at_all(ledger: Ledger) -> None:
    session = some_session()
    twice = some_files()[:1] * 2
    with pytest.raises(Conflict):
        ledger.uploads.create_upload(session, twice)
    assert ledger.uploads.find_upload(session.dataset_id, session.id) is None


def test_files_are_listed_by_path_whatever_the_database_thinks_of_letters(ledger: Ledger) -> None:
    names = ("Z.jpg", "a b.jpg", "a/x.jpg", "aß.jpg", "b.jpg", "é.jpg", "🜁.jpg")
    files = [UploadFile(FilePath(name), 1, Md5("1" * 32)) for name in reversed(names)]
    session = kept_session(ledger, files)
    listed = [file.path.text for file in ledger.uploads.list_upload_files(session.id)]
    assert listed == sorted(names)


def test_a_file_is_found_without_its_text_and_listed_with_it(ledger: Ledger) -> None:
    session = kept_session(ledger)
    text = replace(some_files()[1], received=True, text=b"<xml>\x00\xff</xml>")
    ledger.uploads.mark_received(session.id, [text])
    assert ledger.uploads.find_upload_file(session.id, text.path) == replace(text, text=None)
    assert text in ledger.uploads.list_upload_files(session.id)
    assert ledger.uploads.find_upload_file(session.id, FilePath("absent")) is None


def test_what_is_received_first_moves_the_session_to_receiving(ledger: Ledger) -> None:
    session = kept_session(ledger)
    ledger.uploads.mark_received(session.id, some_files()[:2])
    assert state_of(ledger, session) is UploadState.RECEIVING
    received = [file.received for file in ledger.uploads.list_upload_files(session.id)]
    assert received == [True, True, False]


@pytest.mark.parametrize("state", (UploadState.COMMITTED, UploadState.FAILED, UploadState.UNKNOWN))
def test_a_session_that_has_ended_takes_no_more_files(ledger: Ledger, state: UploadState) -> None:
    session = kept_session(ledger)
    ledger.uploads.end_upload(session.id, state)
    with pytest.raises(Conflict) as refused:
        ledger.uploads.mark_received(session.id, some_files()[:1])
    assert refused.value.code == "upload_closed"
    file = ledger.uploads.find_upload_file(session.id, some_files()[0].path)
    assert file is not None
    assert not file.received


def test_a_file_that_was_not_announced_is_refused_and_nothing_is_noted(ledger: Ledger) -> None:
    session = kept_session(ledger)
    stranger = replace(some_files()[0], path=FilePath("stranger"))
    with pytest.raises(NotFound):
        ledger.uploads.mark_received(session.id, [some_files()[0], stranger])
    assert state_of(ledger, session) is UploadState.OPEN
    assert not any(file.received for file in ledger.uploads.list_upload_files(session.id))
    with pytest.raises(NotFound):
        ledger.uploads.mark_received(UploadId("0" * 32), some_files())


def test_many_threads_mark_their_files_and_none_is_forgotten(ledger: Ledger) -> None:
    files = [UploadFile(FilePath(f"f{n}"), n, Md5(f"{n:032x}")) for n in range(200)]
    session = kept_session(ledger, files)

    def mark(number: int) -> None:
        for file in files[number::20]:
            ledger.uploads.mark_received(session.id, [file])

    at_once(20, mark)
    assert all(file.received for file in ledger.uploads.list_upload_files(session.id))


def test_one_bad_mark_among_many_at_once_spoils_no_other(ledger: Ledger) -> None:
    files = [UploadFile(FilePath(f"f{n}"), n, Md5(f"{n:032x}")) for n in range(40)]
    session, ended = kept_session(ledger, files), kept_session(ledger, files)
    ledger.uploads.end_upload(ended.id, UploadState.FAILED)

    def mark(number: int) -> bool:
        chosen = ended if number % 4 == 0 else session
        try:
            ledger.uploads.mark_received(chosen.id, [files[number]])
        except Conflict:
            return False
        return True

    kept = at_once(40, mark)
    assert kept == [number % 4 != 0 for number in range(40)]
    received = {file.path for file in ledger.uploads.list_upload_files(session.id) if file.received}
    assert received == {files[number].path for number in range(40) if number % 4}


def test_of_fifty_who_begin_the_commit_one_holds_it(ledger: Ledger) -> None:
    session = kept_session(ledger)
    claims = at_once(50, lambda _: ledger.uploads.begin_commit(session.id, NOW, SOON))
    won = [claim for claim in claims if claim is not None]
    assert len(won) == 1
    assert won[0] == replace(session, state=UploadState.COMMITTING, lease_until=SOON)


def test_a_commit_is_taken_over_when_its_lease_is_dead_or_dropped(ledger: Ledger) -> None:
    session = kept_session(ledger)
    assert ledger.uploads.begin_commit(session.id, NOW, SOON)
    assert ledger.uploads.begin_commit(session.id, SOON - timedelta(microseconds=1), LATER) is None
    assert ledger.uploads.begin_commit(session.id, SOON, LATER)
    ledger.uploads.release_commit(session.id)
    assert ledger.uploads.begin_commit(session.id, NOW, LATER)


def test_nobody_begins_to_commit_what_has_ended(ledger: Ledger) -> None:
    session = kept_session(ledger)
    ledger.uploads.end_upload(session.id, UploadState.COMMITTED, revision=REVISION)
    assert ledger.uploads.begin_commit(session.id, LATER, LATER) is None
    assert ledger.uploads.begin_commit(UploadId("0" * 32), LATER, LATER) is None


def test_no_file_slips_in_once_a_commit_began(ledger: Ledger) -> None:
    session = kept_session(ledger)
    ledger.uploads.begin_commit(session.id, NOW, SOON)
    with pytest.raises(Conflict):
        ledger.uploads.mark_received(session.id, some_files()[:1])


@pytest.mark.parametrize("state", (UploadState.COMMITTED, UploadState.FAILED))
def test_an_ended_session_keeps_neither_token_nor_texts(ledger: Ledger, state: UploadState) -> None:
    session = kept_session(ledger)
    ledger.uploads.mark_received(session.id, [replace(some_files()[1], text=b"text")])
    ledger.uploads.begin_commit(session.id, NOW, SOON)
    revision = REVISION if state is UploadState.COMMITTED else None
    ledger.uploads.end_upload(session.id, state, revision=revision, reason="so it went")
    found = ledger.uploads.find_upload(session.dataset_id, session.id)
    ended = replace(session, state=state, token=None, reason="so it went", revision=revision)
    assert found == ended
    assert {file.text for file in ledger.uploads.list_upload_files(session.id)} == {None}


def test_an_unknown_session_keeps_what_its_owner_needs_and_can_begin_again(ledger: Ledger) -> None:
    session = kept_session(ledger)
    text = replace(some_files()[1], received=True, text=b"text")
    ledger.uploads.mark_received(session.id, [text])
    ledger.uploads.begin_commit(session.id, NOW, SOON)
    ledger.uploads.end_upload(session.id, UploadState.UNKNOWN, reason="the token is dead")
    found = ledger.uploads.find_upload(session.dataset_id, session.id)
    assert found is not None
    assert (found.state, found.token) == (UploadState.UNKNOWN, session.token)
    assert text in ledger.uploads.list_upload_files(session.id)
    assert ledger.uploads.begin_commit(session.id, LATER, LATER)


def test_a_session_can_be_opened_again_after_a_commit_that_did_not_begin(ledger: Ledger) -> None:
    session = kept_session(ledger)
    ledger.uploads.begin_commit(session.id, NOW, SOON)
    ledger.uploads.end_upload(session.id, UploadState.RECEIVING)
    ledger.uploads.mark_received(session.id, some_files()[:1])
    assert state_of(ledger, session) is UploadState.RECEIVING


def test_an_outcome_is_final_and_may_be_said_twice(ledger: Ledger) -> None:
    session = kept_session(ledger)
    for _ in range(2):
        ledger.uploads.end_upload(session.id, UploadState.COMMITTED, revision=REVISION)
    for state, revision in ((UploadState.FAILED, None), (UploadState.COMMITTED, None)):
        with pytest.raises(Conflict) as refused:
            ledger.uploads.end_upload(session.id, state, revision=revision)
        assert refused.value.code == "upload_ended"
    assert state_of(ledger, session) is UploadState.COMMITTED


def test_what_is_no_outcome_is_refused(ledger: Ledger) -> None:
    session = kept_session(ledger)
    with pytest.raises(Invalid):
        ledger.uploads.end_upload(session.id, UploadState.OPEN)
    with pytest.raises(NotFound):
        ledger.uploads.end_upload(UploadId("0" * 32), UploadState.FAILED)


def test_a_reason_that_no_database_can_store_does_not_hinder_the_outcome(ledger: Ledger) -> None:
    session = kept_session(ledger)
    ledger.uploads.end_upload(session.id, UploadState.FAILED, reason="bad \x00 \ud800 bytes")
    found = ledger.uploads.find_upload(session.dataset_id, session.id)
    assert found is not None
    assert found.reason == "bad ? ? bytes"


def test_stale_are_dead_commits_and_expired_sessions(ledger: Ledger) -> None:
    waiting, dead, dropped, ended = (kept_session(ledger) for _ in range(4))
    for session in (dead, dropped, ended):
        ledger.uploads.begin_commit(session.id, NOW, SOON)
    ledger.uploads.release_commit(dropped.id)
    ledger.uploads.end_upload(ended.id, UploadState.FAILED)

    def stale(moment: timedelta) -> set[UploadId]:
        return {upload_id for _, upload_id in ledger.uploads.list_stale_uploads(NOW + moment)}

    assert stale(timedelta(seconds=29)) == {dropped.id}
    assert stale(timedelta(seconds=30)) == {dropped.id, dead.id}
    assert stale(timedelta(hours=24)) == {dropped.id, dead.id, waiting.id}
