"""A wire between Labset and a server that it needs: it passes on, holds, refuses, or loses an answer."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TypeVar

_PIECE_BYTES = 256 * 1024
_REQUEST = re.compile(rb"(GET|HEAD|POST|PUT|PATCH|DELETE) (\S+) HTTP/1\.[01]\r\n")
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)

Choose = Callable[[str], bool]
ResultT = TypeVar("ResultT")


def pass_all(_line: str) -> bool:
    """Lose no answer."""
    return False


@dataclass(eq=False)
class _Connection:
    """One caller and the server's end; `losing` while an answer is kept from the caller."""

    caller: asyncio.StreamWriter
    server: asyncio.StreamWriter | None = None
    losing: bool = False
    kept: bytearray = field(default_factory=bytearray)

    def cut(self) -> None:
        """Reset both ends."""
        for writer in (self.caller, self.server):
            if writer is not None:
                writer.transport.abort()


class Wire:
    """Listens on a free port of 127.0.0.1 and leads to `target`, which may be told later.

    `choose` sees "METHOD /path" of every request before it goes on, and says whether the server's
    answer to it is lost: the server does the work, then the caller's connection breaks. It may do
    other things as well, like killing whoever asked. `lines` keeps what it saw.
    """

    def __init__(self) -> None:
        self.target: tuple[str, int] = ("127.0.0.1", 1)
        self.choose: Choose = pass_all
        self.lines: list[str] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="wire", daemon=True)
        self._connections: set[_Connection] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._open = asyncio.Event()
        self._open.set()
        self._server: asyncio.Server | None = None
        self._thread.start()
        self.port = self._wait(self._listen(0))

    @property
    def url(self) -> str:
        """The address to use instead of the server's."""
        return f"http://127.0.0.1:{self.port}"

    @contextmanager
    def held(self) -> Iterator[None]:
        """Take connections and bytes, and pass nothing on either way."""
        self._loop.call_soon_threadsafe(self._open.clear)
        try:
            yield
        finally:
            self._loop.call_soon_threadsafe(self._open.set)

    @contextmanager
    def refused(self) -> Iterator[None]:
        """Reset all connections and take no new ones, as if the server were down."""
        self._wait(self._close())
        try:
            yield
        finally:
            self._wait(self._listen(self.port))

    @contextmanager
    def choosing(self, choose: Choose) -> Iterator[None]:
        """Let `choose` decide for a while."""
        self.choose = choose
        try:
            yield
        finally:
            self.choose = pass_all

    def stop(self) -> None:
        """Cut everything and end the thread."""
        self._wait(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def _wait(self, what: Coroutine[object, object, ResultT]) -> ResultT:
        return asyncio.run_coroutine_threadsafe(what, self._loop).result(10)

    async def _listen(self, port: int) -> int:
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", port, backlog=512)
        return int(self._server.sockets[0].getsockname()[1])

    async def _close(self) -> None:
        if self._server is not None:
            self._server.close()
        for connection in list(self._connections):
            connection.cut()

    async def _end(self) -> None:
        await self._close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = _Connection(writer)
        self._connections.add(connection)
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        try:
            await self._open.wait()
            answers, connection.server = await asyncio.open_connection(*self.target)
            async with asyncio.TaskGroup() as both:
                both.create_task(self._up(reader, connection, connection.server))
                both.create_task(self._down(answers, connection))
        except* (OSError, asyncio.IncompleteReadError):
            pass  # one end went away: so does the other
        finally:
            connection.cut()
            self._connections.discard(connection)

    async def _up(
        self, reader: asyncio.StreamReader, connection: _Connection, server: asyncio.StreamWriter
    ) -> None:
        while piece := await reader.read(_PIECE_BYTES):
            await self._open.wait()
            found = _REQUEST.match(piece)
            if found is not None:
                line = f"{found[1].decode()} {found[2].decode(errors='replace')}"
                self.lines.append(line)
                connection.losing = self.choose(line)
            server.write(piece)
            await server.drain()
        with suppress(OSError):
            server.write_eof()

    async def _down(self, reader: asyncio.StreamReader, connection: _Connection) -> None:
        while piece := await reader.read(_PIECE_BYTES):
            await self._open.wait()
            if not connection.losing:
                connection.caller.write(piece)
                await connection.caller.drain()
                continue
            connection.kept += piece
            if _is_whole(bytes(connection.kept)):
                connection.cut()
                return
        connection.caller.close()  # what is still on its way goes out first


def _is_whole(answer: bytes) -> bool:
    head, found, body = answer.partition(b"\r\n\r\n")
    if not found:
        return False
    length = _LENGTH.search(head)
    return len(body) >= int(length[1]) if length else answer.endswith(b"0\r\n\r\n")
