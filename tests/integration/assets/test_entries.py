from __future__ import annotations

import re
from datetime import timedelta

import pytest

from core.errors import Conflict, Forbidden, Invalid, LabsetError, NotFound, TooLarge
from core.model.access import Actor
from core.model.asset_documents import asset_document
from core.model.assets import MAX_ASSET_METADATA_BYTES, MAX_ASSET_TAGS, Asset, AssetVisibility
from core.model.json_values import JsonValue
from core.model.names import DatasetId
from core.usecases.assets.drafts import read_changes
from core.usecases.assets.entries import change_asset, delete_asset
from core.usecases.assets.finding import find_asset, list_versions, permissions_of
from tests.integration.assets.world import NOBODY, OWNER, House, Json, named


def change(house: House, asset: Asset, body: Json, by: Actor = OWNER) -> Asset:
    return change_asset(house.platform, by, asset.id, lambda there: read_changes(body, there))


def test_an_external_asset_may_lack_nearly_everything(house: House) -> None:
    bare = house.create({"asset_name": "bare"})
    half = house.create({"asset_name": "half", "asset_version": {"version": "1"}})
    told = house.create(
        named(
            asset_public_url="https://files.example/lamp.bin?sig=1#x",
            asset_file_info={"size": "3 GB"},
        )
    )
    assert (bare.name.uri, half.name.uri, told.name.uri) == ("", "", "Lamp:1.0-initial")
    assert told.public_url == "https://files.example/lamp.bin?sig=1#x"
    assert asset_document(told)["asset_file_info"] == {"size": "3 GB"}
    assert find_asset(house.platform, NOBODY, half.id) == half
    for text in ("", "a\x00b", "\ud800", "x" * 100_000):
        with pytest.raises(NotFound):
            find_asset(house.platform, NOBODY, text)


@pytest.mark.parametrize(
    "url",
    (
        "ftp://files.example/x",
        "javascript:alert(1)",
        "//files.example/x",
        "https://",
        "https://user:password@files.example/x",
        "https://files.example/a b",
        "https://files.example/a\nb",
        "https://good.example\\@bad.example/",
        "https://" + "a" * 3_000 + ".example/",
        "https://files.example:99999/x",
        "https://0x7f.1/x",
        "https://files.example/%zz",
    ),
)
def test_what_is_no_web_address_is_refused(house: House, url: str) -> None:
    with pytest.raises(Invalid):
        house.create(named(asset_public_url=url))


@pytest.mark.parametrize(
    "host",
    (
        "127.0.0.1",
        "10.1.2.3:8080",
        "169.254.169.254",
        "localhost",
        "LOCALHOST.",
        "a.localhost",
        "[::1]",
        "[::ffff:10.0.0.1]",
        "0.0.0.0",  # noqa: S104 - refused, not bound
        "[fd00::1]",
    ),
)
def test_private_addresses_are_refused_unless_the_operator_lists_them(
    house: House, host: str
) -> None:
    body = named(asset_public_url=f"http://{host}/x")
    with pytest.raises(Forbidden) as refused:
        house.create(body)
    assert refused.value.code == "address_not_allowed"
    house.with_rules(allowed_hosts=(host.lower(),)).create(body)


def test_metadata_and_tags_have_limits(house: House) -> None:
    room = MAX_ASSET_METADATA_BYTES - len('{"a":""}')
    house.create(named("fits", asset_metadata={"a": "x" * room}))
    house.create(named("umlauts", asset_metadata={"a": "ä" * (room // 2)}))
    house.create(named("tags", asset_tags=[str(number) for number in range(MAX_ASSET_TAGS)]))
    house.create(named("long tag", asset_tags=["x" * 255, " spaced  out "]))
    house.create(named("x" * 255, "y" * 255, "z" * 255))
    for body in (
        named(asset_metadata={"a": "x" * (room + 1)}),
        named(asset_file_info={"a": "ä" * (room // 2 + 1)}),
    ):
        with pytest.raises(TooLarge):
            house.create(body)
    deep: JsonValue = {}
    for _ in range(40):
        deep = {"a": deep}
    for body in (
        named(asset_tags=[str(number) for number in range(MAX_ASSET_TAGS + 1)]),
        named(asset_tags=["x" * 256]),
        named(asset_tags=[""]),
        named(asset_tags=[1]),
        named("x" * 256),
        named("a\x00b"),
        named("a\nb"),
        named(asset_metadata={"a": "\ud800"}),
        named(asset_metadata={"a": float("nan")}),
        named(asset_metadata=deep),
    ):
        with pytest.raises(Invalid):
            house.create(body)


def test_a_change_touches_what_it_names_and_nothing_else(house: House) -> None:
    asset = house.upload(named(asset_metadata={"a": 1}, asset_tags=["old"]))
    house.clock.sleep(5)
    changed = change(house, asset, {"asset_tags": ["new", "new"]})
    assert (changed.tags, changed.metadata) == (("new",), {"a": 1})
    assert changed.updated_at == asset.updated_at + timedelta(seconds=5)
    assert change(house, asset, {"asset_metadata": None}).metadata == {}
    assert change(house, asset, {}).file == asset.file
    assert find_asset(house.platform, NOBODY, asset.id).tags == ("new",)


def test_whoever_sends_back_what_he_got_is_understood(house: House) -> None:
    kept = house.upload(named(asset_tags=["a"]))
    external = house.create(named("external", asset_public_url="https://files.example/x"))
    house.people.readable["owner"] = {5}
    of_dataset = house.create(named("of a dataset", dataset_id=5))
    for asset in (kept, external, of_dataset):
        same = change(house, asset, asset_document(asset))
        assert (same.name, same.public_url, same.visibility, same.dataset_id) == (
            asset.name,
            asset.public_url,
            asset.visibility,
            asset.dataset_id,
        )


@pytest.mark.parametrize(
    "body",
    (
        {"asset_name": "other"},
        {"asset_version": {"version": "2", "tag": "initial"}},
        {"asset_uri": "other:1-t"},
        {"asset_id": "0" * 32},
        {"assets_db_id": "other"},
        {"owner": "stranger"},
        {"created_at": "2020-01-01T00:00:00Z"},
        {"asset_public_url": "https://files.example/x"},
        {"asset_file_info": {"size": 1}},
        {"size": 1},
    ),
    ids=str,
)
def test_identity_and_what_was_measured_never_change(
    house: House, body: dict[str, JsonValue]
) -> None:
    asset = house.upload(named())
    with pytest.raises(Invalid, match=re.escape(next(iter(body)))):
        change(house, asset, body)
    assert find_asset(house.platform, NOBODY, asset.id) == asset


def test_an_external_address_may_move(house: House) -> None:
    asset = house.create(named(asset_public_url="https://files.example/x"))
    moved = change(
        house,
        asset,
        {"asset_public_url": "https://files.example/y", "asset_file_info": {"size": 7}},
    )
    assert (moved.public_url, moved.more_file_info) == ("https://files.example/y", {"size": 7})
    with pytest.raises(Forbidden):
        change(house, asset, {"asset_public_url": "http://10.0.0.1/"})
    assert change(house, asset, {"asset_public_url": ""}).public_url == ""


def test_of_two_changes_at_once_one_is_told(house: House) -> None:
    asset = house.create(named())

    def overtaken(there: Asset) -> object:
        change(house, there, {"asset_tags": ["first"]})
        return read_changes({"asset_tags": ["second"]}, there)

    with pytest.raises(Conflict):
        change_asset(house.platform, OWNER, asset.id, overtaken)  # type: ignore[arg-type]
    assert find_asset(house.platform, NOBODY, asset.id).tags == ("first",)


def test_visibility_changes_with_what_it_needs(house: House) -> None:
    asset = house.create(named())
    assert change(house, asset, {"visibility": "private"}).visibility is AssetVisibility.PRIVATE
    with pytest.raises(NotFound):
        change(house, asset, {"visibility": "dataset", "dataset_id": 5})
    with pytest.raises(Invalid):
        change(house, asset, {"visibility": "dataset"})
    house.people.readable["owner"] = {5}
    changed = change(house, asset, {"visibility": "dataset", "dataset_id": 5})
    assert changed.dataset_id == DatasetId(5)
    assert change(house, asset, {"visibility": "dataset"}).dataset_id == DatasetId(5)
    assert change(house, asset, {"visibility": "public"}).dataset_id is None


def test_a_deleted_asset_is_gone_and_its_uri_is_free(house: House) -> None:
    asset = house.upload(named())
    assert delete_asset(house.platform, OWNER, asset.name.uri) == asset
    with pytest.raises(NotFound) as missing:
        find_asset(house.platform, OWNER, asset.id)
    assert missing.value.code == "asset_not_found"
    with pytest.raises(LabsetError):
        delete_asset(house.platform, OWNER, asset.name.uri)
    assert house.upload(named(), b"other bytes").id != asset.id


def test_versions_of_a_name_come_newest_first(house: House) -> None:
    first, second = house.create(named()), house.create(named("Lamp", "2.0"))
    house.create(named("Lamp: another"))
    private = house.create(named("Lamp", "3.0", visibility="private"))
    other = house.with_rules(assets_db_id="other")
    other.create(named())
    assert list(list_versions(house.platform, NOBODY, first)) == [second, first]
    assert list(list_versions(house.platform, OWNER, first)) == [private, second, first]


def test_permissions_say_why_not(house: House) -> None:
    asset = house.create(named())
    assert permissions_of(house.platform, OWNER, asset)["write"].allowed
    refused = permissions_of(house.platform, NOBODY, asset)["delete"]
    assert (refused.allowed, refused.ask) == (False, ("owner",))
    other = house.with_rules(assets_db_id="other")
    assert not permissions_of(other.platform, OWNER, asset)["write"].allowed
