"""What the client makes of a server's answers, with a server that answers as it is told."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from labset.errors import Conflict, LabsetError, Misused, NotAllowed, Unreachable
from labset.transport.connection import Connection, dataset_path

REFUSED = json.dumps(
    {"error": "conflict", "message": "Somebody was first.", "details": {"path": "a"}}
)


@dataclass(frozen=True)
class Answer:
    """One answer of the server; None as body: the connection breaks instead."""

    status: int = 200
    body: str | None = "{}"
    headers: dict[str, str] = field(default_factory=dict)


class Server:
    """Gives its answers in turn, the last one for ever; remembers what was asked."""

    def __init__(self) -> None:
        self.answers = [Answer()]
        self.asked: list[tuple[str, str, str | None]] = []
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,))
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_port}"

    def stop(self) -> None:
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()

    def _next(self) -> Answer:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                server.asked.append((self.command, self.path, self.headers.get("Authorization")))
                told = server._next()
                if told.body is None:
                    self.close_connection = True
                    return
                body = told.body.encode()
                self.send_response(told.status)
                for name, value in ({"Content-Length": str(len(body))} | told.headers).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = do_PUT = do_DELETE = answer  # noqa: N815 - http.server calls them so

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name
                """Say nothing."""

        return Handler


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.stop()


@pytest.fixture
def connection(server: Server) -> Iterator[Connection]:
    with Connection(server.url, "secret") as made:
        yield made


def test_the_token_goes_to_the_server_and_never_to_a_site(
    server: Server, connection: Connection
) -> None:
    connection.get_json("user", ref="a b", all=True, none=None)
    connection.outside.get(f"{server.url}/object")
    assert server.asked == [
        ("GET", "/api/v1/user?ref=a+b&all=1", "Bearer secret"),
        ("GET", "/object", None),
    ]


def test_an_error_of_the_server_keeps_its_code_words_and_facts(
    server: Server, connection: Connection
) -> None:
    server.answers = [Answer(409, REFUSED)]
    with pytest.raises(Conflict, match=r"Somebody was first\.") as caught:
        connection.send("POST", "datasets/1/moves", json={})
    assert (caught.value.code, caught.value.details) == ("conflict", {"path": "a"})
    assert len(server.asked) == 1


def test_an_answer_of_something_else_is_told_by_its_status(
    server: Server, connection: Connection
) -> None:
    server.answers = [Answer(500, "<html>", {"X-Request-Id": "7"})]
    with pytest.raises(LabsetError, match="500 Internal Server Error") as caught:
        connection.get_json("user")
    assert caught.value.details == {"request_id": "7"}
    server.answers = [Answer(403, "[]")]
    with pytest.raises(NotAllowed):
        connection.get_json("user")


def test_what_is_safe_to_repeat_is_repeated(server: Server, connection: Connection) -> None:
    server.answers = [
        Answer(503, "{}", {"Retry-After": "0"}),
        Answer(200, None),
        Answer(200, '{"a": 1}'),
    ]
    assert connection.get_json("user") == {"a": 1}
    assert len(server.asked) == 3


@pytest.mark.parametrize("answer", (Answer(503), Answer(200, None)))
def test_what_may_have_happened_is_not_repeated(
    server: Server, connection: Connection, answer: Answer
) -> None:
    server.answers = [answer, Answer()]
    with pytest.raises(Unreachable):
        connection.send("POST", "datasets/1/moves", json={})
    assert len(server.asked) == 1


def test_what_certainly_did_not_happen_is_repeated(server: Server, connection: Connection) -> None:
    server.answers = [Answer(429, "{}", {"Retry-After": "0"}), Answer(200, '{"a": 1}')]
    assert connection.send("POST", "datasets/1/moves", json={}).json() == {"a": 1}


def test_who_says_that_it_is_repeatable_is_believed_unless_the_body_is_gone(
    server: Server, connection: Connection
) -> None:
    server.answers = [Answer(200, None), Answer()]
    assert connection.send("PUT", "a", content=b"1", repeatable=True).status_code == 200
    server.answers = [Answer(200, None), Answer()]
    with pytest.raises(Unreachable):
        connection.send("PUT", "a", content=iter([b"1"]), repeatable=True)


def test_a_server_that_is_always_busy_is_given_up(server: Server, connection: Connection) -> None:
    server.answers = [Answer(503, "{}", {"Retry-After": "0"})]
    with pytest.raises(Unreachable, match="503"):
        connection.get_json("user")
    assert len(server.asked) == 3


def test_a_stream_gives_pieces_and_tells_when_it_breaks(
    server: Server, connection: Connection
) -> None:
    server.answers = [Answer(200, "0123456789", {"Content-Length": "20", "Connection": "close"})]
    got: list[bytes] = []
    with pytest.raises(Unreachable), connection.stream("GET", "/files") as response:
        got.extend(response.iter_raw(4))
    assert b"0123456789".startswith(b"".join(got))
    assert server.asked[0][1] == "/files"


def test_a_list_is_read_page_after_page(server: Server, connection: Connection) -> None:
    server.answers = [
        Answer(200, "[1, 2]", {"X-Next-Page": "2"}),
        Answer(200, "[3]", {"X-Next-Page": ""}),
    ]
    assert list(connection.get_pages("datasets", path="a")) == [1, 2, 3]
    assert [path for _, path, _ in server.asked] == [
        "/api/v1/datasets?per_page=100&path=a&page=1",
        "/api/v1/datasets?per_page=100&path=a&page=2",
    ]


def test_nobody_there_is_told_with_the_address() -> None:
    with (
        Connection("http://127.0.0.1:9", None) as connection,
        pytest.raises(Unreachable, match=r"http://127\.0\.0\.1:9 does not answer"),
    ):
        connection.get_json("user")


def test_paths_are_quoted_and_lead_nowhere_else() -> None:
    assert dataset_path(7, "files", "a b/ü#?%.jpg") == "datasets/7/files/a%20b/%C3%BC%23%3F%25.jpg"
    assert dataset_path(7, "tree", "") == "datasets/7/tree"
    with pytest.raises(Misused):
        dataset_path(7, "files", "a/../../8")
