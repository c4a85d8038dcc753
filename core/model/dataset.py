"""Datasets as GitLab describes them to one caller."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Generic, Literal, TypeVar

from core.errors import Invalid
from core.model.access import AccessLevel, Visibility
from core.model.names import DatasetId

DATASET_TOPIC = "labset-dataset"
SITE_TOPIC = "labset-storage-site"
KIND_TOPIC_PREFIX = "labset-kind-"
DEFAULT_BRANCH = "main"

MAX_NAME_CHARACTERS = 255
MAX_DESCRIPTION_CHARACTERS = 2000
MAX_TAGS = 50
_NAME = re.compile(r"[\w\u00a9-\U0001f9ff][\w\u00a9-\U0001f9ff .+\-]*")
_TAG = re.compile(r"[^\x00-\x1f,]{1,255}")

ItemT = TypeVar("ItemT")


class Kind(StrEnum):
    """What a dataset is for."""

    ALBUM = "album"
    TABLE = "table"
    BINARY = "binary"
    MODEL = "model"
    PIPELINE = "pipeline"


@dataclass(frozen=True, slots=True)
class Namespace:
    """A person's or a group's place for datasets and sites."""

    id: int
    full_path: str
    name: str
    kind: Literal["user", "group"]
    visibility: Visibility


@dataclass(frozen=True, slots=True)
class Dataset:
    """One dataset as the caller may see it.

    `level` is the caller's effective role (NONE for outsiders of a public or internal dataset);
    `readable` says whether files may be read (a Guest of a private dataset may not).
    `marked` says whether it carries our topic. Times are UTC.
    """

    id: DatasetId
    name: str
    path_with_namespace: str
    namespace: Namespace
    description: str
    visibility: Visibility
    tags: tuple[str, ...]
    kind: Kind
    default_branch: str
    gitlab_url: str
    created_at: datetime
    last_activity_at: datetime
    level: AccessLevel
    readable: bool
    marked: bool = True
    archived: bool = False


@dataclass(frozen=True, slots=True)
class NewDataset:
    """What somebody asks for: checked texts, the namespace still a name."""

    name: str
    namespace: str
    description: str
    visibility: Visibility
    tags: tuple[str, ...]
    kind: Kind

    def __post_init__(self) -> None:
        check_name(self.name)
        check_description(self.description)
        check_tags(self.tags)


@dataclass(frozen=True, slots=True)
class DatasetChanges:
    """What to change; None leaves it."""

    name: str | None = None
    description: str | None = None
    visibility: Visibility | None = None
    tags: tuple[str, ...] | None = None
    kind: Kind | None = None

    def __post_init__(self) -> None:
        if self.name is not None:
            check_name(self.name)
        if self.description is not None:
            check_description(self.description)
        if self.tags is not None:
            check_tags(self.tags)


@dataclass(frozen=True, slots=True)
class DatasetQuery:
    """Which datasets to list. `page` counts from 1, `per_page` is 1 … 100."""

    search: str = ""
    tags: tuple[str, ...] = ()
    kind: Kind | None = None
    visibility: Visibility | None = None
    scope: Literal["all", "personal", "shared", "enterprise"] = "all"
    order: Literal["last_activity", "name", "created"] = "last_activity"
    page: int = 1
    per_page: int = 20


@dataclass(frozen=True, slots=True)
class Page(Generic[ItemT]):
    """One page of a list; `total` is None where counting would cost too much."""

    items: tuple[ItemT, ...]
    page: int
    per_page: int
    total: int | None
    has_next: bool


def check_name(name: str) -> None:
    """Refuse what GitLab refuses as a project name, in words.

    Source: GitLab's project name rule: starts with a letter, digit, emoji or underscore.
    """
    if not name.strip():
        raise Invalid("Give the dataset a name.", details={"field": "name"})
    if len(name) > MAX_NAME_CHARACTERS or not _NAME.fullmatch(name):
        raise Invalid(
            f"{name!r} cannot be a name: start with a letter or digit, then letters, digits, "
            f"spaces, . _ - +, at most {MAX_NAME_CHARACTERS} characters.",
            details={"field": "name"},
        )


def check_description(description: str) -> None:
    """Refuse a description that GitLab would not store."""
    if len(description) > MAX_DESCRIPTION_CHARACTERS:
        raise Invalid(
            f"The description has {len(description)} characters; at most "
            f"{MAX_DESCRIPTION_CHARACTERS} fit.",
            details={"field": "description"},
        )
    if "\x00" in description:
        raise Invalid("The description holds a NUL.", details={"field": "description"})


def check_tags(tags: tuple[str, ...]) -> None:
    """Refuse tags that GitLab cannot store or that are Labset's own marks."""
    if len(tags) > MAX_TAGS:
        raise Invalid(f"At most {MAX_TAGS} tags fit.", details={"field": "tags"})
    for tag in tags:
        if not _TAG.fullmatch(tag) or tag != tag.strip():
            raise Invalid(
                f"{tag!r} cannot be a tag: no commas, no outer spaces, 1 to 255 characters.",
                details={"field": "tags"},
            )
        if is_own_topic(tag):
            raise Invalid(f"The tag {tag!r} is reserved by Labset.", details={"field": "tags"})


def is_own_topic(topic: str) -> bool:
    """Whether a GitLab topic is one of Labset's marks, never shown as a tag."""
    folded_topic = topic.casefold()
    return folded_topic in {DATASET_TOPIC, SITE_TOPIC} or folded_topic.startswith(KIND_TOPIC_PREFIX)
