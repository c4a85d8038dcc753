"""Who may see and change what: every visibility, every kind of caller."""

from __future__ import annotations

import pytest

from core.errors import Forbidden, Invalid, NotFound, Unauthenticated
from core.model.access import Actor
from core.model.asset_documents import ASSET_SHAPE
from core.model.assets import Asset, AssetVisibility
from core.model.filters.queries import parse_query
from core.usecases.assets.drafts import AssetChanges
from core.usecases.assets.entries import change_asset, delete_asset
from core.usecases.assets.finding import find_asset, list_tags, query_assets
from core.usecases.assets.rights import MAX_ASKED_DATASETS
from tests.integration.assets.world import (
    ADMIN,
    NOBODY,
    OWNER,
    READER,
    REFUSED,
    STRANGER,
    House,
    actor,
    named,
)

ALL = frozenset(AssetVisibility)
PUBLIC, INTERNAL, PRIVATE, DATASET = AssetVisibility
SEEN = {  # the stranger may read the dataset, the reader may not
    "nobody": (NOBODY, {PUBLIC}),
    "reader": (READER, {PUBLIC, INTERNAL}),
    "stranger": (STRANGER, {PUBLIC, INTERNAL, DATASET}),
    "owner": (OWNER, ALL),
    "admin": (ADMIN, ALL),
}


def entries(house: House) -> dict[AssetVisibility, Asset]:
    house.people.readable["owner"] = {5}
    made = {
        one: house.create(
            named(
                one.value,
                visibility=one.value,
                asset_tags=[one.value],
                dataset_id=5 if one is DATASET else None,
            )
        )
        for one in AssetVisibility
    }
    house.people.readable["owner"] = set()
    return made


def sees(house: House, by: Actor, asset: Asset) -> bool:
    try:
        return find_asset(house.platform, by, asset.id) == asset
    except NotFound:
        return False


def found(house: House, by: Actor, *, here_only: bool = False) -> set[str]:
    query = parse_query({}, fields_of=ASSET_SHAPE)
    page = query_assets(house.platform, by, query, here_only=here_only)
    return {asset.name.name for asset in page.items}


@pytest.mark.parametrize("who", SEEN)
def test_everybody_sees_what_is_theirs_alone_in_lists_and_in_tags(house: House, who: str) -> None:
    by, visible = SEEN[who]
    made = entries(house)
    assert {one for one, asset in made.items() if sees(house, by, asset)} == visible
    assert found(house, by) == {one.value for one in visible}
    assert {tag for tag, _ in list_tags(house.platform, by, 9)} == {one.value for one in visible}


def test_a_refused_token_reads_nothing_not_even_what_is_public(house: House) -> None:
    asset = entries(house)[PUBLIC]
    for is_open in (False, True):
        anywhere = house.with_rules(is_open=is_open)
        with pytest.raises(Unauthenticated):
            find_asset(anywhere.platform, REFUSED, asset.id)
        with pytest.raises(Unauthenticated):
            found(anywhere, REFUSED)
        with pytest.raises(Unauthenticated):
            anywhere.create(named("new"), by=REFUSED)


@pytest.mark.parametrize("who", SEEN)
def test_owners_and_administrators_alone_change_and_delete(house: House, who: str) -> None:
    by, visible = SEEN[who]
    may = who in {"owner", "admin"}
    refusal = Unauthenticated if who == "nobody" else Forbidden
    for one, asset in entries(house).items():
        if may:
            changed = change_asset(
                house.platform, by, asset.id, lambda _: AssetChanges(tags=("x",))
            )
            assert changed.tags == ("x",)
            delete_asset(house.platform, by, asset.id)
            continue
        with pytest.raises(refusal if one in visible else NotFound):
            change_asset(house.platform, by, asset.id, lambda _: AssetChanges())
        with pytest.raises(refusal if one in visible else NotFound):
            delete_asset(house.platform, by, asset.id)
        assert sees(house, ADMIN, asset)


def test_what_nobody_may_see_cannot_be_told_from_what_is_not_there(house: House) -> None:
    private = entries(house)[PRIVATE]
    words = []
    for wanted in (private.name.uri, "absent:1.0-initial"):
        with pytest.raises(NotFound) as missing:
            find_asset(house.platform, STRANGER, wanted)
        words.append((missing.value.code, missing.value.message.replace(wanted, "")))
    assert words[0] == words[1]


def test_what_is_private_here_hides_nothing_that_another_database_shares(house: House) -> None:
    house.create(named("m", visibility="private"))
    other = house.with_rules(assets_db_id="other")
    shared = other.create(named("m"))
    assert find_asset(house.platform, STRANGER, shared.name.uri) == shared
    assert find_asset(house.platform, OWNER, shared.name.uri) != shared


def test_an_open_installation_trusts_whoever_reaches_it(house: House) -> None:
    owned = entries(house)
    opened = house.with_rules(is_open=True)
    unowned = opened.create(named("unowned", visibility="internal"), by=NOBODY)
    assert (unowned.owner_id, unowned.owner_name) == (None, "")
    assert found(opened, NOBODY) == {"public", "internal", "unowned"}
    assert sees(opened, NOBODY, unowned)
    assert not sees(opened, NOBODY, owned[PRIVATE])
    with pytest.raises(Unauthenticated):
        delete_asset(opened.platform, NOBODY, owned[PUBLIC].id)
    with pytest.raises(Invalid, match="private"):
        opened.create(named("x", visibility="private"), by=NOBODY)
    with pytest.raises(NotFound):
        opened.create(named("x", visibility="dataset", dataset_id=5), by=NOBODY)
    uploaded = opened.upload(named("bytes"), by=NOBODY)
    assert opened.upload(named("bytes"), by=NOBODY) == uploaded
    delete_asset(opened.platform, NOBODY, unowned.id)
    delete_asset(opened.platform, STRANGER, uploaded.id)


def test_what_was_made_on_a_trusted_network_is_the_administrators_afterwards(house: House) -> None:
    asset = house.with_rules(is_open=True).create(named(), by=NOBODY)
    with pytest.raises(Forbidden):
        delete_asset(house.platform, OWNER, asset.id)
    delete_asset(house.platform, ADMIN, asset.id)


def test_the_default_visibility_is_the_operators(house: House) -> None:
    private = house.with_rules(visibility=PRIVATE)
    assert private.create(named()).visibility is PRIVATE
    with pytest.raises(Invalid):
        private.with_rules(is_open=True).create(named("other"), by=NOBODY)


def test_revocation_takes_assets_of_a_dataset_away(house: House) -> None:
    asset = entries(house)[DATASET]
    assert sees(house, STRANGER, asset)
    house.people.readable.clear()
    assert not sees(house, STRANGER, asset)
    assert found(house, STRANGER) == {"public", "internal"}


def test_of_other_databases_public_assets_alone_are_seen(house: House) -> None:
    entries(house)
    other = house.with_rules(assets_db_id="other")
    other.create(named("of the other"))
    for who in ("owner", "admin", "stranger"):
        by, _ = SEEN[who]
        assert found(other, by) == {"public", "of the other"}
        assert found(other, by, here_only=True) == {"of the other"}
    for asset in (house.create(named("hidden", visibility="internal")),):
        assert not sees(other, ADMIN, asset)


def test_only_so_many_datasets_are_asked_for(house: House) -> None:
    house.people.readable["owner"] = set(range(1, MAX_ASKED_DATASETS + 6))
    for number in range(1, MAX_ASKED_DATASETS + 6):
        house.create(named(f"of {number}", dataset_id=number))
    house.people.readable["friend"] = set(range(1, MAX_ASKED_DATASETS + 6))
    house.people.people["friend"] = house.people.people["stranger"]
    assert len(found(house, actor("stranger"))) == 0
    newest = {f"of {number}" for number in range(6, MAX_ASKED_DATASETS + 6)}
    assert found(house, actor("friend")) == newest
