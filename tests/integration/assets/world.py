"""An asset database over a real ledger, with people, sites and a clock that tests can move."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import cast

from core.errors import Conflict, Forbidden, Unauthenticated
from core.model.access import ANONYMOUS, Actor, Person, Secret
from core.model.assets import Asset, AssetVisibility, FileFormat
from core.model.json_values import JsonValue
from core.model.names import DatasetId, Md5, SiteId
from core.model.storage import SiteAddress, SiteKeys, SiteKind, SiteRecord
from core.ports import AssetPlatform, AssetRules, OtherDatabases
from core.usecases.assets.drafts import AssetDraft, read_draft
from core.usecases.assets.entries import create_external
from core.usecases.assets.placing import assets_placement
from core.usecases.assets.uploading import Incoming, upload_asset
from ledger.engine import Ledger
from tests.fakes.clock import FakeClock
from tests.fakes.objects import FakeObjects

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
NOBODY = ANONYMOUS
Json = Mapping[str, JsonValue]


def actor(name: str) -> Actor:
    """Return somebody by the name that is also the token."""
    return Actor(Secret(name))


OWNER, STRANGER, ADMIN, READER, REFUSED = map(
    actor, ("owner", "stranger", "admin", "reader", "refused")
)


@dataclass
class KnownPeople:
    """`AssetPeople` by a list; `readable` says whose tokens read which datasets ("" is nobody)."""

    people: dict[str, Person] = field(default_factory=dict)
    readable: dict[str, set[int]] = field(default_factory=dict)
    asked: int = 0

    def find_person(self, actor: Actor) -> Person | None:
        if actor.token is None:
            return None
        person = self.people.get(actor.token.reveal())
        if person is None:
            raise Unauthenticated("This token is refused.")
        return person

    def check_may_write(self, actor: Actor) -> None:
        if actor.token is not None and actor.token.reveal() == "reader":
            raise Forbidden("this token is for reading", code="insufficient_scope")

    def find_readable(self, actor: Actor, among: Collection[DatasetId]) -> frozenset[DatasetId]:
        self.asked += 1
        numbers = self.readable.get(actor.token.reveal() if actor.token else "", set())
        return frozenset(one for one in among if one.number in numbers)

    find_readable_soon = find_readable


@dataclass
class KnownPlaces:
    """`AssetPlaces` by a list: the first one is the operator's."""

    sites: list[SiteRecord]

    def find_site(self, site_id: SiteId) -> SiteRecord | None:
        return next((site for site in self.sites if site.id == site_id), None)

    def open_site(self, actor: Actor, site_id: SiteId | None) -> SiteRecord:
        del actor
        found = self.find_site(site_id or self.sites[0].id) if self.sites else None
        if found is None:
            raise Conflict("No site was chosen.", code="no_assets_site")
        return found


def some_site(number: int) -> SiteRecord:
    address = SiteAddress(SiteKind.S3, f"s3://bucket/deep/{number}", "http://s3.test")
    return SiteRecord(
        SiteId(number), f"s3-{number}", address, SiteKeys(Secret("a"), Secret("s")), "root"
    )


def people() -> KnownPeople:
    known = {
        name: Person(number, name, name.title(), f"{name}@lab.test", is_admin=name == "admin")
        for number, name in enumerate(("owner", "stranger", "admin", "reader"), start=1)
    }
    return KnownPeople(known, {"stranger": {5}})


@dataclass
class House:
    """An asset database, and what stands behind it."""

    platform: AssetPlatform
    ledger: Ledger
    people: KnownPeople
    places: KnownPlaces
    objects: FakeObjects
    clock: FakeClock

    def upload(
        self,
        body: Json,
        data: bytes = b"some bytes",
        *,
        by: Actor = OWNER,
        site: int | None = None,
        file_name: str = "file.bin",
    ) -> Asset:
        incoming = Incoming(file_name, pieces(data), lambda: read_draft(body, needs_version=True))
        return upload_asset(self.platform, by, incoming, SiteId(site) if site else None)

    def create(self, body: Json, *, by: Actor = OWNER) -> Asset:
        return create_external(self.platform, by, draft(body))

    def with_rules(self, **rules: object) -> House:
        changed = replace(self.platform.rules, **rules)  # type: ignore[arg-type]
        return replace(self, platform=replace(self.platform, rules=changed))

    def key(self, data: bytes, site: int = 3) -> str:
        md5 = md5_of(data).hex
        found = self.places.find_site(SiteId(site))
        assert found is not None
        prefix = assets_placement(found, self.platform.rules.assets_db_id).prefix
        return f"{prefix}/files/md5/{md5[:2]}/{md5[2:]}"

    def place(self, asset: Asset) -> str:
        """Return where the bytes of an entry are to lie."""
        file = asset.file
        assert file is not None
        found = self.places.find_site(file.site_id)
        assert found is not None
        prefix = assets_placement(found, self.platform.rules.assets_db_id).prefix
        by_md5 = f"{prefix}/files/md5/{file.md5.hex[:2]}/{file.md5.hex[2:]}"
        return f"{prefix}/large/{file.slot}" if file.slot else by_md5


def open_house(ledger: Ledger, **rules: object) -> House:
    clock, known, places = FakeClock(NOW), people(), KnownPlaces([some_site(3), some_site(4)])
    objects = FakeObjects(clock)
    platform = AssetPlatform(
        people=known,
        places=places,
        assets=ledger.assets,
        registry=ledger.registry,
        objects=objects,
        others=cast("OtherDatabases", None),
        recognize=lambda head: FileFormat("image/png", 2, 1) if head[:1] == b"\x89" else PLAIN,
        clock=clock,
        rules=AssetRules("db", "https://labset.test", is_open=False, visibility=PUBLIC),
    )
    house = House(platform, ledger, known, places, objects, clock)
    return house.with_rules(**rules)


PUBLIC = AssetVisibility.PUBLIC
PLAIN = FileFormat("application/octet-stream")


def draft(body: Json) -> AssetDraft:
    return read_draft(body, needs_version=False)


def named(name: str = "Lamp", version: str = "1.0", tag: str = "initial", **more: object) -> Json:
    return {"asset_name": name, "asset_version": {"version": version, "tag": tag}, **more}  # type: ignore[dict-item]


def pieces(data: bytes) -> Iterable[bytes]:
    return (data[start : start + 7] for start in range(0, len(data), 7))


def md5_of(data: bytes) -> Md5:
    return Md5(hashlib.md5(data, usedforsecurity=False).hexdigest())
