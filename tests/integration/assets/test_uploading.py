from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator

import pytest

from core.errors import (
    Conflict,
    DataMissing,
    Forbidden,
    Invalid,
    LabsetError,
    NotFound,
    Unauthenticated,
)
from core.model.access import Actor
from core.model.json_values import JsonValue
from core.model.names import DatasetId
from core.usecases.assets.entries import delete_asset
from core.usecases.assets.finding import find_asset
from core.usecases.assets.objects import Elsewhere, KeptBytes, find_object, open_object
from core.usecases.assets.placing import find_staged_placement
from core.usecases.assets.uploading import Incoming, upload_asset
from tests.integration.assets.world import (
    ADMIN,
    NOBODY,
    OWNER,
    READER,
    REFUSED,
    STRANGER,
    House,
    Json,
    draft,
    named,
)

PICTURE = b"\x89PNG and so on" * 40_000  # longer than what is looked at


def read(house: House, asset_id: str, by: Actor = NOBODY) -> bytes:
    found = find_object(house.platform, by, asset_id)
    assert isinstance(found, KeptBytes)
    return b"".join(open_object(house.platform, found).chunks)


def test_an_upload_is_found_by_uri_and_id_with_what_was_measured(house: House) -> None:
    body = named(asset_metadata={"type": "image"}, asset_tags=["a", "b", "a"])
    asset = house.upload(body, PICTURE, file_name="C:\\pictures\\lamp\u202e.png")
    assert asset.file is not None
    assert (asset.file.size_bytes, asset.file.sha256) == (
        len(PICTURE),
        hashlib.sha256(PICTURE).hexdigest(),
    )
    assert (asset.file.format, asset.file.width, asset.file.height) == ("image/png", 2, 1)
    assert asset.file.file_name == "lamp.png"
    assert asset.tags == ("a", "b")
    assert asset.public_url == f"https://labset.test/asset-object/{asset.id}"
    assert (asset.owner_name, asset.owner_id, asset.assets_db_id) == ("owner", 1, "db")
    for text in ("Lamp:1.0-initial", asset.id, f" {asset.id} "):
        assert find_asset(house.platform, NOBODY, text) == asset
    assert read(house, asset.id) == PICTURE
    assert list(house.objects.bytes_at) == [house.key(PICTURE)]


@pytest.mark.parametrize(
    ("name", "version", "tag"),
    (
        ("a:b/c d", "1:0", "x-y"),
        ("Лампа «ä» 灯", "1.0-rc.1", "größe"),
        ("../..", "..", "%2F"),
        ("a?b#c&d=e", "1", "+"),
        ("' OR 1=1 --", "$where", "{}"),
    ),
)
def test_any_name_survives_the_way_there_and_back(
    house: House, name: str, version: str, tag: str
) -> None:
    asset = house.upload(named(name, version, tag))
    assert asset.name.uri == f"{name}:{version}-{tag}"
    found = find_asset(house.platform, NOBODY, asset.name.uri)
    assert (found.name.name, found.name.version, found.name.tag) == (name, version, tag)


def test_blanks_around_a_name_are_taken_away(house: House) -> None:
    assert house.upload(named("  Lamp one ", " 1 ", " t ")).name.uri == "Lamp one:1-t"


def test_the_same_file_again_is_the_entry_that_is_there(house: House) -> None:
    first = house.upload(named(asset_tags=["kept"]), PICTURE)
    again = house.upload(named(asset_tags=["ignored"]), PICTURE)
    assert again == first
    elsewhere = house.upload(named(), PICTURE, site=4)
    assert elsewhere == first
    assert list(house.objects.bytes_at) == [house.key(PICTURE)]


def test_the_same_file_by_another_person_is_the_entry_only_of_whom_may_see_it(
    house: House,
) -> None:
    seen = house.upload(named("seen"), PICTURE)
    assert house.upload(named("seen"), PICTURE, by=STRANGER) == seen
    hidden = house.upload(named("hidden", visibility="private"), PICTURE)
    with pytest.raises(Conflict) as refused:
        house.upload(named("hidden"), PICTURE, by=STRANGER)
    assert refused.value.code == "asset_exists"
    assert house.upload(named("hidden"), PICTURE, by=ADMIN) == hidden


def test_the_same_file_again_repairs_what_was_damaged(house: House) -> None:
    asset = house.upload(named(), PICTURE)
    house.objects.bytes_at[house.key(PICTURE)] = b"damaged"
    house.upload(named(), PICTURE)
    assert read(house, asset.id) == PICTURE


@pytest.mark.parametrize(
    ("body", "data", "by"),
    (
        (named(), b"other bytes", OWNER),
        (named("Lamp:1.0-x", "1", "t"), b"some bytes", OWNER),
    ),
    ids=("other bytes", "the same uri of other parts"),
)
def test_another_file_under_a_taken_uri_is_refused(
    house: House, body: Json, data: bytes, by: Actor
) -> None:
    house.upload(named())
    house.upload(named("Lamp", "1.0", "x:1-t"))
    held = dict(house.objects.bytes_at)
    with pytest.raises(Conflict) as refused:
        house.upload(body, data, by=by)
    assert refused.value.code == "asset_exists"
    assert house.objects.bytes_at == held


def test_an_external_entry_takes_a_uri_as_well(house: House) -> None:
    house.create(named(asset_public_url="https://files.example/lamp"))
    with pytest.raises(Conflict):
        house.upload(named())
    with pytest.raises(Conflict):
        house.create(named(asset_public_url="https://files.example/lamp"))
    assert house.objects.bytes_at == {}


@pytest.mark.parametrize(
    ("body", "words"),
    (
        ({"asset_version": {"version": "1", "tag": "t"}}, "asset_name is required"),
        (named("   "), "asset_name is required"),
        ({"asset_name": "a"}, "Both version and tag are required in asset_version"),
        (named("a", "", "t"), "Both version and tag are required in asset_version"),
        (named("a", "1", ""), "Both version and tag are required in asset_version"),
        (named(asset_id="mine"), "asset_id is given by the server"),
        (named(assets_db_id="other"), "assets_db_id is given by the server"),
        (named(owner="admin"), "owner is given by the server"),
        (named(created_at="2020-01-01T00:00:00Z"), "created_at is given by the server"),
        (named(asset_uri="other:1-t"), "asset_uri is given by the server"),
        (named(asset_file_info={"md5": "0" * 32}), "given by the server"),
        (named(asset_public_url="https://files.example/x"), "given by the server"),
        (named(owner_id=3), "owner_id is no field"),
        (named(site_id=3), "site_id is no field"),
        (named(visibility="secret"), "visibility is one of"),
        (named(visibility="dataset"), "dataset_id"),
        (named(visibility="public", dataset_id=5), "dataset_id goes with"),
        (named(dataset_id="5"), "dataset_id is a whole number"),
        (named(dataset_id=True), "dataset_id is a whole number"),
        (named(asset_tags="tag"), "asset_tags must be a list"),
        (named(asset_metadata=[1]), "asset_metadata must be a JSON object"),
        (named(asset_version=["1", "t"]), "asset_version must be an object"),
        (named(asset_version={"version": 1.0, "tag": "t"}), "version must be a text"),
        (named(asset_version={"version": "1", "tag": "t", "$gt": ""}), "is no field"),
    ),
)
def test_a_bad_form_is_refused_after_the_bytes_and_leaves_nothing(
    house: House, body: Json, words: str
) -> None:
    with pytest.raises(Invalid, match=re.escape(words)):
        house.upload(body)
    assert house.objects.bytes_at == {}
    assert unnamed(house) == 0


def unnamed(house: House) -> int:
    with house.ledger.database.reading() as connection:
        return int(connection.exec_driver_sql("SELECT count(*) FROM asset_objects").scalar_one())


def test_empty_files_and_broken_streams_leave_nothing(house: House) -> None:
    with pytest.raises(Invalid, match=r"\?empty=1"):
        house.upload(named(), b"")

    def breaking() -> Iterator[bytes]:
        yield b"some"
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        upload_asset(
            house.platform,
            OWNER,
            Incoming("x", breaking(), lambda: draft(named())),
        )
    assert house.objects.bytes_at == {}
    assert unnamed(house) == 0


def test_who_may_not_write_is_told_before_a_byte_is_read(house: House) -> None:
    read_first: list[bytes] = []

    def untouched() -> Iterator[bytes]:
        read_first.append(b"")
        yield b"some"

    incoming = Incoming("x", untouched(), lambda: draft(named()))
    for by, refusal in (
        (NOBODY, Unauthenticated),
        (REFUSED, Unauthenticated),
        (READER, Forbidden),
    ):
        with pytest.raises(refusal):
            upload_asset(house.platform, by, incoming)
    house.places.sites.clear()
    with pytest.raises(Conflict) as refused:
        upload_asset(house.platform, OWNER, incoming)
    assert refused.value.code == "no_assets_site"
    assert read_first == []


def test_rights_are_asked_again_once_a_long_upload_is_over(house: House) -> None:
    def slow() -> Iterator[bytes]:
        yield b"some"
        house.clock.sleep(60)
        del house.people.people["owner"]
        yield b"more"

    incoming = Incoming("x", slow(), lambda: draft(named()))
    with pytest.raises(Unauthenticated):
        upload_asset(house.platform, OWNER, incoming)
    assert house.objects.bytes_at == {}


def test_bytes_whose_md5_another_file_has_are_not_stored(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.upload(named("first"), b"the first file")
    monkeypatch.setattr("tests.fakes.objects._md5", lambda _: "0" * 32)
    asset = house.upload(named("second"), b"one of a pair")
    with pytest.raises(Conflict) as refused:
        house.upload(named("third"), b"the other one")
    assert refused.value.code == "md5_collision"
    assert read(house, asset.id) == b"one of a pair"
    house.upload(named("fourth"), b"one of a pair")


def test_bytes_of_another_database_of_the_same_records_are_elsewhere(house: House) -> None:
    asset = house.upload(named())
    private = house.upload(named("private", visibility="private"))
    other = house.with_rules(assets_db_id="other", base_url="https://other.test")
    assert find_object(other.platform, NOBODY, asset.id) == Elsewhere(asset, asset.public_url)
    with pytest.raises(NotFound):
        find_object(other.platform, OWNER, private.id)
    same_uri = other.upload(named(), b"other bytes")
    assert find_asset(other.platform, NOBODY, "Lamp:1.0-initial") == same_uri
    assert find_asset(house.platform, NOBODY, "Lamp:1.0-initial") == asset
    with pytest.raises(Forbidden, match="Another asset database"):
        delete_asset(other.platform, ADMIN, asset.id)
    opened = other.with_rules(assets_db_id="other", is_open=True)
    with pytest.raises(Forbidden, match="Another asset database"):
        delete_asset(opened.platform, NOBODY, asset.id)


def test_a_database_that_lost_its_id_sends_nobody_round_in_circles(house: House) -> None:
    asset = house.upload(named())
    forgetful = house.with_rules(assets_db_id="anew")
    with pytest.raises(DataMissing, match=f"{asset.assets_db_id}.*LABSET_ASSETS_DB_ID"):
        find_object(forgetful.platform, NOBODY, asset.id)


def test_what_has_no_bytes_here_is_no_file(house: House) -> None:
    external = house.create(named(asset_public_url="https://files.example/lamp"))
    bare = house.create({"asset_name": "bare"})
    for asset_id, words in (
        (external.id, "File not found: the asset lies at https://files.example/lamp"),
        (bare.id, "File not found"),
        ("nothing", "File not found"),
    ):
        with pytest.raises(NotFound) as missing:
            find_object(house.platform, NOBODY, asset_id)
        assert missing.value.message == words


def test_lost_bytes_and_lost_sites_are_told(house: House) -> None:
    asset = house.upload(named())
    found = find_object(house.platform, NOBODY, asset.id)
    assert isinstance(found, KeptBytes)
    house.objects.bytes_at.clear()
    with pytest.raises(LabsetError) as lost:
        open_object(house.platform, found)
    assert (lost.value.code, "upload the same file again" in lost.value.message) == (
        "data_missing",
        True,
    )
    house.places.sites.clear()
    with pytest.raises(LabsetError) as lost:
        find_object(house.platform, NOBODY, asset.id)
    assert lost.value.code == "data_missing"


def test_temporary_bytes_of_assets_are_found_by_their_keys(house: House) -> None:
    site = house.places.sites[0]
    house.ledger.sites.save_site_record(site)

    def placed(key: str) -> object:
        from_records = find_staged_placement(
            house.ledger.sites,
            house.ledger.bindings,
            dataset_id=DatasetId(site.id.number),
            key=key,
        )
        return from_records and from_records.prefix

    assert placed("deep/3/assets-db/staging/0") == "deep/3/assets-db"
    assert placed("deep/3/assets-other/files/md5/0/1") == "deep/3/assets-other"
    for key in ("deep/3/assets-/x", "assets-db/x", "deep/3/12-ab/staging/0", ""):
        assert placed(key) is None


def test_draft_values_may_be_null(house: House) -> None:
    empty: dict[str, JsonValue] = {
        "asset_metadata": None,
        "asset_tags": None,
        "asset_public_url": "",
        "asset_file_info": {},
        "asset_id": "",
        "asset_uri": "Lamp:1.0-initial",
    }
    assert house.upload({**named(), **empty}).metadata == {}


def test_an_empty_file_that_is_meant_is_kept(house: House) -> None:
    incoming = Incoming("x", [], lambda: draft(named()), may_be_empty=True)
    asset = upload_asset(house.platform, OWNER, incoming)
    assert asset.file is not None
    assert (asset.file.size_bytes, read(house, asset.id)) == (0, b"")
