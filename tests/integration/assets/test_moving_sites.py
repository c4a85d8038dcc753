"""A site may move until something lies there; what was on its way then is not lost sight of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, cast

import pytest

from core.errors import Conflict
from core.usecases.assets.uploading import Incoming, upload_asset
from tests.integration.assets.world import OWNER, House, draft, named


@pytest.mark.parametrize("moved", (False, True), ids=("deleted", "moved"))
def test_a_site_that_leaves_its_address_under_an_upload_gets_no_entry(
    house: House, *, moved: bool
) -> None:
    site = house.places.sites[0]

    def leave() -> Iterator[bytes]:
        yield b"some"
        address = replace(site.address, url="s3://other/place")
        house.places.sites = [replace(site, address=address)] if moved else []
        yield b"more"

    incoming = Incoming("x", leave(), lambda: draft(named()))
    with pytest.raises(Conflict) as refused:
        upload_asset(house.platform, OWNER, incoming)
    assert refused.value.code == "site_changed"
    assert house.objects.bytes_at == {}
    assert house.ledger.assets.find_asset("db", "Lamp:1.0-initial") is None


def test_a_site_whose_keys_change_under_an_upload_gets_its_entry(house: House) -> None:
    site = house.places.sites[0]

    def change() -> Iterator[bytes]:
        yield b"some"
        address = replace(site.address, region="elsewhere")
        house.places.sites = [replace(site, keys=None, address=address)]
        yield b"more"

    incoming = Incoming("x", change(), lambda: draft(named()))
    asset = upload_asset(house.platform, OWNER, incoming)
    assert house.objects.bytes_at == {house.place(asset): b"somemore"}


def test_a_site_that_moves_while_bytes_are_put_in_their_place_gets_no_entry(
    house: House,
) -> None:
    site = house.places.sites[0]

    class Late:
        def __getattr__(self, name: str) -> object:
            return getattr(house.objects, name)

        def put(self, *args: object, **more: object) -> object:
            stored = house.objects.put(*args, **more)  # type: ignore[arg-type]
            house.places.sites = [replace(site, address=replace(site.address, url="s3://b"))]
            return stored

    late = replace(house, platform=replace(house.platform, objects=cast("Any", Late())))
    with pytest.raises(Conflict) as refused:
        late.upload(named())
    assert refused.value.code == "site_changed"
    assert house.ledger.assets.find_asset("db", "Lamp:1.0-initial") is None
