"""Files that have arrived in parts are read back and get their name: beside the request, which waits a while.

Nothing else holds what is being proven: neither the lease of a commit nor a transaction.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from functools import partial

from core.errors import Conflict, Invalid, LabsetError, Unavailable
from core.model.names import FilePath, UploadId
from core.model.parts import PROVING_LEASE, StagedFile, plan_parts
from core.model.storage import Placement
from core.model.uploads import UploadFile
from core.ports import Platform
from core.usecases.uploading.uploads import find_arrived

PATIENCE = timedelta(seconds=10)
_POLL_SECONDS = 0.05

_log = logging.getLogger(__name__)


def prove_arrived(
    platform: Platform, placement: Placement, upload_id: UploadId, files: Iterable[UploadFile]
) -> frozenset[FilePath]:
    """Prove those of `files` whose parts have all arrived; return which are still being proven.

    Waits 10 seconds at most.
    Raises:  Invalid (`wrong_checksum`), naming the path; Unavailable, if the site fell silent.
    """
    proving = _Proving(platform, placement, upload_id, files)
    deadline = platform.clock.now() + PATIENCE
    while waiting := proving.go_on():
        if platform.clock.now() >= deadline:
            return waiting
        platform.clock.sleep(_POLL_SECONDS)
    return frozenset()


def check_proven(platform: Platform, placement: Placement, upload_id: UploadId) -> None:
    """Prove what has arrived in parts before a commit.

    Raises:  as `prove_arrived`; Unavailable (`verifying`), while that takes longer.
    """
    staged = {one.path for one in platform.staged.list_staged(upload_id)}
    if not staged:
        return
    files = [one for one in platform.uploads.list_upload_files(upload_id) if one.path in staged]
    arrived = find_arrived(platform, placement, files)
    open_files = [one for one in files if one.path not in arrived]
    waiting = prove_arrived(platform, placement, upload_id, open_files)
    if waiting:
        raise Unavailable(
            f"{len(waiting)} large files are still being verified: ask again in a moment.",
            code="verifying",
            retry_after_seconds=2,
        )


class _Proving:
    """Some files of a session on their way from parts to their names."""

    def __init__(
        self,
        platform: Platform,
        placement: Placement,
        upload_id: UploadId,
        files: Iterable[UploadFile],
    ) -> None:
        self._platform = platform
        self._placement = placement
        self._upload_id = upload_id
        self._files = {file.path: file for file in files}
        self._incomplete: set[FilePath] = set()
        self._begun: set[FilePath] = set()

    def go_on(self) -> frozenset[FilePath]:
        """Begin what nobody is at; return what is not yet proven."""
        return frozenset(one.path for one in self._staged() if self._is_waiting(one))

    def _staged(self) -> list[StagedFile]:
        asked = list(self._files) if len(self._files) == 1 else None
        found = self._platform.staged.list_staged(self._upload_id, asked)
        return [
            one for one in found if one.path in self._files and one.path not in self._incomplete
        ]

    def _is_waiting(self, one: StagedFile) -> bool:
        if one.problem is not None:
            raise Invalid(
                f"{one.path}: {one.problem}",
                code=one.problem_code,
                details={"path": str(one.path)},
            )
        now = self._platform.clock.now()
        if one.is_being_proven(now):
            return True
        if one.path in self._begun:
            raise Unavailable(f"The bytes of {one.path} could not be verified: try again.")
        if not self._is_whole(one):
            self._incomplete.add(one.path)
            return False
        if self._platform.staged.begin_proving(self._upload_id, one.path, now, now + PROVING_LEASE):
            self._start(one)
        return True

    def _is_whole(self, one: StagedFile) -> bool:
        file = self._files[one.path]
        plan = plan_parts(file.size_bytes)
        arrived = self._platform.parts.find_arrived(self._placement, one.staging, plan)
        return arrived is not None and arrived.received_bytes == file.size_bytes

    def _start(self, one: StagedFile) -> None:
        file = self._files[one.path]
        act = partial(_prove, self._platform, self._placement, self._upload_id, file, one)
        if self._platform.beside.start(f"proving {self._upload_id}", act):
            self._begun.add(one.path)
        else:
            self._platform.staged.end_proving(self._upload_id, one.path)


def _prove(
    platform: Platform,
    placement: Placement,
    upload_id: UploadId,
    file: UploadFile,
    one: StagedFile,
) -> None:
    def keep_alive() -> None:
        until = platform.clock.now() + PROVING_LEASE
        platform.staged.keep_proving(upload_id, file.path, until)

    plan = plan_parts(file.size_bytes)
    try:
        platform.parts.finish(placement, one.staging, plan, file.md5, keep_alive)
        platform.uploads.mark_received(upload_id, [replace(file, received=True)])
    except Invalid as error:
        platform.staged.end_proving(upload_id, file.path, (error.code, error.message))
    except Conflict as error:  # the session has ended; the bytes stay for the next one
        _log.info("upload %s: %s", upload_id, error.message)
        platform.staged.forget_staged(upload_id, file.path)
    except LabsetError as error:
        _log.warning("upload %s: %s was not proven: %s", upload_id, file.path, error.message)
        platform.staged.end_proving(upload_id, file.path)
    else:
        platform.staged.forget_staged(upload_id, file.path)
