"""Values to keep in the ledger, each different from the last."""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import TypeVar

from core.model.access import Secret
from core.model.jobs import Job, JobState
from core.model.logins import Login
from core.model.names import DatasetId, FilePath, Md5, Ref, SiteId, UploadId
from core.model.storage import Placement, SiteAddress, SiteKeys, SiteKind, SiteRecord
from core.model.uploads import LIFETIME, UploadFile, UploadSession, UploadState
from core.ports import Binding
from ledger.engine import Ledger

NOW = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
SOON = NOW + timedelta(seconds=30)
LATER = NOW + timedelta(minutes=5)

ResultT = TypeVar("ResultT")
_numbers = itertools.count(1)


def next_number() -> int:
    return next(_numbers)


def some_site() -> SiteRecord:
    number = next(_numbers)
    return SiteRecord(
        id=SiteId(number),
        name=f"site-{number}",
        address=SiteAddress(SiteKind.S3, f"s3://bucket/{number}", "http://s3.test", None, "eu"),
        keys=SiteKeys(Secret(f"access-{number}"), Secret(f"secret-{number}")),
        registered_by="alice",
    )


def some_placement(site: SiteRecord) -> Placement:
    number = next(_numbers)
    return Placement(DatasetId(number), site, f"prefix/{number}-x")


def some_reservation(site: SiteRecord) -> Binding:
    key = secrets.token_hex(16)
    return Binding(some_placement(site), order_key=key, bound=False, token=Secret("glpat-bind"))


def bound_placement(ledger: Ledger, site: SiteRecord) -> Placement:
    binding = some_reservation(site)
    ledger.bindings.reserve_binding(binding, SOON)
    ledger.bindings.confirm_binding(binding.placement.dataset_id)
    return binding.placement


def some_session(state: UploadState = UploadState.OPEN) -> UploadSession:
    return UploadSession(
        id=UploadId(secrets.token_hex(16)),
        dataset_id=DatasetId(next(_numbers)),
        owner_id=7,
        token=Secret("glpat-upload"),
        author_name="Älice",
        author_email="alice@lab.test",
        branch=Ref("main"),
        message="Add pictures\n\nfrom the line",
        base=None,
        state=state,
        created_at=NOW,
        expires_at=NOW + LIFETIME,
        files=3,
    )


def some_files() -> tuple[UploadFile, ...]:
    return (
        UploadFile(FilePath("a/picture.jpg"), 20_000, Md5("1" * 32)),
        UploadFile(FilePath("a/ß.xml"), 20, Md5("2" * 32), git_candidate=True),
        UploadFile(FilePath("b.jpg"), 5 * 2**32, Md5("3" * 32), unchanged=True),
    )


def kept_session(ledger: Ledger, files: Sequence[UploadFile] | None = None) -> UploadSession:
    session = some_session()
    ledger.uploads.create_upload(session, some_files() if files is None else files)
    return session


def some_job() -> Job:
    return Job(
        id=secrets.token_hex(16),
        kind="clone",
        subject="4473",
        owner="alice",
        state=JobState.QUEUED,
        created_at=NOW + timedelta(seconds=next(_numbers)),
        unit="files",
    )


def some_login() -> Login:
    return Login(
        id=Secret(secrets.token_urlsafe(32)),
        person_id=7,
        username="alice",
        name="Alice Älter",
        access_token=Secret("access-1"),
        refresh_token=Secret("refresh-1"),
        expires_at=NOW + timedelta(hours=2),
        csrf=Secret("csrf-1"),
        created_at=NOW,
        last_seen_at=NOW,
    )


def at_once(times: int, act: Callable[[int], ResultT]) -> list[ResultT]:
    """Run `act` in that many threads, all let go at the same moment."""
    gate = Barrier(times)

    def run(number: int) -> ResultT:
        gate.wait(30)
        return act(number)

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(run, range(times)))
