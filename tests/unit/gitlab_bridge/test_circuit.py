from __future__ import annotations

import threading
import time

import pytest

from core.errors import Unavailable
from gitlab_bridge.circuit import OPEN_SECONDS, STALLS_TO_OPEN, Circuit, Stalled


class Clock:
    """Stands still until it is put on."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def stall() -> None:
    raise Stalled


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def opened(clock: Clock) -> Circuit:
    """A circuit at the end of an outage: five calls stalled just now."""
    circuit = Circuit(monotonic=clock)
    for _ in range(STALLS_TO_OPEN):
        with pytest.raises(Stalled):
            circuit.run(stall, 5)
    return circuit


def test_a_server_that_stalls_is_left_alone_and_then_tried_by_one(
    opened: Circuit, clock: Clock
) -> None:
    with pytest.raises(Unavailable):
        opened.run(lambda: None, 5)
    clock.seconds += OPEN_SECONDS

    def meanwhile() -> str:
        with pytest.raises(Unavailable):
            opened.run(lambda: None, 5)
        return "well"

    assert opened.run(meanwhile, 5) == "well"
    assert opened.run(lambda: "again", 5) == "again"


def test_an_outage_of_a_while_ago_refuses_nobody_who_asks_at_the_same_time(
    opened: Circuit, clock: Clock
) -> None:
    clock.seconds += 2 * OPEN_SECONDS
    assert opened.run(lambda: opened.run(lambda: "both", 5), 5) == "both"


def test_after_an_outage_of_a_while_ago_one_stall_is_enough(opened: Circuit, clock: Clock) -> None:
    clock.seconds += 2 * OPEN_SECONDS
    with pytest.raises(Stalled):
        opened.run(stall, 5)
    with pytest.raises(Unavailable):
        opened.run(lambda: None, 5)


def test_no_more_than_the_limit_wait_for_gitlab_at_once() -> None:
    circuit = Circuit(at_once=2, queue_seconds=0.1)
    gate = threading.Event()
    threads = [threading.Thread(target=circuit.run, args=(gate.wait, 5)) for _ in range(2)]
    for thread in threads:
        thread.start()
    limit = time.monotonic() + 5
    while circuit._slots._value:  # how many are free
        assert time.monotonic() < limit
        time.sleep(0.005)
    with pytest.raises(Unavailable):
        circuit.run(lambda: None, 5)
    gate.set()
    for thread in threads:
        thread.join(5)
    assert circuit.run(lambda: "again", 5) == "again"


def test_a_call_that_hangs_keeps_its_thread_but_not_its_caller() -> None:
    circuit = Circuit(at_once=1, queue_seconds=0.05)
    gate = threading.Event()
    with pytest.raises(Stalled):
        circuit.run(gate.wait, 0.05)
    with pytest.raises(Unavailable):
        circuit.run(lambda: None, 1)
    gate.set()
    assert Circuit(at_once=1).run(lambda: 1, 1) == 1
