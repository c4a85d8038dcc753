from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable

import pytest

from core.errors import NotFound, Unavailable
from gitlab_bridge.freshness import Fresh


class Server:
    """Answers with how often it was asked; stops at a gate where one is set."""

    def __init__(self) -> None:
        self.now = 100.0
        self.asked = 0
        self.failure: Exception | None = None
        self.gate: threading.Event | None = None
        self.entered = threading.Semaphore(0)

    def load(self, key: str) -> str:
        self.asked += 1
        answer = f"{key}{self.asked}"
        failure, gate = self.failure, self.gate
        self.entered.release()
        if gate is not None:
            assert gate.wait(5)
        if failure is not None:
            raise failure
        return answer

    def cache(self, max_entries: int = 10_000) -> Fresh[str, str]:
        return Fresh(self.load, max_entries=max_entries, monotonic=lambda: self.now)


def until(condition: Callable[[], bool]) -> None:
    limit = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < limit, "it did not come about"
        time.sleep(0.002)


@pytest.fixture
def server() -> Server:
    return Server()


def test_a_young_answer_is_given_again(server: Server) -> None:
    cache = server.cache()
    assert cache.get("a") == "a1"
    server.now += 2.4
    assert cache.get("a") == "a1"
    assert server.asked == 1


def test_keys_do_not_share_answers(server: Server) -> None:
    cache = server.cache()
    assert [cache.get("a"), cache.get("b"), cache.get("a")] == ["a1", "b2", "a1"]


def test_an_answer_of_half_its_age_serves_while_one_refresh_is_on_its_way(server: Server) -> None:
    cache = server.cache()
    cache.get("a")
    server.now += 3
    server.gate = threading.Event()
    assert [cache.get("a") for _ in range(20)] == ["a1"] * 20
    assert server.entered.acquire(timeout=5)
    assert server.entered.acquire(timeout=5)
    assert server.asked == 2
    server.gate.set()
    until(lambda: cache.get("a") == "a2")
    assert server.asked == 2


def test_an_answer_older_than_the_limit_is_never_given(server: Server) -> None:
    cache = server.cache()
    cache.get("a")
    server.now += 5
    assert cache.get("a") == "a2"


def test_age_counts_from_the_moment_of_asking(server: Server) -> None:
    cache = server.cache()

    def slow(key: str) -> str:
        server.now += 4
        return server.load(key)

    cache._load = slow
    cache.get("a")
    server.now += 1
    assert cache.get("a") == "a2"


def test_many_who_find_nothing_wait_for_one_load(server: Server) -> None:
    cache = server.cache()
    server.gate = threading.Event()
    answers: list[str] = []
    threads = [threading.Thread(target=lambda: answers.append(cache.get("a"))) for _ in range(20)]
    for thread in threads:
        thread.start()
    assert server.entered.acquire(timeout=5)
    server.gate.set()
    for thread in threads:
        thread.join(5)
    assert answers == ["a1"] * 20


def test_an_error_goes_to_all_who_wait_and_is_not_kept(server: Server) -> None:
    cache = server.cache()
    server.gate = threading.Event()
    server.failure = NotFound("gone")
    caught: list[Exception] = []

    def ask() -> None:
        try:
            cache.get("a")
        except NotFound as error:
            caught.append(error)

    threads = [threading.Thread(target=ask) for _ in range(5)]
    for thread in threads:
        thread.start()
    assert server.entered.acquire(timeout=5)
    server.gate.set()
    for thread in threads:
        thread.join(5)
    assert len(caught) == 5
    server.failure = None
    assert cache.get("a").startswith("a")


def test_an_unreachable_server_leaves_the_answer_until_it_is_too_old(server: Server) -> None:
    cache = server.cache()
    cache.get("a")
    server.failure = Unavailable("down")
    server.now += 3
    assert cache.get("a") == "a1"
    until(lambda: server.asked == 2 and not cache._flights)
    assert cache.get("a") == "a1"
    server.now += 2
    with pytest.raises(Unavailable):
        cache.get("a")


def test_a_failed_refresh_is_not_repeated_at_once(server: Server) -> None:
    cache = server.cache()
    cache.get("a")
    server.failure = Unavailable("down")
    server.now += 3
    cache.get("a")
    until(lambda: server.asked == 2 and not cache._flights)
    cache.get("a")
    assert not cache._flights
    server.now += 0.6
    cache.get("a")
    until(lambda: server.asked == 3)


def test_a_refusal_met_by_a_refresh_ends_the_old_answer(server: Server) -> None:
    cache = server.cache()
    cache.get("a")
    server.failure = NotFound("no longer yours")
    server.now += 3
    assert cache.get("a") == "a1"
    until(lambda: len(cache) == 0)
    with pytest.raises(NotFound):
        cache.get("a")


def test_what_was_forgotten_on_its_way_is_not_kept(server: Server) -> None:
    cache = server.cache()
    server.gate = threading.Event()
    thread = threading.Thread(target=lambda: cache.get("a"))
    thread.start()
    assert server.entered.acquire(timeout=5)
    cache.forget("a")
    server.gate.set()
    thread.join(5)
    assert len(cache) == 0


def test_keys_are_forgotten_by_a_condition(server: Server) -> None:
    cache = server.cache()
    for key in ("ab", "ac", "bc"):
        cache.get(key)
    cache.forget_where(lambda key: key.startswith("a"))
    assert cache.get("bc") == "bc3"
    assert cache.get("ab") == "ab4"


def test_a_condition_also_forgets_what_is_on_its_way(server: Server) -> None:
    cache = server.cache()
    server.gate = threading.Event()
    thread = threading.Thread(target=lambda: cache.get("a"))
    thread.start()
    assert server.entered.acquire(timeout=5)
    cache.forget_where(lambda key: key == "a")
    server.gate.set()
    thread.join(5)
    assert len(cache) == 0


def test_load_now_asks_again_and_renews_what_is_kept(server: Server) -> None:
    cache = server.cache()
    cache.get("a")
    assert cache.load_now("a") == "a2"
    assert cache.get("a") == "a2"


def test_load_now_never_takes_an_answer_that_was_asked_for_before(server: Server) -> None:
    cache = server.cache()
    server.gate = threading.Event()
    early = threading.Thread(target=lambda: cache.get("a"))
    early.start()
    assert server.entered.acquire(timeout=5)
    answers: list[str] = []
    threads = [
        threading.Thread(target=lambda: answers.append(cache.load_now("a"))) for _ in range(10)
    ]
    for thread in threads:
        thread.start()
    server.gate.set()
    for thread in [early, *threads]:
        thread.join(5)
    assert "a1" not in answers
    assert len(answers) == 10
    assert server.asked < 11


def test_an_older_answer_that_lands_late_does_not_replace_a_newer_one(server: Server) -> None:
    cache = server.cache()
    cache.get("a")
    server.now += 3
    gate = server.gate = threading.Event()
    cache.get("a")
    assert server.entered.acquire(timeout=5)
    assert server.entered.acquire(timeout=5)
    server.gate = None
    assert cache.load_now("a") == "a3"
    gate.set()
    until(lambda: not cache._flights)
    assert cache.get("a") == "a3"


def test_the_least_recently_used_go_first(server: Server) -> None:
    cache = server.cache(max_entries=10)
    for number in range(10):
        server.now += 0.01
        cache.get(str(number))
    server.now += 0.01
    cache.get("0")
    cache.get("new")
    assert len(cache) <= 10
    asked = server.asked
    cache.get("0")
    cache.get("new")
    assert server.asked == asked
    cache.get("1")
    assert server.asked == asked + 1


def test_answers_that_nobody_asks_for_are_swept_away(server: Server) -> None:
    cache = server.cache()
    for number in range(50):
        cache.get(str(number))
    server.now += 31
    cache.get("new")
    assert len(cache) == 1


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # Python 3.12 warns on purpose
def test_a_forked_child_starts_with_nothing(server: Server) -> None:
    cache = server.cache()
    cache.get("a")
    with cache._lock:  # what another thread may hold at the moment of the fork
        child = os.fork()
        if child == 0:
            os._exit(0 if len(cache) == 0 and cache.get("a") == "a2" else 1)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert cache.get("a") == "a1"


def test_a_hit_takes_microseconds(server: Server) -> None:
    cache = server.cache()
    cache.get("a")
    best = min(_seconds_for(cache, 1000) for _ in range(20))
    assert best / 1000 < 10e-6


def _seconds_for(cache: Fresh[str, str], count: int) -> float:
    began = time.perf_counter()
    for _ in range(count):
        cache.get("a")
    return time.perf_counter() - began
