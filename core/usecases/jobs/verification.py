"""Find out whether all bytes that a revision names are on their site: at once, or by reading them all."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from core.errors import Damaged, DataMissing, TooLarge, Unavailable
from core.model.access import Actor
from core.model.content import Broken, Entry, Pointer, Text
from core.model.jobs import LEASE, Job, JobState
from core.model.names import DatasetId, FilePath, Md5, Ref
from core.model.storage import Placement, WantedObject
from core.model.verification import Problem, Sort, Subject, Verification
from core.ports import Platform
from core.usecases.access.opening import Needs, open_dataset, open_placement
from core.usecases.reading.browse import resolve_ref
from core.usecases.reading.contents import site_sizes
from core.usecases.reading.packed import read_packed

KIND = "verification"
_TOLD_EVERY = timedelta(seconds=1)
_PATIENCE_SECONDS = 5.0
_TRIES = 6  # a site that stalls for half a minute does not undo hours of reading

_Object = tuple[Md5, bool]  # and whether it lies where DVC 2 put it


def check_presence(
    platform: Platform, actor: Actor, dataset_id: DatasetId, ref: Ref | None
) -> tuple[Verification, Job | None]:
    """Ask the site for all objects of a revision, and return the last job that read them all.

    Raises:  SiteForbidden: what the site holds is told to whoever may read there.
    """
    dataset, revision = resolve_ref(platform, actor, dataset_id, ref)
    subject = Subject(dataset_id, revision)
    entries = platform.history.walk_entries(dataset_id, revision, None)
    placement = None
    if any(isinstance(entry.content, Pointer) for entry in entries):
        placement = open_placement(platform, actor, dataset)
    named = _named(platform, placement, entries)
    sizes = site_sizes(platform, placement, named.pointers) if placement else {}
    seen = _judge(subject, named, sizes, platform.clock.now(), None)
    return seen, platform.jobs.find_newest_job(KIND, str(subject))


def request_verification(
    platform: Platform, actor: Actor, dataset_id: DatasetId, ref: Ref | None
) -> Job:
    """Keep a job that reads every byte of a revision; the one that is at it already, if there is.

    Raises:  Unauthenticated, for nobody; SiteForbidden.
    """
    person = platform.directory.read_person(actor)
    dataset, revision = resolve_ref(platform, actor, dataset_id, ref)
    open_placement(platform, actor, dataset)
    subject = str(Subject(dataset_id, revision))
    known = platform.jobs.find_newest_job(KIND, subject)
    if known is not None and known.state in {JobState.QUEUED, JobState.RUNNING}:
        return known
    now = platform.clock.now()
    job = Job(
        secrets.token_hex(16), KIND, subject, person.username, JobState.QUEUED, now, unit="bytes"
    )
    platform.jobs.create_job(job)
    return job


def check_may_see_verification(platform: Platform, actor: Actor, job: Job) -> None:
    """Ask whether the caller holds both keys of what a job verifies. Raises: as `open_placement`."""
    dataset_id = Subject.parse(job.subject).dataset_id
    open_placement(platform, actor, open_dataset(platform, actor, dataset_id, Needs.READ))


def run_verification(platform: Platform, job: Job) -> Mapping[str, object]:
    """Read every byte that a revision names; return what is wrong. Saves progress on the way.

    Raises:  Unavailable, if the site stays silent for over half a minute: the job is tried again.
    """
    subject = Subject.parse(job.subject)
    entries = platform.history.walk_entries(subject.dataset_id, subject.revision, None)
    placement = platform.bindings.find_placement(subject.dataset_id)
    named = _named(platform, placement, entries)
    sizes = site_sizes(platform, placement, named.pointers) if placement else {}
    progress = _Progress(platform, job, sum(sizes.values()))
    wrong = frozenset[_Object]()
    if placement is not None:
        wanted = [_wanted(one, sizes[one]) for one in named.objects if one in sizes]
        wrong = frozenset(_wrong(platform, placement, wanted, progress))
    return _judge(subject, named, sizes, platform.clock.now(), wrong).told()


@dataclass(slots=True)
class _Named:
    """What a revision names: the files that stand for each object, and what cannot be read."""

    files: int = 0
    text_bytes: int = 0
    objects: dict[_Object, list[tuple[FilePath, Pointer]]] = field(default_factory=dict)
    broken: list[Problem] = field(default_factory=list)
    unreadable: list[Problem] = field(default_factory=list)

    @property
    def pointers(self) -> list[Pointer]:
        """One pointer for each object."""
        return [users[0][1] for users in self.objects.values()]

    def add(self, path: FilePath, pointer: Pointer) -> None:
        """Note that `path` stands for an object."""
        self.objects.setdefault((pointer.md5, pointer.legacy), []).append((path, pointer))
        self.files += not pointer.md5.is_directory


def _named(platform: Platform, placement: Placement | None, entries: Sequence[Entry]) -> _Named:
    named = _Named()
    for entry in entries:
        content = entry.content
        if isinstance(content, Pointer) and placement:
            named.add(entry.path, content)
            if entry.packed is not None:
                _add_packed(platform, placement, entry.path, content, named)
        elif isinstance(content, Text):
            named.files += 1
            named.text_bytes += content.size_bytes
        else:
            says = content.problem if isinstance(content, Broken) else "the dataset has no site"
            named.files += 1
            named.broken.append(Problem(entry.path, says=says))
    return named


def _add_packed(
    platform: Platform, placement: Placement, folder: FilePath, pointer: Pointer, named: _Named
) -> None:
    try:
        listing = read_packed(platform.objects, placement, folder, pointer)
    except DataMissing:
        return  # as an object it is looked for anyway
    except Damaged:
        named.unreadable.append(Problem(folder, pointer.md5))
    except TooLarge as error:
        named.broken.append(Problem(folder, says=error.message))
    else:
        for path, md5 in listing.items():
            named.add(path, Pointer(md5, None, legacy=pointer.legacy))


def _judge(
    subject: Subject,
    named: _Named,
    sizes: Mapping[_Object, int],
    checked_at: datetime,
    wrong: frozenset[_Object] | None,
) -> Verification:
    """Sort what was found; `wrong` are the objects whose bytes were read and are others."""
    problems: dict[Sort, list[Problem]] = {"broken": named.broken, "damaged": named.unreadable}
    size_bytes = named.text_bytes
    for one, users in named.objects.items():
        held_bytes = sizes.get(one)
        for path, pointer in users:
            told_bytes = None if pointer.md5.is_directory else pointer.size_bytes
            expected_bytes = held_bytes if told_bytes is None else told_bytes
            size_bytes += 0 if pointer.md5.is_directory else expected_bytes or 0
            sort: Sort | None = None
            if held_bytes is None:
                sort = "missing"
            elif expected_bytes != held_bytes:
                sort = "wrong_size"
            elif wrong and one in wrong:
                sort = "damaged"
            if sort:
                problems.setdefault(sort, []).append(Problem(path, pointer.md5, told_bytes))
    return Verification(
        subject=subject,
        level="presence" if wrong is None else "bytes",
        files=named.files,
        size_bytes=size_bytes,
        checked_at=checked_at,
        problems={sort: _by_path(found) for sort, found in problems.items()},
    )


def _by_path(found: Sequence[Problem]) -> tuple[Problem, ...]:
    by_path = {problem.path: problem for problem in found}
    return tuple(by_path[path] for path in sorted(by_path))


def _wanted(one: _Object, size_bytes: int) -> WantedObject:
    md5, legacy = one
    return WantedObject(md5, size_bytes, legacy=legacy)


def _wrong(
    platform: Platform,
    placement: Placement,
    wanted: Sequence[WantedObject],
    progress: _Progress,
) -> Iterator[_Object]:
    """Yield the objects whose bytes are not theirs; begins again where a silent site broke off."""
    position = 0
    tries = 0
    while position < len(wanted):
        try:
            right = platform.objects.prove_many(placement, wanted[position:], progress.advance)
            for one, is_right in zip(wanted[position:], right, strict=True):
                position += 1
                tries = 0
                progress.settle(one.size_bytes)
                if not is_right:
                    yield one.md5, one.legacy
        except Unavailable:
            tries += 1
            if tries > _TRIES:
                raise
            progress.wait(_PATIENCE_SECONDS)


class _Progress:
    """Says in the job's row about once a second how far it is, and keeps its lease alive."""

    def __init__(self, platform: Platform, job: Job, total_bytes: int) -> None:
        self._platform = platform
        self._job_id = job.id
        self._total_bytes = total_bytes
        self._settled_bytes = 0
        self._under_way_bytes = 0
        self._told_at: datetime | None = None
        self._tell()

    def advance(self, passed_bytes: int) -> None:
        """Note bytes of an object that is being read."""
        self._under_way_bytes += passed_bytes
        self._tell()

    def settle(self, size_bytes: int) -> None:
        """Note that an object was read."""
        self._settled_bytes += size_bytes
        self._under_way_bytes = 0
        self._tell()

    def wait(self, seconds: float) -> None:
        """Let some time pass; what was being read begins anew."""
        self._under_way_bytes = 0
        self._platform.clock.sleep(seconds)
        self._tell()

    def _tell(self) -> None:
        now = self._platform.clock.now()
        if self._told_at is not None and now - self._told_at < _TOLD_EVERY:
            return
        self._told_at = now
        self._platform.jobs.save_progress(
            self._job_id,
            done=min(self._settled_bytes + self._under_way_bytes, self._total_bytes),
            total=self._total_bytes,
            message="reading every byte",
            lease_until=now + LEASE,
        )
