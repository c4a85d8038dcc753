"""Files of a session that arrive in parts: where they lie, and what of them is there."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from core.errors import Invalid, LabsetError
from core.model.names import FilePath, UploadId
from core.model.parts import MIN_MULTIPART_BYTES, Arrived, Part, PartPlan, StagedFile, plan_parts
from core.model.storage import Link, Placement
from core.model.uploads import UploadFile, UploadSession
from core.ports import Platform

MAX_TOLD_FILES = 32
MAX_FIRST_LINKS = 100
MAX_PART_LINKS = 1_000

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PartsView:
    """What of a large file is there, and links for the rest of it.

    `takes_parts`: the client may send parts to the site. `is_told`: the site was asked; of many files
    only the first are, the others by asking for their links.
    """

    plan: PartPlan
    takes_parts: bool
    is_told: bool = True
    is_being_proven: bool = False
    present: Sequence[Part] = ()
    links: Mapping[int, Link] = field(default_factory=dict)
    received_bytes: int = 0
    problem: str | None = None


def view_parts(
    platform: Platform,
    placement: Placement,
    session: UploadSession,
    missing: Iterable[UploadFile],
    *,
    staged: Iterable[StagedFile] = (),
    numbers: Sequence[int] | None = None,
) -> dict[FilePath, PartsView]:
    """Return what is there of the missing files that arrive in parts.

    `numbers` are the parts to link; without them the first that are missing.
    """
    viewer = _Viewer(platform, placement, session, {one.path: one for one in staged}, numbers)
    views: dict[FilePath, PartsView] = {}
    for file in missing:
        if viewer.concerns(file):
            views[file.path] = viewer.view(file, is_told=len(views) < MAX_TOLD_FILES)
    return views


def open_staged(
    platform: Platform, placement: Placement, upload_id: UploadId, file: UploadFile
) -> tuple[StagedFile, Arrived]:
    """Return where a file's parts lie and which are there; makes room for them, if there is none."""
    found = next(iter(platform.staged.list_staged(upload_id, [file.path])), None)
    if found is not None and found.problem is None:
        arrived = platform.parts.find_arrived(placement, found.staging, plan_parts(file.size_bytes))
        if arrived is not None:
            return found, arrived
        platform.staged.forget_staged(upload_id, file.path)
    ours = platform.parts.begin(placement)
    chosen = platform.staged.record_staged(upload_id, file.path, ours)
    if chosen != ours:  # another process was first
        platform.parts.drop(placement, ours)
    return StagedFile(file.path, chosen), Arrived((), 0)


def drop_staged(platform: Platform, placement: Placement, upload_id: UploadId) -> None:
    """Take back what lies in parts of a session that ends; the sweeper takes what cannot be reached."""
    now = platform.clock.now()
    for one in platform.staged.list_staged(upload_id):
        if one.is_being_proven(now):
            continue
        try:
            platform.parts.drop(placement, one.staging)
            platform.staged.forget_staged(upload_id, one.path)
        except LabsetError as error:
            _log.warning("parts of upload %s stay for now: %s", upload_id, error.message)


class _Viewer:
    """Tells files one by one; the links of one answer are counted together."""

    def __init__(
        self,
        platform: Platform,
        placement: Placement,
        session: UploadSession,
        staged: Mapping[FilePath, StagedFile],
        numbers: Sequence[int] | None,
    ) -> None:
        self._platform = platform
        self._placement = placement
        self._session = session
        self._staged = staged
        self._numbers = numbers
        self._gives_links = session.multipart and platform.parts.takes_parts(placement)
        self._links_left = MAX_PART_LINKS

    def concerns(self, file: UploadFile) -> bool:
        return file.path in self._staged or self._takes_parts(file)

    def view(self, file: UploadFile, *, is_told: bool) -> PartsView:
        plan = plan_parts(file.size_bytes)
        known = self._staged.get(file.path)
        takes_parts = self._takes_parts(file)
        problem = known.problem if known else None
        if known is not None and known.is_being_proven(self._platform.clock.now()):
            return PartsView(
                plan, takes_parts, is_being_proven=True, received_bytes=file.size_bytes
            )
        if not is_told or (problem and not takes_parts):
            return PartsView(plan, takes_parts, is_told=False, problem=problem)
        opened, arrived = open_staged(self._platform, self._placement, self._session.id, file)
        links = self._links(opened, plan, arrived) if takes_parts else {}
        return PartsView(
            plan,
            takes_parts,
            present=arrived.parts,
            links=links,
            received_bytes=arrived.received_bytes,
            problem=problem,
        )

    def _takes_parts(self, file: UploadFile) -> bool:
        is_large = file.size_bytes > MIN_MULTIPART_BYTES and not file.git_candidate
        return is_large and self._gives_links

    def _links(self, opened: StagedFile, plan: PartPlan, arrived: Arrived) -> Mapping[int, Link]:
        if arrived.is_joined:
            return {}
        if self._numbers is None:
            present = {one.number for one in arrived.parts}
            wanted = plan.missing(present, min(MAX_FIRST_LINKS, self._links_left))
        else:
            _check_numbers(plan, self._numbers)
            wanted = list(self._numbers[: self._links_left])
        self._links_left -= len(wanted)
        return self._platform.parts.links(self._placement, opened.staging, plan, wanted) or {}


def _check_numbers(plan: PartPlan, numbers: Sequence[int]) -> None:
    wrong = next((number for number in numbers if not plan.has(number)), None)
    if wrong is not None:
        raise Invalid(
            f"There is no part {wrong}: the file has the parts 1 to {plan.count}.",
            details={"field": "parts"},
        )
    if len(numbers) > MAX_PART_LINKS:
        raise Invalid(f"Ask for at most {MAX_PART_LINKS:,} parts.", details={"field": "parts"})
