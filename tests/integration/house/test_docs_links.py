from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

from tests.integration.house.checkout import ROOT, packages
from tests.integration.house.writing import PAGES, anchors_of, code_in, prose_of, text_of

DECISIONS = ROOT / "docs" / "decisions"

_LINK = re.compile(r"\]\(([^)\s]+)\)")
_TARGET = re.compile(r"^([a-z-]+):", re.MULTILINE)
_MADE = re.compile(r"\bmake ([a-z-]+)\b")
_RUN = re.compile(r"python3? -m ([a-z_.]+)")
_FILE = re.compile(
    rf"(?:{'|'.join((*packages(), 'tests', 'bench', 'templates', 'docs'))})/[\w./*-]*"
)
_OF_PYTHON = {"pip", "venv"}

pages = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


@pages
def test_every_link_leads_to_a_file_and_a_heading_that_are_there(page: Path) -> None:
    links = [link for link in _LINK.findall(prose_of(page)) if ":" not in link]
    assert [link for link in links if not leads_somewhere(page, link)] == []


def leads_somewhere(page: Path, link: str) -> bool:
    name, _, anchor = link.partition("#")
    goal = (page.parent / name) if name else page
    return goal.is_file() and (not anchor or anchor in anchors_of(goal))


@pages
def test_every_file_that_a_page_names_is_there(page: Path) -> None:
    named = [code for code in code_in(prose_of(page)) if _FILE.fullmatch(code)]
    assert [name for name in named if not any(ROOT.glob(name.rstrip("/")))] == []


@pages
def test_every_command_that_a_page_names_is_there(page: Path) -> None:
    targets = set(_TARGET.findall((ROOT / "Makefile").read_text(encoding="utf-8")))
    commands = "\n".join([*code_in(prose_of(page)), *blocks_of(page)])
    assert set(_MADE.findall(commands)) - targets == set()
    modules = set(_RUN.findall(commands)) - _OF_PYTHON
    assert [name for name in modules if importlib.util.find_spec(name) is None] == []


def blocks_of(page: Path) -> list[str]:
    return re.findall(r"^```\w*\n(.*?)^```", text_of(page), re.MULTILINE | re.DOTALL)


def test_every_page_is_reached_from_the_readme() -> None:
    reached, waiting = set[Path](), [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page not in reached and page.suffix == ".md" and page.is_file():
            reached.add(page)
            links = (link.partition("#")[0] for link in _LINK.findall(prose_of(page)))
            waiting += [(page.parent / link).resolve() for link in links if ":" not in link]
    assert set(PAGES) - reached - {ROOT / "docs" / "index.md"} == set()


def test_decisions_are_numbered_without_gaps_and_say_what_was_given_up() -> None:
    notes = sorted(path for path in DECISIONS.glob("*.md") if path.name != "README.md")
    numbers = [int(path.name[:4]) for path in notes]
    assert numbers == list(range(1, len(notes) + 1))
    for number, path in zip(numbers, notes, strict=True):
        text = text_of(path)
        assert text.startswith(f"# {number}. "), path.name
        parts = [text.find(f"**{part}.**") for part in ("Context", "Decision", "Given up")]
        assert -1 < parts[0] < parts[1] < parts[2], path.name
