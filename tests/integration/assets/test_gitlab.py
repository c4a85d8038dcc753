"""Files of datasets as assets, and GitLab's answers about people, datasets and sites."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import cast

import pytest

from core.errors import Conflict, Forbidden, Invalid, NotFound, Unauthenticated
from core.model.access import Actor
from core.model.asset_documents import asset_document
from core.model.assets import Asset, AssetVisibility, PinnedFile
from core.model.json_values import JsonValue
from core.model.names import DatasetId, FilePath, Ref, SiteId
from core.ports import Directory, SiteRecords
from core.usecases.assets.drafts import read_changes
from core.usecases.assets.entries import change_asset, delete_asset
from core.usecases.assets.finding import find_asset
from core.usecases.assets.from_dataset import register_file
from core.usecases.assets.objects import PinnedBytes, find_object
from core.usecases.assets.rights import GitLabPeople, LabsetPlaces
from tests.integration.assets.gitlab import COMMIT, FakeDirectory, fake_platform
from tests.integration.assets.world import (
    ADMIN,
    NOBODY,
    OWNER,
    READER,
    REFUSED,
    STRANGER,
    House,
    md5_of,
    named,
    people,
    some_site,
)

TEXTS = {"dir ä/lamp?.txt": b"a lamp", "readme.md": b"# Lamps"}
PATH = FilePath("dir ä/lamp?.txt")
URL = f"https://labset.test/api/v1/datasets/12/files/dir%20%C3%A4/lamp%3F.txt?ref={COMMIT}"


def people_of(directory: FakeDirectory) -> GitLabPeople:
    return GitLabPeople(cast("Directory", directory))


def places_of(directory: FakeDirectory, sites: SiteRecords, chosen: str) -> LabsetPlaces:
    return LabsetPlaces(cast("Directory", directory), sites, chosen)


@pytest.fixture
def directory() -> FakeDirectory:
    return FakeDirectory(
        people().people, {"owner": {12}, "stranger": {12}, "": set()}, {"owner", "reader"}
    )


@pytest.fixture
def house(house: House, directory: FakeDirectory) -> House:
    """The same house, whose people and places are GitLab's."""
    for number in (4, 9, 6):
        site = some_site(number)
        house.ledger.sites.save_site_record(
            replace(site, name="shared" if number > 5 else site.name)
        )
    platform = replace(
        house.platform,
        people=people_of(directory),
        places=places_of(directory, house.ledger.sites, "shared"),
    )
    return replace(house, platform=platform)


def register(
    house: House,
    directory: FakeDirectory,
    body: dict[str, JsonValue] | None = None,
    *,
    by: Actor = OWNER,
    ref: str | None = "v1.0",
    path: FilePath = PATH,
    dataset: int = 12,
) -> Asset:
    platform = fake_platform(directory, TEXTS)
    where = DatasetId(dataset), Ref(ref) if ref else None, path
    return register_file(house.platform, platform, by, *where, body or {})


def test_a_registered_file_is_pinned_and_tells_what_the_dataset_knows(
    house: House, directory: FakeDirectory
) -> None:
    asset = register(house, directory, {"asset_tags": ["lamp"], "asset_metadata": {"a": 1}})
    assert asset.name.uri == "lamp?.txt:v1.0-0123abcd"
    assert asset.pinned == PinnedFile(DatasetId(12), COMMIT, PATH)
    assert (asset.visibility, asset.dataset_id) == (AssetVisibility.DATASET, DatasetId(12))
    document = asset_document(asset)
    assert document["asset_public_url"] == URL
    assert document["asset_file_info"] == {
        "size": 6,
        "md5": md5_of(b"a lamp").hex,
        "file_name": "lamp?.txt",
        "sha256": hashlib.sha256(b"a lamp").hexdigest(),
        "format": "application/octet-stream",
    }
    assert document["dataset_id"] == 12
    assert find_asset(house.platform, OWNER, asset.id) == asset
    assert house.objects.bytes_at == {}


@pytest.mark.parametrize(
    ("ref", "version"),
    ((None, "0123abcd"), ("main", "main"), ("0123abcd01", "0123abcd"), (COMMIT.sha, "0123abcd")),
)
def test_the_version_is_the_refs_name_or_the_commit(
    house: House, directory: FakeDirectory, ref: str | None, version: str
) -> None:
    assert register(house, directory, ref=ref).name.version == version


def test_a_name_may_be_given_in_part(house: House, directory: FakeDirectory) -> None:
    body: dict[str, JsonValue] = {"asset_name": "Lamp", "asset_version": {"tag": "final"}}
    assert register(house, directory, body).name.uri == "Lamp:v1.0-final"


def test_registering_again_is_the_entry_that_is_there(
    house: House, directory: FakeDirectory
) -> None:
    asset = register(house, directory)
    assert register(house, directory) == asset
    assert register(house, directory, by=STRANGER) == asset
    with pytest.raises(Conflict):
        register(house, directory, {"asset_name": "lamp?.txt"}, path=FilePath("readme.md"))


@pytest.mark.parametrize(
    "body",
    (
        {"visibility": "public"},
        {"dataset_id": 13},
        {"asset_public_url": "https://files.example/x"},
        {"asset_file_info": {"md5": "0" * 32}},
        {"owner": "admin"},
        {"path": "x"},
    ),
    ids=str,
)
def test_what_the_dataset_says_nobody_else_does(
    house: House, directory: FakeDirectory, body: dict[str, JsonValue]
) -> None:
    with pytest.raises(Invalid):
        register(house, directory, body)


def test_who_may_not_read_the_dataset_registers_nothing(
    house: House, directory: FakeDirectory
) -> None:
    directory.readers["admin"] = {13}
    for by, dataset, refusal in (
        (NOBODY, 12, Unauthenticated),
        (REFUSED, 12, Unauthenticated),
        (READER, 12, Forbidden),
        (OWNER, 13, NotFound),
        (ADMIN, 13, Forbidden),
    ):
        with pytest.raises(refusal):
            register(house, directory, by=by, dataset=dataset)
    with pytest.raises(NotFound):
        register(house, directory, path=FilePath("absent"))
    with pytest.raises(NotFound):
        register(house, directory, ref="absent")


def test_its_permission_is_the_datasets_now(house: House, directory: FakeDirectory) -> None:
    asset = register(house, directory)
    assert find_object(house.platform, STRANGER, asset.id) == PinnedBytes(
        asset, PinnedFile(DatasetId(12), COMMIT, PATH)
    )
    for by in (NOBODY, READER):
        with pytest.raises(NotFound):
            find_object(house.platform, by, asset.id)
    directory.readers["stranger"].clear()
    with pytest.raises(NotFound):
        find_object(house.platform, STRANGER, asset.id)


def test_it_stays_the_datasets_and_of_other_databases_it_is_not_seen(
    house: House, directory: FakeDirectory
) -> None:
    asset = register(house, directory)

    def change(body: dict[str, JsonValue]) -> Asset:
        return change_asset(
            house.platform, OWNER, asset.id, lambda there: read_changes(body, there)
        )

    assert change({"asset_tags": ["new"]}).pinned == asset.pinned
    assert change({**asset_document(asset), "asset_tags": ["newer"]}).tags == ("newer",)
    bodies: list[dict[str, JsonValue]] = [
        {"visibility": "public"},
        {"dataset_id": 13},
        {"asset_public_url": "https://files.example/x"},
        {"asset_file_info": {}, "asset_name": "x"},
    ]
    for body in bodies:
        with pytest.raises(Invalid):
            change(body)
    other = house.with_rules(assets_db_id="other")
    with pytest.raises(NotFound):
        find_object(other.platform, OWNER, asset.id)
    delete_asset(house.platform, OWNER, asset.id)


def test_writing_asks_gitlab_anew(house: House, directory: FakeDirectory) -> None:
    house.create(named())
    assert "read_person fresh=True" in directory.calls
    directory.calls.clear()
    find_asset(house.platform, OWNER, "Lamp:1.0-initial")
    assert directory.calls == ["read_person fresh=False"]


def test_many_datasets_are_asked_for_once_each(directory: FakeDirectory) -> None:
    wanted = [DatasetId(number) for number in range(1, 41)]
    directory.readers["owner"] = {2, 13, 40, 41}
    assert people_of(directory).find_readable(OWNER, wanted) == {DatasetId(2), DatasetId(40)}
    assert len(directory.calls) == 40
    assert people_of(directory).find_readable(OWNER, []) == frozenset()
    assert people_of(directory).find_readable(NOBODY, wanted[:1]) == frozenset()


def test_a_failure_of_one_is_a_failure_of_all(directory: FakeDirectory) -> None:
    class Down(FakeDirectory):
        def find_dataset(self, *_: object, **__: object) -> None:
            raise Unauthenticated("GitLab refuses this token.")

    down = Down(directory.people)
    with pytest.raises(Unauthenticated):
        people_of(down).find_readable(OWNER, [DatasetId(1), DatasetId(2)])


def test_the_operators_site_is_found_by_number_or_oldest_of_a_name(
    house: House, directory: FakeDirectory
) -> None:
    sites = house.ledger.sites
    for chosen, number in (("4", 4), ("s3-4", 4), ("shared", 6), (" 9 ", 9)):
        places = places_of(directory, sites, chosen)
        for _ in range(2):
            assert places.open_site(NOBODY, None).id == SiteId(number)
    for chosen in ("", "absent", "77"):
        with pytest.raises(Conflict) as refused:
            places_of(directory, sites, chosen).open_site(OWNER, None)
        assert refused.value.code == "no_assets_site"
        assert chosen in refused.value.message


def test_a_site_of_ones_own_takes_its_key(house: House, directory: FakeDirectory) -> None:
    places = places_of(directory, house.ledger.sites, "shared")
    assert places.open_site(OWNER, SiteId(4)).id == SiteId(4)
    with pytest.raises(Forbidden) as refused:
        places.open_site(STRANGER, SiteId(4))
    assert refused.value.ask == ("root",)
    for number in (6, 77):
        with pytest.raises(NotFound):
            places.open_site(OWNER, SiteId(number))
    assert places.find_site(SiteId(4)) == some_site(4)
    assert places.find_site(SiteId(77)) is None


def test_a_chosen_site_that_is_made_later_is_found(house: House, directory: FakeDirectory) -> None:
    places = places_of(directory, house.ledger.sites, "later")
    with pytest.raises(Conflict):
        places.open_site(OWNER, None)
    house.ledger.sites.save_site_record(replace(some_site(8), name="later"))
    assert places.open_site(OWNER, None).id == SiteId(8)
    house.ledger.sites.delete_site_record(SiteId(8))
    with pytest.raises(Conflict):
        places.open_site(OWNER, None)
