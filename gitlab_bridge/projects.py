"""GitLab's project, namespace and user JSON, read into values of ours in this one place.

Fields may be absent: guests of a private project get no `default_branch`, nobody gets no
`permissions`, older servers know less. What is absent is never guessed to the caller's advantage.
Source:  GitLab's API documentation of projects, namespaces and users.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Literal

from core.errors import Invalid
from core.model.access import AccessLevel, Person, TokenFacts, Visibility
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
from gitlab_bridge.fields import (
    Payload,
    find_number,
    find_object,
    find_text,
    number_in,
    text_in,
    texts_in,
    unreadable,
)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LEAVING = re.compile(r"-deletion_scheduled-\d+(?:/|$)")


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
        return _parse(payload, anonymous=anonymous)
    except Invalid as error:
        raise unreadable() from error


def parse_projects(rows: Iterable[Payload], *, anonymous: bool = False) -> list[Project]:
    """Read rows of a list, without those that are marked for deletion."""
    found = (parse_project(row, anonymous=anonymous) for row in rows)
    return [project for project in found if project is not None]


def is_leaving(payload: Payload) -> bool:
    """Whether GitLab shows the project or group only until it is deleted.

    Source:  GitLab 18 dates it and puts `-deletion_scheduled-<id>` at the end of its path.
    """
    marks = ("marked_for_deletion_on", "marked_for_deletion_at", "pending_delete")
    paths = (find_text(payload, key) for key in ("path_with_namespace", "full_path"))
    return any(payload.get(mark) for mark in marks) or any(map(_LEAVING.search, paths))


def is_filling(payload: Payload) -> bool:
    """Whether GitLab is still copying the repository of a new fork or import.

    Pull mirrors have the same states for ever, but are not empty.
    """
    under_way = payload.get("import_status") in ("scheduled", "started")
    return under_way and payload.get("empty_repo") is True


def level_of(number: object) -> AccessLevel:
    """Return the highest role of ours that does not exceed GitLab's number (None: no role)."""
    if not isinstance(number, int):
        return AccessLevel.NONE
    return max(level for level in AccessLevel if level <= max(number, 0))


def parse_person(payload: Payload) -> Person:
    """Read the answer of `GET /user`; `email` is the one that GitLab uses for commits.

    Raises:  Unavailable, if this is no person.
    """
    username = text_in(payload, "username")
    return Person(
        id=number_in(payload, "id"),
        username=username,
        name=find_text(payload, "name") or username,
        email=find_text(payload, "commit_email") or find_text(payload, "email"),
        is_admin=payload.get("is_admin") is True,
        avatar_url=find_text(payload, "avatar_url") or None,
    )


def parse_token(payload: Payload) -> TokenFacts:
    """Read the answer of `GET /personal_access_tokens/self`.

    Raises:  Unavailable, if this tells no scopes.
    """
    scopes = frozenset(texts_in(payload, "scopes"))
    return TokenFacts(find_text(payload, "name"), scopes, _day(find_text(payload, "expires_at")))


def parse_namespace(payload: Payload, visibility: Visibility | None = None) -> Namespace:
    """Read a namespace or a group.

    A person's own place closes nothing: PUBLIC. A group says its visibility itself; where only its
    namespace is at hand, `visibility` is what is known.
    Raises:  Unavailable, if this is no namespace.
    """
    kind: Literal["user", "group"] = "user" if payload.get("kind") == "user" else "group"
    known = Visibility.PUBLIC if kind == "user" else _visibility(payload, visibility)
    full_path = text_in(payload, "full_path")
    name = find_text(payload, "name") or full_path
    return Namespace(number_in(payload, "id"), full_path, name, kind, known)


def find_visibility(payload: Payload) -> Visibility | None:
    """Return the visibility that an answer tells, None where it tells none that we know."""
    told = find_text(payload, "visibility")
    return Visibility(told) if told in set(Visibility) else None


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


def _parse(payload: Payload, *, anonymous: bool) -> Project:
    topics = texts_in(payload, "topics")
    visibility = _visibility(payload, Visibility.PUBLIC if anonymous else Visibility.PRIVATE)
    path = text_in(payload, "path_with_namespace")
    created_at = _moment(find_text(payload, "created_at"))
    dataset = Dataset(
        id=DatasetId(number_in(payload, "id")),
        name=text_in(payload, "name"),
        path_with_namespace=path,
        namespace=_namespace_of_project(payload, path, visibility),
        description=find_text(payload, "description"),
        visibility=visibility,
        tags=tags_of(topics),
        kind=_kind(topics),
        default_branch=_default_branch(payload),
        gitlab_url=find_text(payload, "web_url"),
        created_at=created_at or EPOCH,
        last_activity_at=_moment(find_text(payload, "last_activity_at")) or created_at or EPOCH,
        level=_own_level(payload),
        readable="default_branch" in payload,
        marked=any(topic.casefold() == DATASET_TOPIC for topic in topics),
        archived=_is_archived(payload, anonymous=anonymous),
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
    told = find_object(payload, "namespace")
    full_path = find_text(told, "full_path") or path.rpartition("/")[0]
    if find_number(told, "id"):
        return parse_namespace({**told, "full_path": full_path}, visibility)
    return Namespace(0, full_path, full_path, "group", visibility)


def _own_level(payload: Payload) -> AccessLevel:
    permissions = find_object(payload, "permissions")
    accesses = (find_object(permissions, key) for key in ("project_access", "group_access"))
    return max(level_of(access.get("access_level")) for access in accesses)


def _is_archived(payload: Payload, *, anonymous: bool) -> bool:
    # nobody gets basic fields only, and may not write; who may must hear that it is not archived
    told = payload.get("archived")
    return told if isinstance(told, bool) else not anonymous


def _default_branch(payload: Payload) -> str:
    # an empty repository's first branch is ours to name, whatever the server would call it
    if payload.get("empty_repo") is True:
        return DEFAULT_BRANCH
    return find_text(payload, "default_branch") or DEFAULT_BRANCH


def _kind(topics: tuple[str, ...]) -> Kind:
    folded = (topic.casefold() for topic in topics)
    named = (
        text.removeprefix(KIND_TOPIC_PREFIX)
        for text in folded
        if text.startswith(KIND_TOPIC_PREFIX)
    )
    return next((Kind(name) for name in named if name in set(Kind)), Kind.BINARY)


def _visibility(payload: Payload, otherwise: Visibility | None) -> Visibility:
    return find_visibility(payload) or otherwise or Visibility.PRIVATE


def _is_tag(topic: str) -> bool:
    if is_own_topic(topic):
        return False
    try:
        check_tags((topic,))
    except Invalid:
        return False
    return True


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return None
