from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from core.errors import Conflict, Invalid, TooLarge
from core.model.asset_documents import asset_document
from core.model.assets import (
    MAX_ASSET_METADATA_BYTES,
    MAX_ASSET_TAGS,
    MAX_ASSET_TEXT_CHARACTERS,
    Asset,
    AssetName,
    AssetVisibility,
    PinnedFile,
)
from core.model.json_values import JsonValue
from core.model.names import DatasetId, FilePath, Revision
from core.model.storage import SiteAddress, SiteKind, place_on
from core.usecases.assets.drafts import AssetChanges, AssetDraft, read_changes, read_draft
from core.usecases.assets.from_dataset import pinned_url
from core.usecases.assets.uploading import MAX_ASSET_FILE_NAME_CHARACTERS, plain_file_name

SEED: dict[str, JsonValue] = {
    "asset_name": "SampleAsset",
    "asset_version": {"version": "1.0", "tag": "initial"},
    "asset_metadata": {"description": "Sample asset upload"},
    "asset_tags": ["image", "sample"],
}


def test_the_seeds_own_example_is_read() -> None:
    assert read_draft(SEED, needs_version=True) == AssetDraft(
        AssetName("SampleAsset", "1.0", "initial"),
        {"description": "Sample asset upload"},
        ("image", "sample"),
    )


@pytest.mark.parametrize("missing", (None, {}, {"version": ""}, {"version": None, "tag": None}))
def test_an_external_asset_may_lack_its_version(missing: JsonValue) -> None:
    draft = read_draft({"asset_name": "a", "asset_version": missing}, needs_version=False)
    assert draft.name == AssetName("a")
    assert draft.name.uri == ""


def test_what_is_left_out_stands_in_the_default() -> None:
    default = AssetName("lamp.jpg", "main", "0123abcd")
    half: dict[str, JsonValue] = {"asset_version": {"tag": "mine"}}
    assert read_draft({}, needs_version=True, default=default).name == default
    drafted = read_draft(half, needs_version=True, default=default)
    assert drafted.name == AssetName("lamp.jpg", "main", "mine")


def test_what_the_server_gives_may_be_empty_or_what_it_will_be() -> None:
    given: dict[str, JsonValue] = {
        "asset_uri": "SampleAsset:1.0-initial",
        "asset_id": "",
        "assets_db_id": None,
        "owner": "",
        "created_at": "",
    }
    assert read_draft(SEED | given, needs_version=True).name.name == "SampleAsset"
    with pytest.raises(Invalid):
        read_draft(SEED | {"asset_uri": "other:1-t"}, needs_version=True)


@pytest.mark.parametrize(
    "field",
    ("asset_id", "assets_db_id", "owner", "created_at", "updated_at", "owner_id", "md5", "$set"),
)
def test_nobody_assigns_what_is_not_his_to_say(field: str) -> None:
    with pytest.raises(Invalid) as refused:
        read_draft(SEED | {field: "mine"}, needs_version=True)
    assert refused.value.details["field"] == field


def test_the_largest_metadata_is_taken_and_one_byte_more_is_not() -> None:
    room = MAX_ASSET_METADATA_BYTES - len(json.dumps({"a": ""}, separators=(",", ":")))
    read_draft(SEED | {"asset_metadata": {"a": "x" * room}}, needs_version=True)
    with pytest.raises(TooLarge):
        read_draft(SEED | {"asset_metadata": {"a": "x" * (room + 1)}}, needs_version=True)


def test_as_many_tags_and_characters_as_allowed_are_taken_and_no_more() -> None:
    tags: list[JsonValue] = [str(number) for number in range(MAX_ASSET_TAGS)]
    read_draft(SEED | {"asset_tags": [*tags, *tags]}, needs_version=True)
    longest = "x" * MAX_ASSET_TEXT_CHARACTERS
    read_draft(SEED | {"asset_name": longest, "asset_tags": [longest]}, needs_version=True)
    too_much: list[dict[str, JsonValue]] = [
        {"asset_tags": [*tags, "one more"]},
        {"asset_tags": [longest + "x"]},
        {"asset_name": longest + "x"},
        {"asset_version": {"version": longest + "x", "tag": "t"}},
    ]
    for body in too_much:
        with pytest.raises(Invalid):
            read_draft(SEED | body, needs_version=True)


@pytest.mark.parametrize("text", ("क\u200dष", "全角\u3000空白", "👩\u200d🔬", "a\u00a0b"))
def test_every_script_may_name_an_asset(text: str) -> None:
    draft = read_draft(SEED | {"asset_name": text, "asset_tags": [text]}, needs_version=True)
    assert (draft.name.name, draft.tags) == (text, (text,))


@pytest.mark.parametrize(
    "text", ("a\x00", "a\nb", "\x1b[31m", "a\u202eb", "a\u2028b", "\ud800", "\x85a")
)
def test_what_is_no_line_names_nothing(text: str) -> None:
    bodies: list[dict[str, JsonValue]] = [
        {"asset_name": f"a{text}a"},
        {"asset_tags": [f"a{text}a"]},
    ]
    for body in bodies:
        with pytest.raises(Invalid):
            read_draft(SEED | body, needs_version=True)


def test_a_dataset_says_the_visibility_by_itself() -> None:
    draft = read_draft(SEED | {"dataset_id": 12}, needs_version=True)
    assert (draft.visibility, draft.dataset_id) == (AssetVisibility.DATASET, DatasetId(12))
    numbers: list[JsonValue] = [0, -1, 2**63, 1.0, "12", [12], True]
    for number in numbers:
        with pytest.raises(Invalid):
            read_draft(SEED | {"dataset_id": number}, needs_version=True)


def test_an_empty_change_changes_nothing() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    asset = Asset("1", "db", AssetName("a"), AssetVisibility.PUBLIC, 1, "me", now, now)
    assert read_changes({}, asset) == AssetChanges()
    assert read_changes({"asset_tags": None, "asset_metadata": None}, asset) == AssetChanges({}, ())


def test_a_document_that_was_read_before_somebodys_change_is_a_conflict() -> None:
    now = datetime(2026, 1, 1, microsecond=7, tzinfo=UTC)
    asset = Asset("1", "db", AssetName("a"), AssetVisibility.PUBLIC, 1, "me", now, now)
    read = asset_document(asset)
    assert read_changes(read | {"asset_tags": ["x"]}, asset).tags == ("x",)
    changed = replace(asset, tags=("y",), updated_at=now + timedelta(seconds=1))
    with pytest.raises(Conflict, match="Somebody changed it"):
        read_changes(read | {"asset_tags": ["x"]}, changed)


@pytest.mark.parametrize("told", ("other", "2026-01-01", "2026-01-01T00:00:00", 7))
def test_a_time_of_change_that_is_none_is_refused(told: JsonValue) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    asset = Asset("1", "db", AssetName("a"), AssetVisibility.PUBLIC, 1, "me", now, now)
    with pytest.raises(Invalid, match=r"^updated_at is given by the server"):
        read_changes({"updated_at": told}, asset)


@pytest.mark.parametrize(
    "body", ({"asset_name": "b"}, {"asset_version": {"version": "2"}}, {"asset_uri": "b:2-t"})
)
def test_who_would_change_a_name_is_told_what_to_do_instead(body: dict[str, JsonValue]) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    asset = Asset("1", "db", AssetName("a"), AssetVisibility.PUBLIC, 1, "me", now, now)
    [field] = body
    with pytest.raises(Invalid, match=f"^{field} never changes: upload a new version instead"):
        read_changes(body, asset)


@pytest.mark.parametrize(
    ("text", "plain"),
    (
        ("a b.png", "a b.png"),
        ("C:\\files\\lamp.png", "lamp.png"),
        ("/etc/../passwd", "passwd"),
        ("evil\r\nX-Header: 1.txt", "evilX-Header: 1.txt"),
        ("\u202egpj.exe", "gpj.exe"),
        ("क\u200dष.txt", "क\u200dष.txt"),
        ("灯.png", "灯.png"),
        ("dir/", ""),
        ("", ""),
        ("x" * 300 + ".png", "x" * (MAX_ASSET_FILE_NAME_CHARACTERS - 4) + ".png"),
    ),
)
def test_of_a_files_name_the_last_printable_part_is_kept(text: str, plain: str) -> None:
    assert plain_file_name(text) == plain


def test_a_pinned_address_is_quoted() -> None:
    pinned = PinnedFile(DatasetId(12), Revision("ab" * 20), FilePath("a b/ä?#%.jpg"))
    assert pinned_url("https://labset.test", pinned) == (
        "https://labset.test/api/v1/datasets/12/files/a%20b/%C3%A4%3F%23%25.jpg?ref=" + "ab" * 20
    )


def test_a_place_lies_below_the_prefix_of_its_site() -> None:
    for url, place in (("s3://b", "x"), ("s3://b/", "x"), ("s3://b/deep/er", "deep/er/x")):
        assert place_on(SiteAddress(SiteKind.S3, url), "x") == place
    assert place_on(SiteAddress(SiteKind.LOCAL, "file:///srv/data"), "x") == "x"
