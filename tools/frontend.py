"""Puts the browser's files from node_modules into app/static/vendor, as package.json lists them.

`labset.vendor` maps our name to a file of a package; `labset.icons` names the icons that become one sprite,
used in a page as `<svg class="icon"><use href="…/vendor/icons.svg#upload"></use></svg>`.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ROOT / "node_modules"
VENDOR = ROOT / "app" / "static" / "vendor"

_DRAWING = re.compile(r"<svg\b[^>]*>(.*)</svg>", re.DOTALL)
_SPRITE = '<svg xmlns="http://www.w3.org/2000/svg">\n{symbols}\n</svg>\n'
_SYMBOL = (
    '<symbol id="{name}" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2"'
    ' stroke-linecap="round" stroke-linejoin="round">{drawing}</symbol>'
)


def main() -> None:
    """Make app/static/vendor anew; end with a sentence if a package has no such file."""
    listed = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))["labset"]
    shutil.rmtree(VENDOR, ignore_errors=True)
    VENDOR.mkdir(parents=True)
    try:
        copy_files(listed["vendor"])
        write_sprite(**listed["icons"])
    except FileNotFoundError as missing:
        sys.exit(f"package.json names {missing.filename}, which no installed package has")


def copy_files(vendor: dict[str, str]) -> None:
    """Copy each file of a package to the name by which pages ask for it."""
    for name, source in vendor.items():
        shutil.copyfile(PACKAGES / source, VENDOR / name)


def write_sprite(*, origin: str, into: str, names: list[str]) -> None:
    """Write one SVG file with a symbol per icon."""
    symbols = (symbol(name, (PACKAGES / origin / f"{name}.svg").read_text()) for name in names)
    (VENDOR / into).write_text(_SPRITE.format(symbols="\n".join(symbols)), encoding="utf-8")


def symbol(name: str, svg: str) -> str:
    """Return the icon's drawing as a symbol that takes the colour of the text around it."""
    found = _DRAWING.search(svg)
    if not found:
        sys.exit(f"the icon {name} is not an SVG drawing")
    return _SYMBOL.format(name=name, drawing=re.sub(r"\s+", " ", found[1]).strip())


if __name__ == "__main__":
    main()
