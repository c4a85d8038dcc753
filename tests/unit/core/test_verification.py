from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import SimpleNamespace
from typing import cast

import pytest

from core.errors import Unavailable
from core.model.content import Broken, Content, Entry, Pointer, Text
from core.model.jobs import Job, JobState
from core.model.names import DatasetId, FilePath, Md5, Revision, SiteId
from core.model.storage import Placement, SiteAddress, SiteKind, SiteRecord, WantedObject
from core.model.verification import MAX_LISTED_PROBLEMS, Problem, Subject, Verification
from core.ports import Platform
from core.usecases.jobs.verification import KIND, run_verification
from tests.fakes.clock import FakeClock
from tests.fakes.objects import FakeObjects

SUBJECT = Subject(DatasetId(7), Revision("c" * 40))
SITE = SiteRecord(SiteId(5), "fake", SiteAddress(SiteKind.LOCAL, "file:///x"), None, "root")
PLACEMENT = Placement(DatasetId(7), SITE, "7-place")


class SilentSometimes(FakeObjects):
    """Does not answer a number of times, each time after two objects."""

    silences = 0

    def prove_many(
        self,
        placement: Placement,
        wanted: Iterable[WantedObject],
        advance: Callable[[int], None],
    ) -> Iterator[bool]:
        for count, right in enumerate(super().prove_many(placement, wanted, advance)):
            if count == 2 and self.silences:
                self.silences -= 1
                raise Unavailable("It is silent.")
            yield right


@dataclass
class Jobs:
    """What was told of a job."""

    told: list[tuple[int, int]] = field(default_factory=list)

    def save_progress(
        self, job_id: str, *, done: int, total: int, message: str, lease_until: datetime
    ) -> None:
        del job_id, message, lease_until
        self.told.append((done, total))


def pointer_to(data: bytes) -> Pointer:
    return Pointer(Md5(hashlib.md5(data, usedforsecurity=False).hexdigest()), len(data))


def run(
    objects: FakeObjects, clock: FakeClock, contents: Mapping[str, Content]
) -> tuple[Mapping[str, object], Jobs]:
    jobs = Jobs()
    entries = [Entry(FilePath(path), "file", content) for path, content in contents.items()]
    platform = SimpleNamespace(
        history=SimpleNamespace(walk_entries=lambda *_: entries),
        bindings=SimpleNamespace(find_placement=lambda _: PLACEMENT),
        objects=objects,
        jobs=jobs,
        clock=clock,
    )
    job = Job("1", KIND, str(SUBJECT), "alice", JobState.RUNNING, clock.now())
    return run_verification(cast("Platform", platform), job), jobs


def files_at(objects: FakeObjects, number: int) -> dict[str, Content]:
    data = [f"file {one}".encode() for one in range(number)]
    for one in data:
        objects.put(PLACEMENT, [one])
    return {f"{count}.bin": pointer_to(one) for count, one in enumerate(data)}


def test_a_site_that_is_silent_for_a_while_undoes_nothing() -> None:
    clock = FakeClock()
    objects = SilentSometimes(clock)
    contents = files_at(objects, 9)
    objects.bytes_at = {
        key: b"FILE 5" if data == b"file 5" else data for key, data in objects.bytes_at.items()
    }
    objects.silences = 3
    told, jobs = run(objects, clock, contents)
    assert told["counts"] == {"missing": 0, "wrong_size": 0, "damaged": 1, "broken": 0}
    assert told["damaged"] == [{"path": "5.bin", "md5": pointer_to(b"file 5").md5.hex, "size": 6}]
    assert [done for done, _ in jobs.told] == sorted(done for done, _ in jobs.told)
    assert {total for _, total in jobs.told} == {9 * 6}


def test_a_site_that_stays_silent_ends_the_try() -> None:
    clock = FakeClock()
    objects = SilentSometimes(clock)
    contents = files_at(objects, 3)
    objects.silences = 100
    contents = {path: content for path, content in contents.items() if path != "0.bin"}
    assert run(objects, clock, contents)[0]["ok"]  # two files: it never comes to the third

    class Mute(FakeObjects):
        def prove_many(self, *_: object) -> Iterator[bool]:
            raise Unavailable("It is silent.")

    mute = Mute(clock)
    with pytest.raises(Unavailable):
        run(mute, clock, files_at(mute, 1))


def test_every_sort_of_file_is_counted_once() -> None:
    clock = FakeClock()
    objects = FakeObjects(clock)
    contents = files_at(objects, 2) | {
        "same.bin": pointer_to(b"file 0"),
        "gone.bin": pointer_to(b"gone"),
        "lies.bin": Pointer(pointer_to(b"file 1").md5, 99),
        "note.md": Text("a" * 40, 10),
        "link": Broken("it is a link"),
    }
    told, _ = run(objects, clock, contents)
    assert (told["files"], told["bytes"]) == (7, 6 + 6 + 6 + 4 + 99 + 10)
    assert told["counts"] == {"missing": 1, "wrong_size": 1, "damaged": 0, "broken": 1}
    assert told["broken"] == [{"path": "link", "problem": "it is a link"}]


def test_long_lists_are_cut_and_counted() -> None:
    problems = tuple(Problem(FilePath(f"{n}.bin")) for n in range(MAX_LISTED_PROBLEMS + 1))
    found = Verification(SUBJECT, "bytes", 9, 9, FakeClock().now(), {"missing": problems})
    told = found.told()
    assert isinstance(told["missing"], list)
    assert len(told["missing"]) == MAX_LISTED_PROBLEMS
    assert told["truncated"]
    assert told["counts"] == {
        "missing": MAX_LISTED_PROBLEMS + 1,
        "wrong_size": 0,
        "damaged": 0,
        "broken": 0,
    }


def test_a_subject_is_read_as_it_was_written() -> None:
    assert Subject.parse(str(SUBJECT)) == SUBJECT
