"""Every fact that Labset relies on is cited by the name of a test."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from tests.conformance.gitlab.facts import NICE, RELIED_ON

_CITED = re.compile(
    rf"({'|'.join(sorted({fact.split('-')[0].lower() for fact in RELIED_ON}))})_(\d+)_"
)


def cited() -> set[str]:
    """Return the facts that the names of the tests in this folder begin with."""
    return {fact for name in names() for fact in facts_of(name)}


def names() -> list[str]:
    trees = (
        ast.parse(path.read_text(encoding="utf-8"))
        for path in Path(__file__).parent.glob("test_*.py")
    )
    nodes = (node for tree in trees for node in tree.body)
    return [
        node.name.removeprefix("test_")
        for node in nodes
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    ]


def facts_of(name: str) -> list[str]:
    found = []
    while match := _CITED.match(name):
        found.append(f"{match[1].upper()}-{match[2]}")
        name = name[match.end() :]
    return found


def test_every_fact_is_cited_by_the_name_of_a_test() -> None:
    assert RELIED_ON - cited() == set()


def test_no_test_cites_what_is_no_fact() -> None:
    assert cited() - RELIED_ON - NICE == set()
