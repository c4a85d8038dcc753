"""What people type of assets: tags by commas, `key=value`, JSON out of a file or a pipe."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

from labset.errors import Misused

Json = Mapping[str, Any]


def tags_of(given: Sequence[str] | None) -> list[str]:
    """Return tags, each once: `a,b` is two."""
    words = (word.strip() for one in given or () for word in one.split(","))
    return list(dict.fromkeys(word for word in words if word))


def pairs_of(given: Sequence[str] | None) -> dict[str, str]:
    """Return `key=value` by keys. Raises Misused."""
    told = {}
    for one in given or ():
        key, sign, value = one.partition("=")
        if not sign or not all(key.split(".")):
            raise Misused(
                f"{one!r} is no key=value, such as framework=PyTorch or lens.maker=Zeiss."
            )
        told[key] = value
    return told


def metadata_of(given: Sequence[str] | None, source: str | None = None) -> dict[str, Any]:
    """Return metadata: those of a JSON file (`-`: standard input), and over them `key=value`."""
    told = dict(read_object(source, "--meta-json")) if source else {}
    return with_values(told, pairs_of(given))


def with_values(metadata: Json, values: Mapping[str, object]) -> dict[str, Any]:
    """Return metadata with values at dotted paths: `lens.maker` leads into the object `lens`.

    Raises:  Misused, where something else stands on the way.
    """
    changed = _copied(metadata)
    for path, value in values.items():
        *above, last = path.split(".")
        _descend(changed, above, path)[last] = value
    return changed


def without_values(metadata: Json, paths: Iterable[str]) -> dict[str, Any]:
    """Return metadata without what stands at dotted paths. Raises Misused, where nothing does."""
    changed = _copied(metadata)
    for path in paths:
        *above, last = path.split(".")
        place = _descend(changed, above, path)
        if last not in place:
            raise Misused(f"There is no {path!r} in the metadata.")
        del place[last]
    return changed


def filter_of(given: str | None) -> Json | None:
    """Return a filter: JSON, or `@file` (`@-`: standard input) with it. Raises Misused."""
    if given is None:
        return None
    if given.startswith("@"):
        return read_object(given[1:], "--filter")
    return parse_object(given, "--filter")


def read_object(source: str, what: str) -> Json:
    """Read a JSON object out of a file, or from standard input (`-`). Raises Misused."""
    try:
        text = sys.stdin.read() if source == "-" else Path(source).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        raise Misused(f"{what}: {source} cannot be read ({problem}).") from problem
    return parse_object(text, what)


def parse_object(text: str, what: str) -> Json:
    """Read a JSON object in which no name stands twice. Raises Misused."""
    try:
        value = json.loads(text, object_pairs_hook=_once, parse_constant=_no_number)
    except ValueError as problem:
        raise Misused(f"{what} is no JSON: {problem}.") from problem
    if not isinstance(value, dict):
        raise Misused(f'{what} is a JSON object, {{"name": value}}.')
    return value


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    told: dict[str, object] = {}
    for name, value in pairs:
        if name in told:
            raise ValueError(f"the name {name!r} stands twice in one object")
        told[name] = value
    return told


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number")


def _copied(value: Json) -> dict[str, Any]:
    return {
        name: _copied(one) if isinstance(one, dict) else one  # lists are never changed in place
        for name, one in value.items()
    }


def _descend(place: dict[str, Any], names: Sequence[str], path: str) -> dict[str, Any]:
    for name in names:
        place = place.setdefault(name, {})
        if not isinstance(place, dict):
            raise Misused(f"{path!r} does not fit: {name!r} is no object in the metadata.")
    return place
