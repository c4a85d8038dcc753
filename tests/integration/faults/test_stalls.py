"""GitLab or a site stalls, or is down: an answer in time, the rest unharmed, soon well again (P10)."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field

import httpx
import pytest

from tests.integration.faults.uploading import announce
from tests.integration.faults.world import World, eventually

LIMIT_SECONDS = 15.0
HEALTH_SECONDS = 0.5
RECOVERY_SECONDS = 5.0
AT_ONCE = 40
DATA = b"bytes of the site"

Ask = Callable[[httpx.Client], httpx.Response]


@dataclass(frozen=True)
class Place:
    """A dataset with a file, a text, and an open session whose one file has arrived."""

    dataset: int
    revision: str
    upload: str

    @property
    def url(self) -> str:
        """Its address below the API."""
        return f"/datasets/{self.dataset}"


@dataclass
class Pulse:
    """How long something took each time, in seconds."""

    seconds: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


def make_place(world: World, site: int) -> Place:
    """Fill a new dataset."""
    dataset = world.new_dataset(site)
    files = {"other.bin": b"waits"}
    put = world.alice.json("PUT", f"/datasets/{dataset}/files/a.bin", 201, content=DATA)
    body = {"message": "later", "files": announce(files)}
    session = world.alice.json("POST", f"/datasets/{dataset}/uploads", 201, json=body)
    upload = f"/datasets/{dataset}/uploads/{session['id']}"
    world.alice.json("PUT", f"{upload}/files/other.bin", content=files["other.bin"])
    return Place(dataset, put["commit"], upload)


@pytest.fixture(scope="module")
def wired(world: World) -> Place:
    """On the S3 site behind the wire."""
    return make_place(world, world.s3_site)


@pytest.fixture(scope="module")
def near(world: World) -> Place:
    """On the folder of the server."""
    return make_place(world, world.local_site)


def ask_many(world: World, asked: list[Ask]) -> list[tuple[httpx.Response, float]]:
    """Ask all at once, each over a connection of its own; return answers with their seconds."""

    def one(ask: Ask) -> tuple[httpx.Response, float]:
        headers = {"PRIVATE-TOKEN": world.alice.token}
        with httpx.Client(base_url=world.running.api, headers=headers, timeout=40) as client:
            began = time.monotonic()
            answer = ask(client)
            return answer, time.monotonic() - began

    with ThreadPoolExecutor(len(asked)) as pool:
        return list(pool.map(one, asked))


def check_outage(answers: list[tuple[httpx.Response, float]], *, allowed: set[int]) -> None:
    """Check that each was answered in time, as an outage with a sentence or as `allowed`."""
    for answer, seconds in answers:
        line = f"{answer.request.method} {answer.request.url.path}: {answer.status_code}"
        assert seconds <= LIMIT_SECONDS, f"{line} after {seconds:.1f} s"
        assert answer.status_code in allowed | {503}, f"{line} {answer.text[:300]}"
        if answer.status_code == 503:
            told = answer.json()
            assert int(answer.headers["Retry-After"]) >= 1
            assert told["error"] == "unavailable"
            assert told["message"].endswith((".", "!")), told


@contextmanager
def beating(url: str, headers: dict[str, str] | None = None) -> Iterator[Pulse]:
    """Ask for `url` every 50 ms during the block."""
    pulse, stop = Pulse(), threading.Event()

    def run() -> None:
        with httpx.Client(headers=headers, timeout=20) as client:
            while not stop.wait(0.05):
                began = time.monotonic()
                answer = client.get(url)
                pulse.seconds.append(time.monotonic() - began)
                if answer.status_code != 200:
                    pulse.wrong.append(f"{answer.status_code} {answer.text[:200]}")

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield pulse
    finally:
        stop.set()
        thread.join(30)


def needs_gitlab(place: Place) -> list[Ask]:
    """Return requests that cannot be answered without asking GitLab now."""
    new = {"name": "in the dark", "namespace": "lab"}
    begin = {"message": "in the dark", "files": announce({"x.bin": b"x"})}
    return [
        lambda client: client.put(f"{place.url}/files/b.bin", content=b"b"),
        lambda client: client.delete(f"{place.url}/files/a.bin"),
        lambda client: client.post(f"{place.url}/uploads", json=begin),
        lambda client: client.post(f"{place.upload}/commit"),
        lambda client: client.post("/datasets", json=new),
        lambda client: client.get("/namespaces"),
        lambda client: client.get("/datasets", params={"search": "dark"}),
        lambda client: client.post(f"{place.url}/tags", json={"name": "t", "ref": "main"}),
    ]


def may_be_known(place: Place) -> list[Ask]:
    """Return reads that a few seconds of memory may still answer."""
    return [
        lambda client: client.get(place.url),
        lambda client: client.get(f"{place.url}/tree"),
        lambda client: client.get(f"{place.url}/files/a.bin"),
        lambda client: client.get(f"{place.url}/files/a.bin", params={"ref": place.revision}),
        lambda client: client.get("/storage-sites"),
    ]


def repeated(asked: list[Ask], count: int) -> list[Ask]:
    """Return `count` requests, all kinds in turn."""
    return [asked[number % len(asked)] for number in range(count)]


@pytest.mark.parametrize("fault", ("held", "refused"))
def test_without_gitlab_everything_ends_in_time_and_health_stays_fast(
    world: World, wired: Place, fault: str
) -> None:
    break_it: Callable[[], AbstractContextManager[None]] = getattr(world.gitlab, fault)
    with beating(f"{world.app_url}/health") as pulse, break_it():
        check_outage(ask_many(world, repeated(needs_gitlab(wired), AT_ONCE)), allowed=set())
        check_outage(ask_many(world, may_be_known(wired)), allowed={200})
    assert pulse.wrong == []
    assert quantile(pulse.seconds, 99) < HEALTH_SECONDS
    back = eventually(lambda: _works(world, wired), "GitLab is used again", 20)
    assert back < RECOVERY_SECONDS
    done = world.alice.json("POST", f"{wired.upload}/commit")
    assert world.git(wired.dataset, "log", "--all", "--format=%H").count(done["commit"]) == 1


def needs_site(place: Place) -> list[Ask]:
    """Return requests for bytes on the site."""
    begin = {"message": "in the dark", "files": announce({"x.bin": b"x"})}
    form = {"files": ("c.bin", b"c")}
    return [
        lambda client: client.get(f"{place.url}/files/a.bin"),
        lambda client: client.get(
            f"{place.url}/files/a.bin",
            params={"ref": place.revision},
            headers={"Range": "bytes=1-3"},
        ),
        lambda client: client.put(f"{place.url}/files/b.bin", content=b"b"),
        lambda client: client.post(f"{place.url}/files", files=form),
        lambda client: client.post(f"{place.url}/uploads", json=begin),
    ]


@pytest.mark.parametrize("fault", ("held", "refused"))
def test_without_a_site_its_bytes_are_an_outage_and_other_sites_are_unharmed(
    world: World, wired: Place, near: Place, fault: str
) -> None:
    token = {"PRIVATE-TOKEN": world.alice.token}
    url = f"{world.running.api}{near.url}/files/a.bin?ref={near.revision}"
    with beating(url, token) as before:
        eventually(lambda: len(before.seconds) >= 40, "a baseline")
    break_it: Callable[[], AbstractContextManager[None]] = getattr(world.s3, fault)
    with beating(f"{world.app_url}/health") as pulse, beating(url, token) as other, break_it():
        check_outage(ask_many(world, repeated(needs_site(wired), AT_ONCE)), allowed=set())
        world.alice.json("GET", f"{wired.url}/tree")  # what lies in git needs no site
        world.alice.json("PUT", f"{near.url}/files/{fault}.bin", 201, content=fault.encode())
    assert pulse.wrong == other.wrong == []
    assert quantile(pulse.seconds, 99) < HEALTH_SECONDS
    assert quantile(other.seconds, 95) <= max(2 * quantile(before.seconds, 95), 2.0)
    back = eventually(lambda: _works(world, wired), "the site is used again", 20)
    assert back < RECOVERY_SECONDS


def quantile(seconds: list[float], percent: int) -> float:
    """Return a percentile."""
    return statistics.quantiles(seconds, n=100)[percent - 1]


def _works(world: World, place: Place) -> bool:
    read = world.alice.http.get(f"{place.url}/files/a.bin")
    written = world.alice.http.put(f"{place.url}/files/again.bin", content=b"again")
    return read.content == DATA and written.status_code in {200, 201}
