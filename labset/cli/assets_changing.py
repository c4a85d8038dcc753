"""Change and delete assets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

import labset
from labset.cli.asset_options import Key, Meta, Yes
from labset.cli.asset_rows import check_sure
from labset.cli.given import pairs_of, with_values, without_values
from labset.cli.options import AsJson, Server
from labset.cli.output import print_json, print_line, shown
from labset.errors import Misused

Changes = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[+TAG|-TAG]...", show_default=False, help="Tags to add and to take away."
    ),
]
Removed = Annotated[
    list[str] | None,
    typer.Option(
        "--remove", metavar="TAG", show_default=False, help="The same as -TAG; may be repeated."
    ),
]
Unset = Annotated[
    list[str] | None,
    typer.Option(
        "--unset",
        metavar="KEY",
        show_default=False,
        help="Metadata to take away; may be repeated.",
    ),
]


def tag(
    key: Key,
    changes: Changes = None,
    *,
    remove: Removed = None,
    meta: Meta = None,
    unset: Unset = None,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Change the tags and metadata of an asset.

    The rest of it stays: name, version and bytes never change.
    """
    added, removed = _added(changes or ()), set(remove or ())
    values, gone = pairs_of(meta), list(unset or ())
    if not (added or removed or values or gone):
        raise Misused("Say what to change: +TAG, -TAG, --meta KEY=VALUE or --unset KEY.")

    def retagged(known: Sequence[str]) -> list[str]:
        missing = sorted(removed.difference(known))
        if missing:
            raise Misused(f"{key} has no tag {', '.join(missing)}.")
        return list(dict.fromkeys([one for one in known if one not in removed] + added))

    with labset.Client(server) as client:
        done = client.assets.revise(
            key, retagged, lambda known: with_values(without_values(known, gone), values)
        )
    if as_json:
        print_json(done.document)
    else:
        print_line(shown(f"{done.key}: {', '.join(done.tags) or 'no tags'}"))


def rm(key: Key, *, yes: Yes = False, server: Server = None, as_json: AsJson = False) -> None:
    """Delete an asset.

    Nobody finds it any more. Its bytes are deleted later, where no other asset has the same.
    """
    with labset.Client(server) as client:
        known = client.assets.info(key)
        check_sure(known.key, yes=yes)
        client.assets.delete(key)
    if as_json:
        print_json({"asset_uri": known.uri, "asset_id": known.id, "deleted": True})
    else:
        print_line(shown(f"deleted {known.key}"))


def _added(changes: Sequence[str]) -> list[str]:
    for one in changes:
        if not one.startswith("+") or not one[1:]:
            raise Misused(f"{one!r} is neither +TAG, which adds, nor -TAG, which takes away.")
    return [one[1:] for one in changes]
