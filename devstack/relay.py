"""Pass TCP connections on: one port for other machines, the server behind it on loopback."""

from __future__ import annotations

import asyncio
import contextlib
import threading

_PIECE_BYTES = 256 * 1024


class Relay:
    """Listens on `bind:port` and connects each caller to `target`, from a thread of its own."""

    def __init__(self, bind: str, port: int, target: tuple[str, int]) -> None:
        """Remember the addresses; nothing listens yet."""
        self._bind = bind
        self._port = port
        self._target = target
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="relay", daemon=True)

    def start(self) -> None:
        """Listen. Raises OSError, if the port is taken."""
        self._thread.start()
        listening = asyncio.start_server(self._carry, self._bind, self._port)
        asyncio.run_coroutine_threadsafe(listening, self._loop).result()

    def stop(self) -> None:
        """Cut all connections and end the thread."""
        asyncio.run_coroutine_threadsafe(_end_tasks(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            inner_reader, inner_writer = await asyncio.open_connection(*self._target)
        except OSError:
            writer.close()
            return
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(_pump(reader, inner_writer))
                both.create_task(_pump(inner_reader, writer))
        finally:
            inner_writer.close()
            writer.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while piece := await reader.read(_PIECE_BYTES):
            writer.write(piece)
            await writer.drain()
        writer.write_eof()


async def _end_tasks() -> None:
    tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
