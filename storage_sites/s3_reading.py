"""What obstore's answers say, and streams of bytes whose errors are ours."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import obstore

from core.model.storage import CHUNK_BYTES
from storage_sites.s3_connection import S3Connection
from storage_sites.s3_errors import Kind, SiteFailure, failure_of
from storage_sites.store import Found

if TYPE_CHECKING:
    from obstore import GetResult, ObjectMeta
    from obstore.store import S3Store as ObstoreStore

_MD5_DIGITS: Final = 32


def find(connection: S3Connection, key: str, *, from_pool: bool = False) -> Found | None:
    """Return what is at `key`; one HEAD."""
    try:
        with connection.call(from_pool=from_pool):
            return found_of(obstore.head(connection.quick, key))
    except SiteFailure as problem:
        if problem.failure.kind is Kind.ABSENT:
            return None
        raise


def get(store: ObstoreStore, key: str) -> GetResult | None:
    """Begin a GET; None where there is no such key (a missing bucket raises)."""
    try:
        return obstore.get(store, key)
    except FileNotFoundError as error:
        if failure_of(error).kind is Kind.ABSENT:
            return None
        raise


def stream_of(connection: S3Connection, result: GetResult) -> Iterator[bytes]:
    """Yield the body in pieces of about 1 MiB. Raises SiteFailure, also for a body cut short."""
    stream = iter(result.stream(min_chunk_size=CHUNK_BYTES))
    while True:
        with connection.translated():
            chunk = next(stream, None)
        if chunk is None:
            return
        yield bytes(chunk)


def found_of(meta: ObjectMeta) -> Found:
    """Return what a HEAD, a GET or a listing says."""
    return Found(meta["size"], md5_of(meta["e_tag"]))


def md5_of(e_tag: str | None) -> str | None:
    """Return the md5 that an ETag is; None for those of multipart uploads and unknown forms."""
    bare = bare_tag(e_tag)
    is_md5 = len(bare) == _MD5_DIGITS and all(digit in "0123456789abcdef" for digit in bare)
    return bare if is_md5 else None


def bare_tag(e_tag: str | None) -> str:
    """Return an ETag without its quotes."""
    return (e_tag or "").removeprefix("W/").strip('"').lower()
