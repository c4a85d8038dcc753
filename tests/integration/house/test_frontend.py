from __future__ import annotations

import json
from xml.etree import ElementTree as ET

from tests.integration.house.checkout import ROOT
from tools.frontend import VENDOR, symbol

LISTED = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))["labset"]


def test_every_file_that_package_json_lists_is_there_for_the_browser() -> None:
    assert [name for name in LISTED["vendor"] if not (VENDOR / name).stat().st_size] == []


def test_the_sprite_holds_every_listed_icon_by_its_name() -> None:
    sprite = ET.parse(VENDOR / LISTED["icons"]["into"]).getroot()  # noqa: S314 - we wrote it
    assert [found.get("id") for found in sprite] == LISTED["icons"]["names"]


def test_an_icon_keeps_its_drawing_and_loses_its_own_size() -> None:
    drawn = symbol("dot", '<svg\n  width="24"\n>\n  <circle r="1" />\n</svg>')
    assert '<circle r="1" />' in drawn
    assert "width=" not in drawn.replace("stroke-width=", "")
