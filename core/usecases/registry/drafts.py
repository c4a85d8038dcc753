"""What a request may say of a registered asset database.

Source:  seed 001, AssetsDBRegistry.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from core.errors import Invalid
from core.model.asset_documents import registry_document
from core.model.document_fields import (
    check_fields,
    check_not_stale,
    read_object,
    read_tags,
    read_text,
)
from core.model.json_values import JsonValue
from core.model.registry import (
    MAX_REGISTRY_METADATA_BYTES,
    MAX_REGISTRY_TAGS,
    RegistryEntry,
    check_registry_name,
)
from core.model.web_addresses import parse_base_address

_ID = "asset_registry_id"
_NAME = "asset_registry_name"
_URL = "asset_registry_public_url"
_METADATA = "asset_registry_metadata"
_TAGS = "asset_registry_tags"
_TAKEN = frozenset({_NAME, _URL, _METADATA, _TAGS})
_HEALTH = "health"
_GIVEN = (_HEALTH, "owner", "created_at", "updated_at")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class RegistryDraft:
    """What people say of an entry; its address is one below which routes are asked for.

    `id` is a UUID that somebody made for a new entry, in lower case; "": the server makes one.
    """

    name: str
    public_url: str
    metadata: Mapping[str, JsonValue] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    id: str = ""

    def __post_init__(self) -> None:
        check_registry_name(self.name)
        if not self.public_url:
            raise Invalid(f"{_URL} is required", details={"field": _URL})
        parse_base_address(self.public_url, field=_URL)


def read_registry_draft(body: Mapping[str, JsonValue]) -> RegistryDraft:
    """Return what a body says of a new entry.

    Raises:  Invalid, TooLarge.
    """
    check_fields(body, taken=_TAKEN | {_ID}, given=dict.fromkeys(_GIVEN))
    return RegistryDraft(
        name=read_text(body, _NAME).strip(),
        public_url=read_text(body, _URL).strip(),
        metadata=read_object(body.get(_METADATA), _METADATA, MAX_REGISTRY_METADATA_BYTES),
        tags=read_tags(body.get(_TAGS), _TAGS, MAX_REGISTRY_TAGS),
        id=_read_id(body),
    )


def read_registry_changes(body: Mapping[str, JsonValue], entry: RegistryEntry) -> RegistryDraft:
    """Return the entry with what a body says anew; what it does not name stays as it is.

    Whoever sends back what he got, with changes, is understood; of its health there may be a newer look.
    Raises:  Invalid, TooLarge; Conflict, if somebody changed it since.
    """
    check_not_stale(body, entry.updated_at)
    present = registry_document(entry)
    given = {name: present[name] for name in (_ID, *_GIVEN)}
    check_fields(body, taken=_TAKEN | {_HEALTH}, given=given)
    return read_registry_draft({name: present[name] for name in _TAKEN} | _named(body))


def _read_id(body: Mapping[str, JsonValue]) -> str:
    """Return the id that the seed's own class makes for its entries; "" without one."""
    text = read_text(body, _ID).strip().lower()
    if text and not _UUID.fullmatch(text):
        raise Invalid(
            f"{_ID} is a UUID, as in 123e4567-e89b-12d3-a456-426614174000, or left out.",
            details={"field": _ID},
        )
    return text


def _named(body: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    return {name: value for name, value in body.items() if name in _TAKEN}
