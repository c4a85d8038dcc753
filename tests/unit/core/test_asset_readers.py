"""Whose files one may read, where those who know answer late or not at all."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from threading import Event

import pytest

from core.errors import Unauthenticated, Unavailable
from core.model.access import ANONYMOUS, Actor
from core.model.names import DatasetId
from core.usecases.assets.readers import HASTE_SECONDS, MAX_PATIENT_LISTS, PATIENCE_SECONDS, Readers
from tests.fakes.people import who

MODULE = "core.usecases.assets.readers"
LATE = 0.5  # what a busy machine may add
ODD, EVEN = DatasetId(1), DatasetId(2)


@pytest.fixture
def released() -> Iterator[Event]:
    event = Event()
    yield event
    event.set()


def ids(*numbers: int) -> list[DatasetId]:
    return [DatasetId(number) for number in numbers]


def test_those_who_ask_the_same_share_one_answer(released: Event) -> None:
    asked = []

    def is_readable(_actor: Actor, one: DatasetId) -> bool:
        asked.append(one)
        return released.wait(60)

    readers = Readers(is_readable)
    with ThreadPoolExecutor(3) as pool:
        lists = [pool.submit(readers.find, ANONYMOUS, ids(1, 2, 3, 4)) for _ in range(3)]
        assert {one.result() for one in lists} == {frozenset()}
    assert sorted(asked) == ids(1, 2, 3, 4)


def test_who_may_read_what_is_told() -> None:
    readers = Readers(lambda actor, one: one.number % 2 == 0 and not actor.is_anonymous)
    assert readers.find(who("alice"), ids(*range(1, 41))) == frozenset(ids(*range(2, 41, 2)))
    assert readers.find(ANONYMOUS, ids(1, 2)) == frozenset()
    assert readers.find(who("alice"), []) == frozenset()


def test_what_does_not_answer_in_time_is_left_out(released: Event) -> None:
    readers = Readers(lambda _actor, one: one == EVEN or released.wait(60))
    began = time.monotonic()
    assert readers.find(ANONYMOUS, [ODD, EVEN]) == {EVEN}
    assert PATIENCE_SECONDS <= time.monotonic() - began < PATIENCE_SECONDS + LATE


def test_nobody_waits_again_for_who_has_been_silent(released: Event) -> None:
    readers = Readers(lambda _actor, _one: released.wait(60))
    readers.find(ANONYMOUS, ids(*range(1, 101)))
    began = time.monotonic()
    assert readers.find(ANONYMOUS, ids(*range(1, 101))) == frozenset()
    assert time.monotonic() - began < LATE


def test_who_was_silent_once_is_waited_for_again(
    released: Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"{MODULE}.PATIENCE_SECONDS", 0.3)
    monkeypatch.setattr(f"{MODULE}._SILENT_SECONDS", 0.5)
    readers = Readers(lambda _actor, _one: released.wait(60))

    def is_waited_for() -> bool:
        began = time.monotonic()
        readers.find(ANONYMOUS, [ODD])
        return time.monotonic() - began >= 0.3

    assert is_waited_for()
    until = time.monotonic() + 5
    assert not is_waited_for()
    while not is_waited_for():
        assert time.monotonic() < until


def test_whoever_waits_no_longer_leaves_the_question_to_those_who_do(
    released: Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting = Event()

    def noted(answers: Iterable[Future[bool]], timeout: float) -> object:
        waiting.set()
        return wait(answers, timeout)

    monkeypatch.setattr(f"{MODULE}.wait", noted)
    readers = Readers(lambda _actor, _one: released.wait(60))
    with ThreadPoolExecutor(1) as pool:
        patient = pool.submit(readers.find, ANONYMOUS, ids(*range(1, 20)))
        assert waiting.wait(60)
        monkeypatch.setattr(f"{MODULE}.PATIENCE_SECONDS", 0.01)
        assert readers.find(ANONYMOUS, ids(*range(1, 20))) == frozenset()
        released.set()
        assert patient.result() == frozenset(ids(*range(1, 20)))


def test_what_nobody_waits_for_any_more_is_not_asked(
    released: Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"{MODULE}.PATIENCE_SECONDS", 0.1)
    asked = []

    def is_readable(_actor: Actor, one: DatasetId) -> bool:
        asked.append(one)
        return released.wait(60)

    readers = Readers(is_readable)
    readers.find(ANONYMOUS, ids(*range(1, 101)))
    released.set()
    until = time.monotonic() + 10
    while not readers.find(ANONYMOUS, ids(200)):
        assert time.monotonic() < until
    assert len(set(asked)) < 20


def test_of_a_crowd_only_a_few_wait_long(released: Event) -> None:
    readers = Readers(lambda _actor, _one: released.wait(60))

    def seconds(_number: int) -> float:
        began = time.monotonic()
        readers.find(ANONYMOUS, [ODD])
        return time.monotonic() - began

    with ThreadPoolExecutor(2 * MAX_PATIENT_LISTS) as pool:
        waited = list(pool.map(seconds, range(2 * MAX_PATIENT_LISTS)))
    assert sum(one > HASTE_SECONDS + LATE for one in waited) <= MAX_PATIENT_LISTS


def test_who_cannot_answer_is_left_out_and_a_refusal_is_told() -> None:
    def is_readable(_actor: Actor, one: DatasetId) -> bool:
        if one == ODD:
            raise Unavailable("GitLab has not been answering.")
        return True

    def refuse(_actor: Actor, _one: DatasetId) -> bool:
        raise Unauthenticated("GitLab refuses this token.")

    assert Readers(is_readable).find(ANONYMOUS, [ODD, EVEN]) == {EVEN}
    with pytest.raises(Unauthenticated):
        Readers(refuse).find(who("alice"), [ODD, EVEN])
