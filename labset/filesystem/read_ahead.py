"""Blocks of a file that somebody reads: a little around each jump, more and more ahead of a walk."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor

from fsspec.caching import BaseCache, register_cache

_LEAST_BYTES = 64 * 1024  # one request is not worth less
_FIRST_BYTES = 256 * 1024  # a small file comes whole
_SKIPPED_BYTES = 128 * 1024  # a reader who leaves out so much still walks
_PREFETCH_FROM_BYTES = 1024 * 1024  # nobody walks so far by accident
_KEPT_PIECES = 8  # that were read; readers step back a little


class _Piece:
    """Bytes from `start` up to `end`, here or on their way."""

    def __init__(self, start: int, end: int, coming: Future[bytes | bytearray]) -> None:
        self.start = start
        self.end = end
        self.coming = coming


class ReadAhead(BaseCache):  # type: ignore[misc]  # fsspec ships no types
    """Keeps what was read, and fetches what will be read while the reader is busy.

    A jump fetches what is asked for (64 KiB at least). A reader who goes on where he stopped gets twice
    as much each time, up to `blocksize`; then the next blocks come by threads of their own. What is held
    stays below about `2 + threads` blocks, and one read larger than that.
    """

    name = "labset"

    def __init__(
        self,
        blocksize: int,
        fetcher: Callable[[int, int], bytes | bytearray],
        size: int,
        threads: int = 2,
    ) -> None:
        super().__init__(blocksize, fetcher, size)
        self._threads = threads
        self._pieces: list[_Piece] = []  # the one that was used last stands last
        self._position = 0  # where the last read ended
        self._ahead = 0
        self._pool: ThreadPoolExecutor | None = None
        self._pid = os.getpid()

    def walk(self, step_bytes: int) -> Iterator[bytes]:
        """Yield the whole file, step by step."""
        for start in range(0, self.size, step_bytes):
            yield self._fetch(start, start + step_bytes)

    def close(self) -> None:
        """Let go of everything."""
        self._pieces.clear()
        if self._pool is not None and self._pid == os.getpid():
            self._pool.shutdown(wait=False, cancel_futures=True)
        self._pool = None

    def _fetch(self, start: int | None, stop: int | None) -> bytes:
        """Return the bytes from `start` up to `stop`; fewer at the end of the file."""
        first = start or 0
        last = self.size if stop is None else min(stop, self.size)
        if first >= last:
            return b""
        if self._pid != os.getpid():  # the threads stayed in the parent
            self._pieces, self._pool, self._pid = [], None, os.getpid()
        self._adapt(first)
        blocks = []
        position = first
        while position < last:
            piece = self._find(position) or self._get(position, last)
            block = self._bytes_of(piece)
            end = min(last, piece.end)
            whole = position == piece.start and end == piece.end
            blocks.append(
                block if whole else memoryview(block)[position - piece.start : end - piece.start]
            )
            position = end
        self._position = last
        self._look_ahead()
        self._forget()
        return bytes(blocks[0]) if len(blocks) == 1 else b"".join(blocks)

    def _adapt(self, first: int) -> None:
        """Read more ahead of who walks, nothing ahead of who jumps."""
        if self._position <= first <= self._position + _SKIPPED_BYTES:
            self._ahead = min(max(2 * self._ahead, _FIRST_BYTES), self.blocksize)
        elif self._find(first) is None:
            self._ahead = 0

    def _find(self, position: int) -> _Piece | None:
        for piece in self._pieces:
            if piece.start <= position < piece.end:
                self._pieces.remove(piece)
                self._pieces.append(piece)
                self.hit_count += 1
                return piece
        return None

    def _get(self, position: int, last: int) -> _Piece:
        """Fetch from `position` to `last` at least, but nothing that is here or under way."""
        end = min(max(last, position + max(self._ahead, _LEAST_BYTES)), self.size)
        end = min([end, *(piece.start for piece in self._pieces if piece.start > position)])
        self.miss_count += 1
        self.total_requested_bytes += end - position
        done: Future[bytes | bytearray] = Future()
        done.set_result(self.fetcher(position, end))
        piece = _Piece(position, end, done)
        if end - position <= 2 * self.blocksize:
            self._pieces.append(piece)
        return piece

    def _bytes_of(self, piece: _Piece) -> bytes | bytearray:
        try:
            return piece.coming.result()
        except (OSError, CancelledError):  # nobody saw it fail: the reader tries for himself
            self._pieces = [one for one in self._pieces if one is not piece]
            block: bytes | bytearray = self.fetcher(piece.start, piece.end)
            return block

    def _look_ahead(self) -> None:
        if self._ahead < min(_PREFETCH_FROM_BYTES, self.blocksize):
            return
        position = self._position
        limit = min(self._position + self._threads * self._ahead, self.size)
        while position < limit:
            known = next((one for one in self._pieces if one.start <= position < one.end), None)
            if known is None:
                known = self._order(position, min(position + self._ahead, self.size))
            position = known.end

    def _order(self, start: int, end: int) -> _Piece:
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self._threads, "labset-read-ahead")
        self.total_requested_bytes += end - start
        piece = _Piece(start, end, self._pool.submit(self.fetcher, start, end))
        self._pieces.insert(0, piece)
        return piece

    def _forget(self) -> None:
        """Drop what is behind a walker, and what somebody who jumped left waiting."""
        limit = self._position + (self._threads + 1) * max(self._ahead, _LEAST_BYTES)
        behind = [one for one in self._pieces if one.end <= self._position or one.start > limit]
        held = 0
        for count, piece in enumerate(reversed(behind)):
            held += piece.end - piece.start
            if count >= _KEPT_PIECES or held > self.blocksize:
                piece.coming.cancel()
                self._pieces.remove(piece)


register_cache(ReadAhead, clobber=True)
