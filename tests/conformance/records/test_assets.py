from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from core.errors import Conflict, Invalid, NotFound
from core.model.asset_documents import ASSET_SHAPE
from core.model.assets import Asset, AssetFile, AssetName, AssetVisibility, PinnedFile
from core.model.filters.queries import parse_query
from core.model.names import DatasetId, FilePath, Md5, Revision, SiteId
from core.ports import AssetScope
from ledger.engine import Ledger, open_ledger
from tests.conformance.records.samples import LATER, NOW, SOON, at_once, next_number, some_site
from tests.integration.database.fixtures import KEY

EVERYTHING = AssetScope(None, everything=True)
FILE = AssetFile(SiteId(3), 20_000, Md5("1" * 32), "2" * 64, "image/png", "bild ä.png", 640, 480)


def some_asset(**fields: object) -> Asset:
    number = next_number()
    asset = Asset(
        id=f"{number:032x}",
        assets_db_id="db",
        name=AssetName(f"Lamp: «{number}»/ä", "1.10", "final-cut"),
        visibility=AssetVisibility.PUBLIC,
        owner_id=7,
        owner_name="Älice",
        created_at=NOW + timedelta(seconds=number),
        updated_at=NOW,
        metadata={"type": "image", "n": 2**60, "x": [1.5, None, {"y": True}], "": ""},
        tags=("sample", "ä b"),
        file=FILE,
        public_url="https://labset.test/asset-object/1",
    )
    return replace(asset, **fields)  # type: ignore[arg-type]


def kept_asset(ledger: Ledger, **fields: object) -> Asset:
    asset = some_asset(**fields)
    ledger.assets.create_asset(asset)
    return asset


def found(ledger: Ledger, scope: AssetScope, body: dict[str, object] | None = None) -> set[str]:
    query = parse_query(body or {}, fields_of=ASSET_SHAPE)  # type: ignore[arg-type]
    return {asset.id for asset in ledger.assets.query_assets(scope, query).items}


def test_an_asset_comes_back_as_it_was_kept(ledger: Ledger) -> None:
    stored = kept_asset(ledger)
    external = kept_asset(
        ledger,
        file=None,
        owner_id=None,
        name=AssetName("no version"),
        public_url="",
        visibility=AssetVisibility.DATASET,
        dataset_id=DatasetId(12),
        more_file_info={"size": "3 GB", "md5": "unknown"},
    )
    assert ledger.assets.find_asset("db", stored.name.uri) == stored
    assert ledger.assets.find_asset("db", stored.id) == stored
    assert ledger.assets.find_asset("db", external.id) == external
    assert ledger.assets.find_asset("other", stored.id) is None
    assert ledger.assets.find_asset("db", "") is None


def test_a_uri_is_taken_once_in_each_database(ledger: Ledger) -> None:
    first = kept_asset(ledger, name=AssetName("a", "1-x", "y"))
    with pytest.raises(Conflict) as refused:
        kept_asset(ledger, name=AssetName("a", "1", "x-y"))
    assert refused.value.code == "asset_exists"
    elsewhere = kept_asset(ledger, name=first.name, assets_db_id="other")
    assert ledger.assets.find_asset("other", first.name.uri) == elsewhere
    kept_asset(ledger, name=AssetName("a"))
    kept_asset(ledger, name=AssetName("a"))


def test_of_what_others_share_the_oldest_public_entry_is_found(ledger: Ledger) -> None:
    name, private = AssetName("m", "1", "a"), AssetVisibility.PRIVATE
    mine = kept_asset(ledger, name=name)
    kept_asset(ledger, name=name, assets_db_id="first", visibility=private)
    oldest = kept_asset(ledger, name=name, assets_db_id="second")
    kept_asset(ledger, name=name, assets_db_id="third")
    for wanted in (name.uri, oldest.id):
        assert ledger.assets.find_shared("db", wanted) == oldest
    assert ledger.assets.find_shared("second", name.uri) == mine
    assert ledger.assets.find_shared("db", mine.id) is None
    assert ledger.assets.find_shared("db", "") is None


def test_what_one_person_owns_at_home_is_found_by_who_he_is(ledger: Ledger) -> None:
    own = {
        kept_asset(ledger, owner_name="alice", visibility=AssetVisibility.PRIVATE).id,
        kept_asset(ledger, owner_name="alice.before").id,
    }
    kept_asset(ledger, owner_id=8, owner_name="alice")
    kept_asset(ledger, owner_id=None)
    theirs = kept_asset(ledger, owner_name="alice", assets_db_id="other").id
    scope = AssetScope(7, home_db_id="db", owner_id=7)
    assert found(ledger, scope) == own
    assert found(ledger, replace(scope, everything=True)) == own
    assert found(ledger, replace(scope, assets_db_id="other")) == set()
    assert found(ledger, replace(scope, home_db_id=None)) == {*own, theirs}


def test_a_uri_is_found_before_the_same_text_as_an_id(ledger: Ledger) -> None:
    named = kept_asset(ledger, name=AssetName("a", "b", "c"))
    kept_asset(ledger, id="a:b-c")
    assert ledger.assets.find_asset("db", "a:b-c") == named


def test_of_many_who_take_a_uri_at_once_one_gets_it(ledger: Ledger) -> None:
    def take(number: int) -> bool:
        try:
            kept_asset(ledger, id=f"taker-{number}", name=AssetName("same", "1", "t"))
        except Conflict:
            return False
        return True

    assert sum(at_once(8, take)) == 1
    assert len(found(ledger, EVERYTHING, {"asset_tags": "sample"})) == 1


def test_a_change_is_found_by_what_it_says_now(ledger: Ledger) -> None:
    asset = kept_asset(ledger)
    changed = replace(asset, metadata={"type": "video"}, tags=("new",), updated_at=SOON)
    ledger.assets.replace_asset(changed, seen_at=asset.updated_at)
    assert ledger.assets.find_asset("db", asset.id) == changed
    assert found(ledger, EVERYTHING, {"asset_tags": "new"}) == {asset.id}
    assert found(ledger, EVERYTHING, {"asset_metadata.type": "image"}) == set()


def test_identity_and_bytes_of_an_asset_never_change(ledger: Ledger) -> None:
    asset = kept_asset(ledger)
    other = replace(
        asset, name=AssetName("b"), owner_id=9, file=None, assets_db_id="x", created_at=SOON
    )
    ledger.assets.replace_asset(other, seen_at=asset.updated_at)
    assert ledger.assets.find_asset("db", asset.id) == asset


def test_of_two_changes_of_what_was_seen_one_wins(ledger: Ledger) -> None:
    asset = kept_asset(ledger)
    ledger.assets.replace_asset(replace(asset, updated_at=SOON), seen_at=asset.updated_at)
    with pytest.raises(Conflict):
        ledger.assets.replace_asset(replace(asset, updated_at=LATER), seen_at=asset.updated_at)
    ledger.assets.delete_asset(asset.id, NOW)
    with pytest.raises(NotFound):
        ledger.assets.replace_asset(asset, seen_at=SOON)


def test_a_deleted_asset_is_found_in_no_way_and_its_uri_is_free(ledger: Ledger) -> None:
    asset = kept_asset(ledger)
    ledger.assets.delete_asset(asset.id, NOW)
    ledger.assets.delete_asset(asset.id, NOW)
    assert ledger.assets.find_asset("db", asset.name.uri) is None
    assert ledger.assets.find_asset("db", asset.id) is None
    assert found(ledger, EVERYTHING, {"asset_tags": "sample"}) == set()
    kept_asset(ledger, name=asset.name)


def test_everybody_sees_what_is_theirs_to_see(ledger: Ledger) -> None:
    ids = {
        visibility: kept_asset(ledger, visibility=visibility, dataset_id=DatasetId(5)).id
        for visibility in AssetVisibility
    }
    public, internal = ids[AssetVisibility.PUBLIC], ids[AssetVisibility.INTERNAL]
    private, dataset = ids[AssetVisibility.PRIVATE], ids[AssetVisibility.DATASET]
    assert found(ledger, AssetScope(None)) == {public}
    assert found(ledger, AssetScope(8)) == {public, internal}
    assert found(ledger, AssetScope(8, frozenset({DatasetId(5)}))) == {public, internal, dataset}
    assert found(ledger, AssetScope(8, frozenset({DatasetId(6)}))) == {public, internal}
    assert found(ledger, AssetScope(7)) == set(ids.values())
    assert found(ledger, EVERYTHING) == set(ids.values())
    assert private not in found(ledger, AssetScope(8), {"$or": [{}, {"asset_id": private}]})


def test_a_search_stays_in_its_database_or_goes_through_all(ledger: Ledger) -> None:
    here, there = kept_asset(ledger), kept_asset(ledger, assets_db_id="other")
    assert found(ledger, AssetScope(None, assets_db_id="other")) == {there.id}
    assert found(ledger, AssetScope(None)) == {here.id, there.id}


def test_the_most_used_tags_within_the_scope_are_counted(ledger: Ledger) -> None:
    kept_asset(ledger, tags=("a", "b"))
    kept_asset(ledger, tags=("b",))
    kept_asset(ledger, tags=("b", "hidden"), visibility=AssetVisibility.PRIVATE, owner_id=9)
    assert list(ledger.assets.list_asset_tags(AssetScope(None), 9)) == [("b", 2), ("a", 1)]
    assert list(ledger.assets.list_asset_tags(EVERYTHING, 1)) == [("b", 3)]


def test_the_installation_keeps_the_id_of_its_asset_database(
    ledger: Ledger, database_url: str
) -> None:
    ids = set(at_once(4, lambda _: ledger.assets.read_assets_db_id()))
    again = open_ledger(database_url, [KEY])
    assert ids == {again.assets.read_assets_db_id()}
    again.close()


@pytest.mark.parametrize("value", ("a\x00b", "\ud800", float("nan"), 10**309, {"a\x00": 1}))
def test_what_no_database_keeps_is_refused_before(value: object) -> None:
    with pytest.raises(Invalid):
        some_asset(metadata={"field": value})


def test_a_file_of_a_dataset_comes_back_with_its_revision(ledger: Ledger) -> None:
    pinned = PinnedFile(DatasetId(12), Revision("a1" * 20), FilePath("dir ä/lamp.jpg"))
    asset = kept_asset(
        ledger,
        file=None,
        visibility=AssetVisibility.DATASET,
        dataset_id=DatasetId(12),
        pinned=pinned,
        more_file_info={"size": 7, "md5": "1" * 32, "file_name": "lamp.jpg"},
    )
    assert ledger.assets.find_asset("db", asset.id) == asset
    changed = replace(asset, tags=("new",), updated_at=SOON, pinned=None)
    ledger.assets.replace_asset(changed, seen_at=asset.updated_at)
    assert ledger.assets.find_asset("db", asset.id) == replace(changed, pinned=pinned)


def test_datasets_of_assets_are_listed_once_those_of_the_newest_first(ledger: Ledger) -> None:
    for number in (5, 6, 5, 7, 6):
        kept_asset(ledger, visibility=AssetVisibility.DATASET, dataset_id=DatasetId(number))
    kept_asset(ledger)
    kept_asset(
        ledger, assets_db_id="other", visibility=AssetVisibility.DATASET, dataset_id=DatasetId(9)
    )
    assert ledger.assets.list_asset_datasets("db", 9) == [DatasetId(6), DatasetId(7), DatasetId(5)]
    assert ledger.assets.list_asset_datasets("db", 1) == [DatasetId(6)]
    assert ledger.assets.list_asset_datasets("none", 9) == []


def test_what_people_see_at_home_they_do_not_see_elsewhere(ledger: Ledger) -> None:
    here = {one: kept_asset(ledger, visibility=one).id for one in AssetVisibility}
    there = kept_asset(ledger, assets_db_id="other").id
    for visibility in set(AssetVisibility) - {AssetVisibility.PUBLIC}:
        kept_asset(
            ledger, assets_db_id="other", visibility=visibility, dataset_id=DatasetId(5), owner_id=7
        )
    everything = AssetScope(7, frozenset({DatasetId(5)}), everything=True, home_db_id="db")
    assert found(ledger, everything) == {*here.values(), there}
    assert found(ledger, replace(everything, everything=False)) == {*here.values(), there}
    nobody = AssetScope(None, home_db_id="db", sees_internal=True)
    assert found(ledger, nobody) == {
        here[AssetVisibility.PUBLIC],
        here[AssetVisibility.INTERNAL],
        there,
    }


def test_a_site_on_which_assets_lie_stays_where_it_is(ledger: Ledger) -> None:
    site = some_site()
    ledger.sites.save_site_record(site)
    asset = kept_asset(ledger, file=replace(FILE, site_id=site.id))
    moved = replace(site, address=replace(site.address, url="s3://other/place"))
    with pytest.raises(Conflict) as refused:
        ledger.sites.save_site_record(moved)
    assert refused.value.code == "address_frozen"
    with pytest.raises(Conflict) as refused:
        ledger.sites.delete_site_record(site.id)
    assert refused.value.code == "site_in_use"
    ledger.assets.delete_asset(asset.id, NOW)
    ledger.sites.delete_site_record(site.id)
