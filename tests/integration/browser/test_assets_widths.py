"""Pages of assets on screens of all widths, with names that are long."""

from __future__ import annotations

import secrets

import pytest

from tests.integration.browser.samples import Push, Visit, named
from tests.integration.product.conftest import NewDataset, Person


@pytest.mark.parametrize("version", ("v0.1.0", "v" * 60))
def test_on_a_narrow_screen_a_long_version_lies_over_nothing(
    visit: Visit, carol: Person, new_dataset: NewDataset, version: str
) -> None:
    dataset, name = new_dataset(), named()
    carol.json("PUT", f"/datasets/{dataset}/files/a.bin", 201, content=secrets.token_bytes(99))
    told = {
        "path": "a.bin",
        "asset_name": name,
        "asset_version": {"version": version, "tag": "4dcb9ea1"},
        "asset_metadata": {"description": "a seam that was welded on line 3 " * 5},
    }
    carol.json("POST", f"/datasets/{dataset}/assets", 201, json=told)
    page = visit(carol, width=380)
    page.goto(f"/assets?search={name}")
    row = page.locator("#results tbody tr")
    spans = [
        (box["x"], box["x"] + box["width"])
        for part in ("td.cut", ".badge", ".when")
        if (box := row.locator(part).bounding_box()) is not None
    ]
    assert len(spans) == 3
    assert spans[0][1] <= spans[1][0] < spans[1][1] <= spans[2][0] < spans[2][1] <= 380
    assert spans[0][1] - spans[0][0] > 60


@pytest.mark.parametrize("width", (380, 640, 760, 901, 1024, 1280))
def test_no_page_of_assets_is_wider_than_the_screen(
    visit: Visit, alice: Person, push: Push, width: int
) -> None:
    long = {
        "asset_name": named() + " that is long" * 15,
        "asset_version": {"version": "v" * 60, "tag": "t" * 60},
        "asset_metadata": {"k" * 90: "v" * 400, "deep": {"a": list(range(50))}},
        "asset_tags": ["tag" * 40, *(f"tag {number}" for number in range(12))],
    }
    made = push(alice, long)["asset_id"]
    page = visit(alice, width=width)
    both = f"left={made}&right={made}&all=1"
    for address in (
        "/assets?field=width&op=is&value=1",
        "/assets",
        "/assets?scope=third-party",
        "/assets/new",
        f"/assets/{made}",
        f"/assets/{made}/edit",
        f"/assets/compare?{both}",
        "/registry",
        "/registry/new",
    ):
        page.goto(address)
        too_wide = page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert too_wide <= 0, address
