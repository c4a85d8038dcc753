"""A GitLab of two datasets and a site, as far as the asset database asks it."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from core.errors import Forbidden, NotFound, Unauthenticated
from core.model.access import AccessLevel, Actor, Person, Visibility
from core.model.content import Entry, Text
from core.model.dataset import Dataset, Kind, Namespace
from core.model.names import DatasetId, FilePath, Ref, Revision, SiteId
from core.model.storage import SiteProject
from core.ports import Platform

COMMIT = Revision("0123abcd" * 5)
SPACE = Namespace(1, "lab", "Lab", "group", Visibility.PUBLIC)
THEN = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class FakeDirectory:
    """Who may read what is in `readers`; `calls` is what was asked, and at once by how many."""

    people: dict[str, Person]
    readers: dict[str, set[int]] = field(default_factory=dict)
    developers: set[str] = field(default_factory=set)
    calls: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def read_person(self, actor: Actor, *, fresh: bool = False) -> Person:
        self._note(f"read_person fresh={fresh}")
        person = self.people.get(_name(actor))
        if person is None:
            raise Unauthenticated("GitLab refuses this token.")
        return person

    def check_may_write(self, actor: Actor) -> None:
        if _name(actor) == "reader":
            raise Forbidden("this token is for reading", code="insufficient_scope")

    def find_dataset(
        self, actor: Actor, dataset_id: DatasetId, *, at_least: AccessLevel, fresh: bool
    ) -> Dataset | None:
        assert at_least is AccessLevel.REPORTER
        assert not fresh
        self._note(f"find_dataset {dataset_id}")
        if dataset_id.number not in self.readers.get(_name(actor), set()):
            return None
        return some_dataset(dataset_id, readable=dataset_id.number != 13)

    def find_site(self, actor: Actor, site_id: SiteId, *, fresh: bool) -> SiteProject | None:
        assert fresh
        if site_id.number != 4:
            return None
        level = AccessLevel.DEVELOPER if _name(actor) in self.developers else AccessLevel.REPORTER
        return SiteProject(
            site_id, "s3-4", "lab/s3-4", SPACE, "", Visibility.PUBLIC, (), "https://g", level
        )

    def list_granters(self, actor: Actor, project: DatasetId | SiteId) -> Sequence[str]:
        del actor, project
        return ("root",)

    def _note(self, call: str) -> None:
        with self.lock:
            self.calls.append(call)


@dataclass
class FakeHistory:
    """One commit, which `main`, `v1.0` and its own digits name, and the texts in it."""

    texts: dict[str, bytes]

    def resolve(self, actor: Actor, dataset_id: DatasetId, ref: Ref) -> Revision:
        del actor, dataset_id
        if ref.name in {"main", "v1.0"} or COMMIT.sha.startswith(ref.name):
            return COMMIT
        raise NotFound("no such ref", code="ref_not_found")

    def find_entry(self, dataset_id: DatasetId, revision: Revision, path: FilePath) -> Entry | None:
        del dataset_id, revision
        data = self.texts.get(path.text)
        return None if data is None else Entry(path, "file", Text("0" * 40, len(data)))

    def read_text(self, dataset_id: DatasetId, text: Text) -> bytes:
        del dataset_id
        return next(data for data in self.texts.values() if len(data) == text.size_bytes)


def fake_platform(directory: FakeDirectory, texts: dict[str, bytes]) -> Platform:
    class Unbound:
        def find_placement(self, dataset_id: DatasetId) -> None:
            del dataset_id

    given: dict[str, Any] = dict.fromkeys(Platform.__dataclass_fields__)
    given |= {"directory": directory, "history": FakeHistory(texts), "bindings": Unbound()}
    return Platform(**given)


def some_dataset(dataset_id: DatasetId, *, readable: bool) -> Dataset:
    return Dataset(
        id=dataset_id,
        name="lamps",
        path_with_namespace="lab/lamps",
        namespace=SPACE,
        description="",
        visibility=Visibility.PRIVATE,
        tags=(),
        kind=Kind.ALBUM,
        default_branch="main",
        gitlab_url="https://gitlab.test/lab/lamps",
        created_at=THEN,
        last_activity_at=THEN,
        level=AccessLevel.REPORTER if readable else AccessLevel.GUEST,
        readable=readable,
    )


def _name(actor: Actor) -> str:
    return actor.token.reveal() if actor.token else ""
