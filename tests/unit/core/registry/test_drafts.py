from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from core.errors import Conflict, Invalid, TooLarge
from core.model.asset_documents import registry_document
from core.model.json_values import JsonValue
from core.model.registry import (
    MAX_REGISTRY_METADATA_BYTES,
    MAX_REGISTRY_TAGS,
    HealthCheck,
    RegistryEntry,
)
from core.usecases.registry.drafts import read_registry_changes, read_registry_draft

SEEDS: dict[str, JsonValue] = {
    "asset_registry_name": "ResNet Models registry",
    "asset_registry_metadata": {"framework": "PyTorch", "version": "1.0"},
    "asset_registry_tags": ["image-classification", "pytorch"],
    "asset_registry_public_url": "https://example.com/models/resnet-models-registry",
}
SEEDS_ID = "123e4567-e89b-12d3-a456-426614174000"
NOW = datetime(2026, 5, 1, tzinfo=UTC)
ENTRY = RegistryEntry(
    "id-1", "Models", "https://a.test", 7, "alice", NOW, NOW, {"a": 1, "b": 2}, ("x",)
)


def test_the_seeds_example_is_read_as_it_stands() -> None:
    draft = read_registry_draft(SEEDS)
    assert draft.name == "ResNet Models registry"
    assert draft.public_url == "https://example.com/models/resnet-models-registry"
    assert draft.metadata == {"framework": "PyTorch", "version": "1.0"}
    assert draft.tags == ("image-classification", "pytorch")


@pytest.mark.parametrize(
    "fields",
    (
        {"asset_registry_name": ""},
        {"asset_registry_name": None},
        {"asset_registry_name": 7},
        {"asset_registry_name": "x" * 256},
        {"asset_registry_name": "a\nb"},
        {"asset_registry_name": "a\x00b"},
        {"asset_registry_public_url": ""},
        {"asset_registry_public_url": "example.com"},
        {"asset_registry_public_url": "ftp://example.com"},
        {"asset_registry_public_url": "javascript:alert(1)"},
        {"asset_registry_public_url": "http://good@127.0.0.1/"},
        {"asset_registry_public_url": "http://2130706433/"},
        {"asset_registry_public_url": "http://example.com/?x=1"},
        {"asset_registry_public_url": "http://example.com/#x"},
        {"asset_registry_public_url": "http://example.com/a b"},
        {"asset_registry_public_url": "http://example.com/\r\nX: y"},
        {"asset_registry_public_url": "http://example.com/../x"},
        {"asset_registry_public_url": "http://example.com/%2e%2e/x"},
        {"asset_registry_public_url": "http://example.com/%zz"},
        {"asset_registry_public_url": "http://example.com\\@127.0.0.1/"},
        {"asset_registry_public_url": "http://example.com:99999/"},
        {"asset_registry_public_url": "https://example.com/" + "x" * 2_000},
        {"asset_registry_tags": "pytorch"},
        {"asset_registry_tags": [1]},
        {"asset_registry_tags": [" "]},
        {"asset_registry_tags": ["x" * 256]},
        {"asset_registry_tags": [str(number) for number in range(MAX_REGISTRY_TAGS + 1)]},
        {"asset_registry_metadata": ["x"]},
        {"asset_registry_metadata": {"x": "a\x00"}},
        {"asset_registry_id": "mine"},
        {"owner": "root"},
        {"owner_id": 1},
        {"health": {"ok": True}},
        {"created_at": "2020-01-01T00:00:00Z"},
        {"surprise": 1},
    ),
)
def test_what_nobody_may_say_is_refused_with_the_name_of_its_field(
    fields: dict[str, JsonValue],
) -> None:
    with pytest.raises(Invalid) as refused:
        read_registry_draft(SEEDS | fields)
    assert refused.value.details["field"] in {*fields, "asset_registry_public_url"}


@pytest.mark.parametrize("text", (SEEDS_ID, SEEDS_ID.upper()))
def test_the_id_that_the_seeds_class_makes_is_taken_in_lower_case(text: str) -> None:
    assert read_registry_draft(SEEDS | {"asset_registry_id": text}).id == SEEDS_ID


@pytest.mark.parametrize(
    "text",
    ("mine", SEEDS_ID[:-1], SEEDS_ID.replace("-", ""), f"{{{SEEDS_ID}}}", f"urn:uuid:{SEEDS_ID}"),
)
def test_an_id_that_is_no_uuid_is_refused_in_words(text: str) -> None:
    with pytest.raises(Invalid, match="is a UUID"):
        read_registry_draft(SEEDS | {"asset_registry_id": text})


def test_without_an_id_or_with_an_empty_one_the_server_gives_it() -> None:
    assert read_registry_draft(SEEDS).id == ""
    assert read_registry_draft(SEEDS | {"asset_registry_id": ""}).id == ""


def test_metadata_has_a_limit_and_the_last_byte_fits() -> None:
    empty = len('{"k":""}')
    fits: JsonValue = {"k": "x" * (MAX_REGISTRY_METADATA_BYTES - empty)}
    assert read_registry_draft(SEEDS | {"asset_registry_metadata": fits}).metadata == fits
    over: JsonValue = {"k": "x" * (MAX_REGISTRY_METADATA_BYTES - empty + 1)}
    with pytest.raises(TooLarge):
        read_registry_draft(SEEDS | {"asset_registry_metadata": over})


def test_as_many_tags_as_are_allowed_are_taken_each_once() -> None:
    tags: list[JsonValue] = [str(number) for number in range(MAX_REGISTRY_TAGS)]
    draft = read_registry_draft(SEEDS | {"asset_registry_tags": [*tags, "0"]})
    assert list(draft.tags) == tags


def test_a_change_leaves_what_it_does_not_name_and_replaces_what_it_does() -> None:
    draft = read_registry_changes({"asset_registry_metadata": {"c": 3}}, ENTRY)
    assert (draft.name, draft.public_url, draft.tags) == ("Models", "https://a.test", ("x",))
    assert draft.metadata == {"c": 3}


def test_a_document_that_is_sent_back_as_it_came_changes_nothing() -> None:
    draft = read_registry_changes(registry_document(ENTRY), ENTRY)
    assert (draft.name, draft.metadata, draft.tags) == ("Models", {"a": 1, "b": 2}, ("x",))


def test_a_document_may_be_sent_back_though_its_health_was_looked_at_meanwhile() -> None:
    read = registry_document(replace(ENTRY, health=HealthCheck(NOW, 0.25)))
    looked_at = replace(ENTRY, health=HealthCheck(NOW + timedelta(minutes=10), 5.0, "late"))
    for health in (looked_at.health, None):
        entry = replace(ENTRY, health=health)
        draft = read_registry_changes(read | {"asset_registry_name": "New"}, entry)
        assert (draft.name, draft.tags) == ("New", ENTRY.tags)


def test_a_document_that_was_read_before_somebodys_change_is_a_conflict() -> None:
    changed = replace(ENTRY, updated_at=NOW + timedelta(seconds=2, microseconds=3))
    with pytest.raises(Conflict, match="Somebody changed it"):
        read_registry_changes(registry_document(ENTRY), changed)
    assert read_registry_changes(registry_document(changed), changed).name == ENTRY.name


@pytest.mark.parametrize("field", ("asset_registry_id", "owner", "created_at", "updated_at"))
def test_a_change_of_what_the_server_gives_is_refused(field: str) -> None:
    with pytest.raises(Invalid) as refused:
        read_registry_changes({field: "other"}, ENTRY)
    assert refused.value.details["field"] == field
