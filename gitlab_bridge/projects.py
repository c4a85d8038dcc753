"""GitLab's project, namespace and user JSON, read into values of ours in this one place.

Fields may be absent: guests of a private project get no `default_branch`, nobody gets no
`permissions`, older servers know less. What is absent is never guessed to the caller's advantage.
Source:  GitLab's API documentation of projects, namespaces and users.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal, cast

from core.errors import Invalid, Unavailable
from core.model.access import AccessLevel, Person, Visibility
from core.model.dataset import (
    DATASET_TOPIC,
    DEFAULT_BRANCH,
    KIND_TOPIC_PREFIX,
    Dataset,
    Kind,
    Namespace,
    check_tags,
    is_own_topic,
)
from core.model.names import DatasetId, SiteId
from core.model.storage import SiteProject
from gitlab_bridge.client import Payload

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Project:
    """One project as GitLab showed it to one caller, as dataset and as site.

    `level` is the role that the project's own answer tells (not roles by sharing).
    """

    dataset: Dataset
    site: SiteProject
    topics: tuple[str, ...]

    @property
    def level(self) -> AccessLevel:
        """The role that the answer itself tells."""
        return self.dataset.level

    def with_namespace(self, namespace: Namespace) -> Project:
        """Return the project in a namespace of which more is known."""
        return Project(
            replace(self.dataset, namespace=namespace),
            replace(self.site, namespace=namespace),
            self.topics,
        )

    def dataset_at(self, level: AccessLevel) -> Dataset:
        """Return the dataset with the caller's effective role."""
        return self.dataset if level is self.level else replace(self.dataset, level=level)

    def site_at(self, level: AccessLevel) -> SiteProject:
        """Return the site with the caller's effective role."""
        return self.site if level is self.level else replace(self.site, level=level)


def parse_project(payload: Payload, *, anonymous: bool = False) -> Project | None:
    """Read a project; None where GitLab has only marked it for deletion.

    Raises:  Unavailable, if this is no project.
    """
    if is_leaving(payload):
        return None
    try:
        return _parse(payload, Visibility.PUBLIC if anonymous else Visibility.PRIVATE)
    except (KeyError, TypeError, ValueError, AttributeError, Invalid) as error:
        raise Unavailable("GitLab's answer could not be read; try again in a moment.") from error


def parse_projects(rows: Iterable[Payload], *, anonymous: bool = False) -> list[Project]:
    """Read rows of a list, without those that are marked for deletion."""
    found = (parse_project(row, anonymous=anonymous) for row in rows)
    return [project for project in found if project is not None]


def is_leaving(payload: Payload) -> bool:
    """Whether GitLab shows the project only until it is deleted."""
    marks = ("marked_for_deletion_on", "marked_for_deletion_at", "pending_delete")
    return any(payload.get(mark) for mark in marks)


def level_of(number: object) -> AccessLevel:
    """Return the highest role of ours that does not exceed GitLab's number (None: no role)."""
    if not isinstance(number, int):
        return AccessLevel.NONE
    return max(level for level in AccessLevel if level <= max(number, 0))


def parse_person(payload: Payload) -> Person:
    """Read the answer of `GET /user`; `email` is the one that GitLab uses for commits."""
    try:
        return Person(
            id=int(payload["id"]),
            username=str(payload["username"]),
            name=str(payload.get("name") or payload["username"]),
            email=str(payload.get("commit_email") or payload.get("email") or ""),
            is_admin=payload.get("is_admin") is True,
            avatar_url=payload.get("avatar_url") or None,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise Unavailable("GitLab's answer could not be read; try again in a moment.") from error


def parse_namespace(payload: Payload, visibility: Visibility | None = None) -> Namespace:
    """Read a namespace or a group.

    A person's own place closes nothing: PUBLIC. A group says its visibility itself; where only its
    namespace is at hand, `visibility` is what is known.
    """
    kind: Literal["user", "group"] = "user" if payload.get("kind") == "user" else "group"
    known = Visibility.PUBLIC if kind == "user" else _visibility(payload, visibility)
    full_path = str(payload.get("full_path") or payload["path"])
    name = str(payload.get("name") or full_path)
    return Namespace(int(payload["id"]), full_path, name, kind, known)


def tags_of(topics: Iterable[str]) -> tuple[str, ...]:
    """Return the topics that people gave."""
    return tuple(topic for topic in topics if _is_tag(topic))


def changed_topics(
    topics: Iterable[str], *, tags: tuple[str, ...] | None, kind: Kind | None
) -> list[str]:
    """Return the topics after a change of tags or kind (None leaves them).

    Our own marks stay, and so does what could never be a tag of ours.
    """
    kept = [topic for topic in topics if tags is None or not _is_tag(topic)]
    if kind is not None:
        kept = [topic for topic in kept if not topic.casefold().startswith(KIND_TOPIC_PREFIX)]
        kept.append(f"{KIND_TOPIC_PREFIX}{kind.value}")
    return list(dict.fromkeys([*kept, *(tags or ())]))


def new_topics(mark: str, tags: tuple[str, ...], kind: Kind | None = None) -> list[str]:
    """Return the topics of a project that Labset makes."""
    kinds = [f"{KIND_TOPIC_PREFIX}{kind.value}"] if kind else []
    return list(dict.fromkeys([mark, *kinds, *tags]))


def _parse(payload: Payload, floor: Visibility) -> Project:
    topics = tuple(str(topic) for topic in payload.get("topics") or ())
    visibility = _visibility(payload, floor)
    path = str(payload["path_with_namespace"])
    dataset = Dataset(
        id=DatasetId(int(payload["id"])),
        name=str(payload["name"]),
        path_with_namespace=path,
        namespace=_namespace_of_project(payload, path, visibility),
        description=str(payload.get("description") or ""),
        visibility=visibility,
        tags=tags_of(topics),
        kind=_kind(topics),
        default_branch=_default_branch(payload),
        gitlab_url=str(payload.get("web_url") or ""),
        created_at=_moment(payload.get("created_at")),
        last_activity_at=_moment(payload.get("last_activity_at") or payload.get("created_at")),
        level=_own_level(payload),
        readable="default_branch" in payload,
        marked=any(topic.casefold() == DATASET_TOPIC for topic in topics),
        archived=payload.get("archived") is True,
    )
    return Project(dataset, _as_site(dataset), topics)


def _as_site(dataset: Dataset) -> SiteProject:
    return SiteProject(
        id=SiteId(dataset.id.number),
        name=dataset.name,
        path_with_namespace=dataset.path_with_namespace,
        namespace=dataset.namespace,
        description=dataset.description,
        visibility=dataset.visibility,
        tags=dataset.tags,
        gitlab_url=dataset.gitlab_url,
        level=dataset.level,
    )


def _namespace_of_project(payload: Payload, path: str, visibility: Visibility) -> Namespace:
    # a project's JSON does not tell its group's visibility: it is at least the project's own
    told = payload.get("namespace")
    if isinstance(told, dict) and "id" in told:
        return parse_namespace(told, visibility)
    full_path = path.rpartition("/")[0]
    return Namespace(0, full_path, full_path, "group", visibility)


def _own_level(payload: Payload) -> AccessLevel:
    permissions = payload.get("permissions") or {}
    accesses = (permissions.get("project_access"), permissions.get("group_access"))
    return max(level_of((access or {}).get("access_level")) for access in accesses)


def _default_branch(payload: Payload) -> str:
    # an empty repository's first branch is ours to name, whatever the server would call it
    if payload.get("empty_repo") is True:
        return DEFAULT_BRANCH
    return str(payload.get("default_branch") or DEFAULT_BRANCH)


def _kind(topics: tuple[str, ...]) -> Kind:
    folded = (topic.casefold() for topic in topics)
    named = (
        text.removeprefix(KIND_TOPIC_PREFIX)
        for text in folded
        if text.startswith(KIND_TOPIC_PREFIX)
    )
    return next((Kind(name) for name in named if name in set(Kind)), Kind.BINARY)


def _visibility(payload: Payload, otherwise: Visibility | None) -> Visibility:
    told = payload.get("visibility")
    if told in set(Visibility):
        return Visibility(cast("str", told))
    return otherwise or Visibility.PRIVATE


def _is_tag(topic: str) -> bool:
    if is_own_topic(topic):
        return False
    try:
        check_tags((topic,))
    except Invalid:
        return False
    return True


def _moment(text: object) -> datetime:
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return EPOCH
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
