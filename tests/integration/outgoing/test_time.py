"""However slow the other side is, the clock on the wall ends it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from core.errors import Unavailable
from outgoing.databases import (
    HEALTH_SECONDS,
    LOOKUP_SECONDS,
    MAX_CALLS_AT_ONCE,
    MAX_WAITING_REQUESTS,
)
from outgoing.problems import BUSY, TOO_SLOW
from outgoing.resolving import MAX_LOOKUPS_AT_ONCE
from tests.integration.outgoing.conftest import Opens, ask, look
from tests.integration.outgoing.servers import (
    WELL,
    Answer,
    Server,
    Visit,
    answer,
    answer_json,
    silent,
)

LATE = 0.7  # what a busy machine may add


@contextmanager
def within(seconds: float) -> Iterator[None]:
    began = time.monotonic()
    yield
    assert time.monotonic() - began < seconds + LATE


def _slow_head(visit: Visit) -> None:
    visit.trickle(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Padding: " + b"x" * 1_000)


def _slow_body(visit: Visit) -> None:
    visit.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    visit.trickle(b"x" * 1_000)


def _slow_pieces(visit: Visit) -> None:
    visit.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    visit.trickle(b"1\r\nx\r\n" * 200)


def _slow_promises(visit: Visit) -> None:
    visit.trickle(b"HTTP/1.1 100 Continue\r\n\r\n" * 40)


@pytest.mark.parametrize(
    "act",
    (silent, _slow_head, _slow_body, _slow_pieces, _slow_promises),
    ids=lambda act: act.__name__,
)
def test_a_slow_answer_ends_when_its_time_is_over(
    running: Callable[..., Server], opens: Opens, act: Answer
) -> None:
    server = running(act)
    with within(1.0):
        told = ask(opens(server.listed), server.url, seconds=1.0)
    assert (told.problem, told.documents) == (TOO_SLOW, ())
    assert told.seconds == pytest.approx(1.0, abs=LATE)


def test_a_slow_answer_that_ends_in_time_is_read(
    running: Callable[..., Server], opens: Opens
) -> None:
    def act(visit: Visit) -> None:
        visit.trickle(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(WELL) + WELL, 0.005)

    server = running(act)
    assert look(opens(server.listed), server.url).problem is None


def test_a_look_has_five_seconds(running: Callable[..., Server], opens: Opens) -> None:
    server = running(_slow_body)
    with within(HEALTH_SECONDS):
        check = look(opens(server.listed), server.url)
    assert check.problem == TOO_SLOW
    assert check.seconds == pytest.approx(HEALTH_SECONDS, abs=LATE)


def test_a_handshake_that_never_ends_is_ended(running: Callable[..., Server], opens: Opens) -> None:
    server = running(silent)  # waits for a request that TLS never lets through
    url = server.url.replace("http:", "https:")
    with within(1.0):
        assert ask(opens(server.listed), url, seconds=1.0).problem == TOO_SLOW


def test_a_look_up_that_hangs_is_left_behind(opens: Opens) -> None:
    answered = threading.Event()

    def hang(_host: str, _port: int) -> list[str]:
        answered.wait(60)
        return []

    others = opens(resolve=hang)
    try:
        with within(1.0):
            assert ask(others, "https://models.test", seconds=1.0).problem == TOO_SLOW
        with within(LOOKUP_SECONDS):
            others.check_address("https://models.test")
    finally:
        answered.set()


def test_look_ups_that_hang_are_no_more_than_their_limit(opens: Opens) -> None:
    answered, hanging = threading.Event(), list[str]()

    def hang(host: str, _port: int) -> list[str]:
        hanging.append(host)
        answered.wait(60)
        return []

    others = opens(resolve=hang)
    urls = [f"https://{number}.test" for number in range(MAX_CALLS_AT_ONCE)]
    try:
        with within(1.0):
            others.query(urls, {}, limit=1, timeout_seconds=0.5)
            told = others.query(urls, {}, limit=1, timeout_seconds=0.5)
        assert {one.problem for one in told} <= {BUSY, TOO_SLOW}
        assert len(hanging) == MAX_LOOKUPS_AT_ONCE
    finally:
        answered.set()


def test_dead_databases_hold_up_no_living_one(running: Callable[..., Server], opens: Opens) -> None:
    dead, living = running(silent), running(answer_json({"data": [{"asset_name": "Lamp"}]}))
    urls = [living.url, *(f"{dead.url}/{number}" for number in range(18)), living.url + "/b"]
    with within(1.0):
        told = opens("127.0.0.1").query(urls, {}, limit=9, timeout_seconds=1.0)
    assert [len(one.documents) for one in told] == [1, *[0] * 18, 1]
    assert {one.problem for one in told[1:-1]} == {TOO_SLOW}


def test_who_has_no_turn_is_told_apart_from_who_did_not_answer(
    running: Callable[..., Server], opens: Opens
) -> None:
    dead = running(silent)
    urls = [f"{dead.url}/{number}" for number in range(MAX_CALLS_AT_ONCE + 8)]
    with within(1.0):
        told = opens("127.0.0.1").query(urls, {}, limit=1, timeout_seconds=1.0)
    assert [one.problem for one in told].count(BUSY) == 8
    assert dead.connections <= MAX_CALLS_AT_ONCE


def test_looks_that_have_no_turn_are_refused_and_not_told_as_ill(
    running: Callable[..., Server], opens: Opens
) -> None:
    dead = running(silent)
    urls = [f"{dead.url}/{number}" for number in range(3 * MAX_CALLS_AT_ONCE)]
    with within(2 * HEALTH_SECONDS), pytest.raises(Unavailable):
        opens("127.0.0.1").look_at_health(urls)


def test_few_requests_wait_for_others_and_the_next_hears_so_at_once(
    running: Callable[..., Server], opens: Opens
) -> None:
    dead = running(silent)
    others = opens("127.0.0.1")
    with ThreadPoolExecutor(MAX_WAITING_REQUESTS) as pool:
        waiting = [
            pool.submit(others.look_at_health, [f"{dead.url}/{number}"])
            for number in range(MAX_WAITING_REQUESTS)
        ]
        limit = time.monotonic() + HEALTH_SECONDS
        while dead.connections < MAX_WAITING_REQUESTS:
            assert time.monotonic() < limit
        with within(0.1):
            for act in (
                lambda: others.look_at_health([dead.url]),
                lambda: others.query([dead.url], {}, limit=1, timeout_seconds=5),
                lambda: others.check_address(dead.url),
            ):
                with pytest.raises(Unavailable) as told:
                    act()
                assert told.value.code == "busy"
        assert all(one.result()[0].problem == TOO_SLOW for one in waiting)
    others.check_address(dead.url)


def test_an_address_that_is_being_looked_at_is_not_asked_twice(
    running: Callable[..., Server], opens: Opens
) -> None:
    arrived, told = threading.Event(), threading.Event()

    def act(visit: Visit) -> None:
        arrived.set()
        told.wait(5)
        answer()(visit)

    server = running(act)
    others = opens(server.listed)
    with ThreadPoolExecutor(5) as pool:
        looks = [pool.submit(look, others, server.url) for _ in range(5)]
        assert arrived.wait(5)
        told.set()
        assert all(one.result().ok for one in looks)
    assert len(server.visits) < 5
    arrived.clear()
    assert look(others, server.url).ok
    assert arrived.is_set()
