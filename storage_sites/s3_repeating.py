"""Requests that may be made again: a site that is busy for a moment does not end a long upload."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final, TypeVar

import obstore

from core.errors import Unavailable
from storage_sites.s3_connection import S3Connection
from storage_sites.s3_errors import Kind, SiteFailure
from storage_sites.s3_reading import bare_tag, get, stream_of

if TYPE_CHECKING:
    from obstore import GetOptions, GetResult

REPEAT_SECONDS: Final = 30.0  # while the site answers others
SILENT_SECONDS: Final = (
    8.0  # while it answers nobody: with the last attempt within P10's 15 seconds
)
_FIRST_PAUSE_SECONDS: Final = 0.5
_LONGEST_PAUSE_SECONDS: Final = 4.0

AnswerT = TypeVar("AnswerT")


def repeated(
    connection: S3Connection, ask: Callable[[], AnswerT], *, from_pool: bool = True
) -> AnswerT:
    """Make a request until it succeeds, with longer and longer pauses.

    Only what may pass by itself is tried again.
    Raises:  SiteFailure, Unavailable.
    """
    began = time.monotonic()
    pause = _FIRST_PAUSE_SECONDS
    while True:
        try:
            with connection.call(from_pool=from_pool):
                return ask()
        except Unavailable as problem:
            limit = SILENT_SECONDS if connection.gate.is_stalled else REPEAT_SECONDS
            if not _may_pass(problem) or time.monotonic() + pause - began > limit:
                raise
        time.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)


def read_patiently(connection: S3Connection, key: str) -> Iterator[bytes] | None:
    """Read a whole key that nobody changes meanwhile, in pieces of about 1 MiB; None if it is not there.

    Where the stream breaks off it goes on from there, unless it does so twice at the same byte.
    """
    with connection.call():
        result = get(connection.streaming, key)
    return None if result is None else _going_on(connection, key, result)


def find_patiently(connection: S3Connection, key: str) -> tuple[int, str] | None:
    """Return the size in bytes and the ETag, of whatever form, of what is at `key`."""
    try:
        meta = repeated(connection, lambda: obstore.head(connection.quick, key), from_pool=False)
    except SiteFailure as problem:
        if problem.failure.kind is Kind.ABSENT:
            return None
        raise
    return meta["size"], bare_tag(meta["e_tag"])


def _going_on(connection: S3Connection, key: str, result: GetResult) -> Iterator[bytes]:
    passed_bytes, broken_at = 0, -1
    while True:
        try:
            for chunk in stream_of(connection, result):
                passed_bytes += len(chunk)
                yield chunk
        except SiteFailure:
            if passed_bytes == broken_at:
                raise
            broken_at = passed_bytes
        else:
            return
        result = _get_from(connection, key, passed_bytes)


def _get_from(connection: S3Connection, key: str, first: int) -> GetResult:
    options: GetOptions = {"range": {"offset": first}}
    return repeated(
        connection,
        lambda: obstore.get(connection.streaming, key, options=options),
        from_pool=False,
    )


def _may_pass(problem: Unavailable) -> bool:
    """Whether waiting can help; what the gate refuses by itself always may pass."""
    return not isinstance(problem, SiteFailure) or problem.failure.may_pass
