"""Assets and registered databases as people and pipes read them."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import typer

from labset.assets import Asset, Checked, RegistryEntry
from labset.cli.output import print_rows, shown, size_text, time_text
from labset.errors import Misused

Json = Mapping[str, Any]


def asset_row(asset: Asset) -> Sequence[str]:
    """Return the columns of a list: URI or id, size, format, visibility, time, tags."""
    return (
        shown(asset.key),
        size_text(asset.size),
        shown(_plain(asset.file_info.get("format"))),
        shown(asset.visibility),
        time_text(asset.created_at),
        shown(",".join(asset.tags)),
    )


def tell_there_is_more(limit: int) -> None:
    """Say beside a list that it was cut."""
    typer.echo(f"The first {limit:,}. --limit shows more, --all-pages all.", err=True)


def entry_row(entry: RegistryEntry) -> Sequence[str]:
    """Return the columns of a list: id, health, name, address, tags."""
    return (
        shown(entry.id),
        health_text(entry),
        shown(entry.name),
        shown(entry.url),
        shown(",".join(entry.tags)),
    )


def health_text(entry: RegistryEntry) -> str:
    """Return how an asset database was when it was looked at last."""
    if entry.health is None:
        return "unknown"
    return "healthy" if entry.health.ok else "unhealthy"


def field_row(document: Json, fields: Sequence[str]) -> Sequence[str]:
    """Return what stands at dotted paths of a document; nothing where nothing does."""
    return [shown(_plain(_at(document, field))) for field in fields]


def print_document(document: Json) -> None:
    """Print every field of a document on a line of its own; objects by dotted paths."""
    print_rows(_lines(document))


def check_rows(checked: Checked) -> Iterator[Sequence[str]]:
    """Yield the looks at a database, newest first."""
    for one in checked.history:
        seconds = "" if one.seconds is None else f"{one.seconds:.3f} s"
        state = "healthy" if one.ok else "unhealthy"
        yield time_text(one.checked_at), state, seconds, shown(one.problem)


def check_sure(what: str, *, yes: bool) -> None:
    """Ask whether to go on. Raises Misused, where nobody can be asked; ends the command at a no."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise Misused(f"There is no terminal to ask whether to delete {what}: say --yes.")
    typer.confirm(f"Delete {what}?", abort=True, err=True)


def _lines(document: Json, above: str = "") -> Iterator[Sequence[str]]:
    for name, value in document.items():
        if isinstance(value, dict) and value:
            yield from _lines(value, f"{above}{name}.")
        else:
            yield shown(f"{above}{name}"), shown(_plain(value))


def _at(document: Json, path: str) -> object:
    place: object = document
    for name in path.split("."):
        place = place.get(name) if isinstance(place, dict) else None
    return place


def _plain(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return ",".join(value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
