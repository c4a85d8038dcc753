"""The description of the API, cut to the routes that are served here."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from flask import Flask

from app.api.openapi import description_text

_METHODS = ("get", "head", "post", "put", "patch", "delete")
_PART = re.compile(r"<[^>]*>|\{[^}]*\}")
_REFERENCE = "#/components/"
_ABOUT = {
    "title": "Labset: an asset database",
    "version": "1",
    "summary": "Files by name, version and tag, and other asset databases.",
    "description": (
        "Public assets are read by everybody. Writing needs a token of this asset database, as "
        "`Authorization: Bearer <token>`, as `PRIVATE-TOKEN: <token>`, or as the password of "
        "`Authorization: Basic` with any user; where it is open, nobody needs one. A token that is "
        "refused is a 401, whatever else was sent. `X-Request-Id` is on every answer."
    ),
}
_SIGNING_IN = {
    "bearer": {"type": "http", "scheme": "bearer"},
    "privateToken": {"type": "apiKey", "in": "header", "name": "PRIVATE-TOKEN"},
    "basic": {"type": "http", "scheme": "basic"},
}


def describe_served(app: Flask, base_url: str) -> str:
    """Return the description of those routes that `app` has, with what they refer to, as JSON."""
    whole = json.loads(description_text())
    paths = dict(_paths_of(app, whole["paths"]))
    used_tags = {tag for item in paths.values() for tag in _tags_of(item)}
    told = {
        **whole,
        "info": _ABOUT,
        "servers": [{"url": base_url}],
        "security": [*({name: []} for name in _SIGNING_IN), {}],
        "tags": [tag for tag in whole.get("tags", ()) if tag["name"] in used_tags],
        "paths": paths,
    }
    told["components"] = _needed_components(told, whole.get("components", {}))
    return json.dumps(told, ensure_ascii=False)


def _paths_of(app: Flask, paths: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    served = {
        (method.lower(), _PART.sub("*", rule.rule))
        for rule in app.url_map.iter_rules()
        for method in rule.methods or ()
    }
    for path, item in paths.items():
        here = {
            name: told
            for name, told in item.items()
            if name not in _METHODS or (name, _PART.sub("*", path)) in served
        }
        if any(name in _METHODS for name in here):
            yield path, here


def _tags_of(item: Mapping[str, Any]) -> Iterator[str]:
    for name in _METHODS:
        yield from item.get(name, {}).get("tags", ())


def _needed_components(told: Mapping[str, Any], kept: Mapping[str, Any]) -> dict[str, Any]:
    """Return the components that are referred to, also by one another, and how to sign in here."""
    needed: dict[str, dict[str, Any]] = {"securitySchemes": dict(_SIGNING_IN)}
    waiting = list(_references_in({**told, "components": {}}))
    while waiting:
        kind, _, name = waiting.pop().removeprefix(_REFERENCE).partition("/")
        if name not in needed.setdefault(kind, {}):
            needed[kind][name] = kept[kind][name]
            waiting += _references_in(kept[kind][name])
    return needed


def _references_in(told: object) -> Iterator[str]:
    if isinstance(told, dict):
        reference = told.get("$ref")
        if isinstance(reference, str) and reference.startswith(_REFERENCE):
            yield reference
        for value in told.values():
            yield from _references_in(value)
    elif isinstance(told, list):
        for value in told:
            yield from _references_in(value)
