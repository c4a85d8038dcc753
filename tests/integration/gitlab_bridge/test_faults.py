from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from core.errors import LabsetError, Unauthenticated, Unavailable
from core.model.access import ANONYMOUS, AccessLevel, Actor, Secret
from core.model.names import DatasetId
from gitlab_bridge.client import GitLabServer
from gitlab_bridge.directory import GitLabDirectory
from gitlab_bridge.transport import retry_after_seconds
from tests.integration.gitlab_bridge.faulty import PROJECT, Faulty, Step, answer, faulty_gitlab

ALICE = Actor(Secret("glpat-canary-of-alice"))
BOB = Actor(Secret("glpat-canary-of-bob"))
SEVEN = DatasetId(7)


class CountingClock:
    """Sleeps not at all and remembers what it was asked."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def now(self) -> datetime:
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


@pytest.fixture
def gitlab() -> Iterator[Faulty]:
    with faulty_gitlab() as plan:
        yield plan


@pytest.fixture
def clock() -> CountingClock:
    return CountingClock()


@pytest.fixture
def directory(gitlab: Faulty, clock: CountingClock) -> GitLabDirectory:
    return GitLabDirectory(gitlab.url, service_token=None, clock=clock)


def find(directory: GitLabDirectory, actor: Actor = ALICE) -> bool:
    found = directory.find_dataset(actor, SEVEN, at_least=AccessLevel.REPORTER, fresh=True)
    return found is not None


@pytest.mark.parametrize("status", (429, 502, 503, 504))
def test_a_passing_failure_is_tried_again(
    gitlab: Faulty, directory: GitLabDirectory, clock: CountingClock, status: int
) -> None:
    gitlab.script = [answer({"message": "later"}, status), answer({"message": "later"}, status)]
    assert find(directory)
    assert len(gitlab.asked) == 3
    assert clock.slept == [0.2, 0.5]


def test_retry_after_is_honoured(
    gitlab: Faulty, directory: GitLabDirectory, clock: CountingClock
) -> None:
    gitlab.script = [answer({}, 429, Retry_After="3")]
    assert find(directory)
    assert clock.slept == [3.0]


@pytest.mark.parametrize("status", (429, 503))
def test_a_long_retry_after_is_told_and_not_waited_for(
    gitlab: Faulty, directory: GitLabDirectory, clock: CountingClock, status: int
) -> None:
    gitlab.script = [answer({}, status, Retry_After="120")]
    with pytest.raises(Unavailable) as caught:
        find(directory)
    assert caught.value.retry_after_seconds == 120
    assert clock.slept == []


def test_a_failure_that_stays_ends_after_four_tries(
    gitlab: Faulty, directory: GitLabDirectory
) -> None:
    gitlab.otherwise = Step(502, b"<html>Bad Gateway</html>", {"Content-Type": "text/html"})
    with pytest.raises(Unavailable) as caught:
        find(directory)
    assert len(gitlab.asked) == 4
    assert "<" not in caught.value.message


def test_an_error_inside_gitlab_is_not_repeated(gitlab: Faulty, directory: GitLabDirectory) -> None:
    gitlab.otherwise = answer({"message": "500 Internal Server Error"}, 500)
    with pytest.raises(Unavailable):
        find(directory)
    assert len(gitlab.asked) == 1


def test_what_may_have_been_done_is_not_sent_twice(gitlab: Faulty) -> None:
    client = GitLabServer(gitlab.url, time.sleep).client(ALICE.token)
    for step in (answer({}, 502), Step(cut=True)):
        gitlab.script, gitlab.asked = [step], []
        with pytest.raises(Unavailable):
            client.create("/projects", "x", {"name": "x"})
        assert [asked.method for asked in gitlab.asked] == ["POST"]


def test_what_was_not_done_for_lack_of_quota_is_sent_again(gitlab: Faulty) -> None:
    slept: list[float] = []
    client = GitLabServer(gitlab.url, slept.append).client(ALICE.token)
    gitlab.script = [answer({}, 429, Retry_After="1"), answer(PROJECT, 201)]
    assert client.create("/projects", "x", {"name": "x"})["id"] == 7
    assert slept == [1.0]


def test_a_connection_that_is_cut_while_reading_is_tried_again(
    gitlab: Faulty, directory: GitLabDirectory
) -> None:
    gitlab.script = [Step(cut=True)]
    assert find(directory)


@pytest.mark.parametrize(
    "step",
    (
        Step(200, b"<html>Maintenance</html>", {"Content-Type": "text/html"}),
        Step(200, b"{not json", {"Content-Type": "application/json"}),
        Step(200, b"[1, 2]", {"Content-Type": "application/json"}),
        answer({"message": "hello"}),
        answer(PROJECT | {"id": "seven"}),
        Step(200, b"\x1f\x8b garbage", {"Content-Encoding": "gzip"}),
        Step(302, b"", {"Location": "http://127.0.0.1:1/elsewhere"}),
        Step(299, b"", {}),
    ),
    ids=("html", "broken", "list", "other", "wrong", "gzip", "redirect", "empty"),
)
def test_garbage_is_an_unavailable_gitlab(
    gitlab: Faulty, directory: GitLabDirectory, step: Step
) -> None:
    gitlab.otherwise = step
    with pytest.raises(Unavailable):
        find(directory)


def test_a_redirect_is_not_followed_and_takes_no_token_along(
    gitlab: Faulty, directory: GitLabDirectory
) -> None:
    with faulty_gitlab() as elsewhere:
        gitlab.otherwise = Step(302, b"", {"Location": f"{elsewhere.url}/api/v4/projects/7"})
        with pytest.raises(Unavailable):
            find(directory)
        assert elsewhere.asked == []


def test_pages_of_a_list_never_lead_to_another_host(
    gitlab: Faulty, directory: GitLabDirectory
) -> None:
    with faulty_gitlab() as elsewhere:
        link = f'<{elsewhere.url}/api/v4/projects?page=2>; rel="next"'
        gitlab.script = [answer([PROJECT], Link=link)]
        gitlab.otherwise = answer([])
        assert len(directory.list_sites(ALICE, "", ())) == 1
        assert elsewhere.asked == []
        bad = f'<{elsewhere.url}/steal>; rel="next"'
        gitlab.script = [answer([PROJECT], Link=bad)]
        with pytest.raises(Unavailable):
            directory.list_sites(ALICE, "", ())
        assert elsewhere.asked == []


def test_connections_are_used_again(gitlab: Faulty, directory: GitLabDirectory) -> None:
    for actor in (ALICE, BOB, ANONYMOUS, ALICE):
        assert find(directory, actor)
    assert len({asked.connection for asked in gitlab.asked}) == 1


def test_each_request_carries_its_own_token_only(
    gitlab: Faulty, directory: GitLabDirectory
) -> None:
    gitlab.script = [answer(PROJECT, Set_Cookie="_gitlab_session=of-alice; Path=/")]
    for actor in (ALICE, BOB, ANONYMOUS):
        find(directory, actor)
    credentials = [
        {name: text for name, text in asked.headers.items() if name in ("Authorization", "Cookie")}
        for asked in gitlab.asked
    ]
    assert credentials == [
        {"Authorization": "Bearer glpat-canary-of-alice"},
        {"Authorization": "Bearer glpat-canary-of-bob"},
        {},
    ]


def test_nobody_is_not_signed_in_by_a_netrc(
    gitlab: Faulty,
    directory: GitLabDirectory,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    netrc = tmp_path_factory.mktemp("home") / "netrc"
    netrc.write_text("default login operator password canary\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    assert find(directory, ANONYMOUS)
    assert "Authorization" not in gitlab.asked[0].headers


def test_no_failure_tells_the_token(gitlab: Faulty, directory: GitLabDirectory) -> None:
    steps = [answer({"message": "token glpat-canary-of-alice"}, 401), Step(cut=True)]
    steps += [Step(502, b"x"), Step(200, b"{"), answer({"message": "nope"}, 403), Step(302)]
    for step in steps:
        gitlab.otherwise = step
        with pytest.raises(LabsetError) as caught:
            find(directory)
        assert "canary" not in f"{caught.value!r} {caught.value.details}"


def test_a_refused_token_is_refused_also_where_nobody_may_read(
    gitlab: Faulty, directory: GitLabDirectory
) -> None:
    gitlab.otherwise = answer({"message": "401 Unauthorized"}, 401)
    with pytest.raises(Unauthenticated):
        find(directory)


def test_refused_connections_end_soon() -> None:
    with faulty_gitlab() as gone:
        url = gone.url
    directory = GitLabDirectory(url, service_token=None, clock=CountingClock())
    began = time.monotonic()
    with pytest.raises(Unavailable):
        find(directory)
    with pytest.raises(Unavailable):
        directory.check_answers()
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    "step", (Step(stall=True), Step(200, b"x" * 1000, drip=True)), ids=("stall", "drip")
)
def test_a_stall_or_a_drip_ends_in_time(gitlab: Faulty, step: Step) -> None:
    gitlab.otherwise = step
    client = GitLabServer(gitlab.url, time.sleep).client(ALICE.token, 0.5)
    began = time.monotonic()
    with pytest.raises(Unavailable):
        client.read("/projects/7", "x")
    assert time.monotonic() - began < 2


def test_forty_requests_into_a_stall_all_end_within_fifteen_seconds(
    gitlab: Faulty, directory: GitLabDirectory
) -> None:
    gitlab.otherwise = Step(stall=True)
    told: list[int] = []

    def ask(number: int) -> None:
        try:
            directory.find_dataset(
                ALICE, DatasetId(number), at_least=AccessLevel.REPORTER, fresh=bool(number % 2)
            )
        except Unavailable as error:
            told.append(error.retry_after_seconds)

    began = time.monotonic()
    threads = [threading.Thread(target=ask, args=(number,)) for number in range(1, 41)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(15)
    assert time.monotonic() - began < 15
    assert len(told) == 40
    assert min(told) >= 1


def test_after_some_stalls_callers_hear_at_once_and_recovery_is_quick(gitlab: Faulty) -> None:
    server = GitLabServer(gitlab.url, time.sleep)
    gitlab.otherwise = Step(stall=True)
    for _ in range(5):
        with pytest.raises(Unavailable):
            server.client(ALICE.token, 0.2).read("/projects/7", "x")
    asked = len(gitlab.asked)
    began = time.monotonic()
    with pytest.raises(Unavailable):
        server.client(ALICE.token).read("/projects/7", "x")
    assert time.monotonic() - began < 1
    assert len(gitlab.asked) == asked
    gitlab.otherwise = answer(PROJECT)
    while True:
        try:
            assert server.client(ALICE.token).read("/projects/7", "x")["id"] == 7
            break
        except Unavailable:
            assert time.monotonic() - began < 5
            time.sleep(0.05)


def test_gitlab_answers_when_it_says_anything_but_a_server_error(
    gitlab: Faulty, directory: GitLabDirectory
) -> None:
    gitlab.otherwise = answer({"message": "401 Unauthorized"}, 401)
    assert 0 < directory.check_answers() < 4
    gitlab.otherwise = answer({}, 503)
    with pytest.raises(Unavailable):
        directory.check_answers()


@pytest.mark.parametrize(
    ("header", "seconds"),
    (
        (None, 0),
        ("7", 7),
        (" 7 ", 7),
        ("soon", 0),
        ("-3", 0),
        ("", 0),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0),
    ),
)
def test_retry_after_is_read(header: str | None, seconds: float) -> None:
    assert retry_after_seconds(header) == seconds


def test_retry_after_may_be_a_date() -> None:
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    assert 55 < retry_after_seconds(later) <= 60
