"""Somebody who kills processes at random instants, and times how soon they serve again."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx

from tests.integration.faults.world import World, kill

_GIVE_UP_SECONDS = 30.0


@dataclass
class Killer:
    """Kills until stopped; `back_after_seconds` tells each time when the API answered again."""

    world: World
    pause_seconds: tuple[float, float]
    kills: list[str] = field(default_factory=list)
    back_after_seconds: list[float] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Kill one kind of process after the other, at random."""
        while not self._stop.wait(random.uniform(*self.pause_seconds)):
            victim = random.choice(("one web process", "web processes", "web master", "worker"))
            self._kill(victim)
            self.kills.append(victim)
            if victim != "worker":
                self.back_after_seconds.append(self._time_return())

    def stop(self) -> None:
        """Let `run` return."""
        self._stop.set()

    def _kill(self, victim: str) -> None:
        children = self.world.web_children()
        if victim == "one web process" and children:
            kill(random.choice(children))
        elif victim == "web processes":
            self.world.kill_web_children()
        elif victim == "web master":
            kill(self.world.pids["web"])
        else:
            kill(self.world.pids["worker"])

    def _time_return(self) -> float:
        began = time.monotonic()
        while time.monotonic() - began < _GIVE_UP_SECONDS:
            if serves(self.world.app_url):
                break
            time.sleep(0.05)
        return time.monotonic() - began


def serves(app_url: str) -> bool:
    """Whether a new connection is answered."""
    try:
        return httpx.get(f"{app_url}/health", timeout=5).status_code == 200
    except httpx.TransportError:
        return False


@contextmanager
def killing(world: World, pause_seconds: tuple[float, float]) -> Iterator[Killer]:
    """Kill during the block."""
    killer = Killer(world, pause_seconds)
    thread = threading.Thread(target=killer.run)
    thread.start()
    try:
        yield killer
    finally:
        killer.stop()
        thread.join(_GIVE_UP_SECONDS + 10)
