"""Change and delete assets."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

import typer

import labset
from labset.cli.asset_options import Key, Meta, Yes
from labset.cli.asset_rows import check_sure
from labset.cli.given import Json, pairs_of, with_values, without_values
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

    The rest of it stays: name, version and bytes never change. A tag that it does not have need not be taken
    away, one that it has not be added: with --json, "changed" tells whether anything was to do.
    """
    added, removed = _added(changes or ()), set(remove or ())
    values, gone = pairs_of(meta), list(unset or ())
    if not (added or removed or values or gone):
        raise Misused("Say what to change: +TAG, -TAG, --meta KEY=VALUE or --unset KEY.")

    revision = _Revision(added, removed, values, gone)
    with labset.Client(server) as client:
        done = client.assets.revise(key, revision.of_tags, revision.of_metadata)
    if as_json:
        print_json({**done.document, "changed": revision.changes})
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


@dataclass(slots=True)
class _Revision:
    """What to make of tags and metadata; it may be asked again, when somebody else was faster."""

    added: Sequence[str]
    removed: Container[str]
    values: Mapping[str, str]
    gone: Sequence[str]
    changes: bool = False

    def of_tags(self, known: Sequence[str]) -> list[str]:
        """Return the tags that there shall be."""
        kept = [one for one in known if one not in self.removed]
        tags = list(dict.fromkeys([*kept, *self.added]))
        self.changes = tags != list(known)
        return tags

    def of_metadata(self, known: Json) -> Json:
        """Return the metadata that there shall be; asked after the tags. Raises Misused."""
        metadata = with_values(without_values(known, self.gone), self.values)
        self.changes = self.changes or metadata != dict(known)
        return metadata


def _added(changes: Sequence[str]) -> list[str]:
    for one in changes:
        if not one.startswith("+") or not one[1:]:
            raise Misused(f"{one!r} is neither +TAG, which adds, nor -TAG, which takes away.")
    return [one[1:] for one in changes]
