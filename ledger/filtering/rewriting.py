"""Conditions on versions, said of the sort key that is stored beside them."""

from __future__ import annotations

from core.model.filters.tree import At, Compares, Condition, Every, FieldPath, Has, Not, Some
from core.model.json_values import JsonValue
from core.model.versions import version_key

VERSION_KEY = "$version"  # no path that people write has a name with a dollar


def with_version_key(document: dict[str, JsonValue], version: str) -> dict[str, JsonValue]:
    """Return the document as it is stored."""
    return document | {VERSION_KEY: version_key(version)}


def with_versions(condition: Condition, version_field: str) -> Condition:
    """Return the condition with ranges of `version_field` said of its sort key.

    What contains the field is always an object, so that a condition on it is one on its fields.
    """
    if not version_field:
        return condition
    return _rewritten(condition, tuple(version_field.split(".")), ())


def _rewritten(condition: Condition, field: tuple[str, ...], inside: tuple[str, ...]) -> Condition:
    if isinstance(condition, Every | Some):
        several = tuple(_rewritten(one, field, inside) for one in condition.conditions)
        return type(condition)(several)
    if isinstance(condition, Not):
        return Not(_rewritten(condition.condition, field, inside))
    names, test = (*inside, *condition.path.names), condition.test
    if isinstance(test, Has) and names == field[: len(names)]:
        return _rewritten(test.condition, field, names)
    if isinstance(test, Compares) and names == field and isinstance(test.bound, str):
        key = Compares(test.order, version_key(test.bound))
        return At(FieldPath((VERSION_KEY,)), key)
    return At(FieldPath(names), test)
