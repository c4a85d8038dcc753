from __future__ import annotations

import time
from threading import Event, Thread

import pytest

from core.errors import Unavailable
from storage_sites import gate as gates
from storage_sites.gate import Gate


def hold(gate: Gate, until: Event) -> Thread:
    inside = Event()

    def stay() -> None:
        with gate.pass_through():
            inside.set()
            until.wait(10)

    thread = Thread(target=stay)
    thread.start()
    assert inside.wait(5)
    return thread


def test_a_full_gate_lets_in_whoever_waits_for_a_free_place() -> None:
    gate, until = Gate("lab", 1), Event()
    thread = hold(gate, until)
    Thread(target=until.set).start()
    with gate.pass_through():
        pass
    thread.join()


def test_a_full_gate_without_progress_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gates, "PATIENCE_SECONDS", 0.05)
    gate, until = Gate("lab", 1), Event()
    thread = hold(gate, until)
    with pytest.raises(Unavailable, match="lab"), gate.pass_through():
        pass
    until.set()
    thread.join()
    with gate.pass_through():
        pass


def test_after_silence_only_a_trickle_passes_until_an_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(gates, "TRICKLE_SECONDS", 0.05)
    gate = Gate("lab", 8)
    gate.note_silence(time.monotonic())
    with pytest.raises(Unavailable):
        gate.check()
    limit = time.monotonic() + 5
    while True:
        try:
            gate.check()
        except Unavailable:
            assert time.monotonic() < limit
        else:
            break
    with pytest.raises(Unavailable):
        gate.check()
    gate.note_answer()
    gate.check()


def test_silence_that_began_before_an_answer_means_nothing() -> None:
    gate = Gate("lab", 8)
    began = time.monotonic()
    gate.note_answer()
    gate.note_silence(began)
    gate.check()
