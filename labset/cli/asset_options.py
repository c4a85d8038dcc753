"""Options that the commands of assets and of the registry share."""

from __future__ import annotations

from typing import Annotated

import typer

Key = Annotated[
    str,
    typer.Argument(
        metavar="URI|ID", show_default=False, help="name:version-tag, or the asset's id."
    ),
]
EntryId = Annotated[
    str, typer.Argument(metavar="ID", show_default=False, help="The entry's id in the registry.")
]
FindWords = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[WORDS]...", show_default=False, help="Each is in name, URI, tags or description."
    ),
]
Name = Annotated[str, typer.Option("--name", show_default=False, help="What it is called.")]
Version = Annotated[str, typer.Option("--version", show_default=False, help="1.0, say.")]
VersionTag = Annotated[
    str, typer.Option("--tag", show_default=False, help="Beside the version: initial, say.")
]
Tags = Annotated[
    list[str] | None,
    typer.Option("--tags", metavar="A,B", show_default=False, help="By commas; may be repeated."),
]
Meta = Annotated[
    list[str] | None,
    typer.Option(
        "--meta",
        metavar="KEY=VALUE",
        show_default=False,
        help="Kept as text; may be repeated, and dots lead into objects.",
    ),
]
MetaJson = Annotated[
    str | None,
    typer.Option(
        "--meta-json",
        metavar="FILE|-",
        show_default=False,
        help="A JSON object with metadata; - reads it from the pipe.",
    ),
]
Filter = Annotated[
    str | None,
    typer.Option(
        "--filter",
        metavar="JSON|@FILE",
        show_default=False,
        help="A filter in MongoDB's words, as well.",
    ),
]
Sort = Annotated[
    str,
    typer.Option(
        "--sort",
        metavar="FIELDS",
        show_default=False,
        help="By commas, - downwards: -created_at,asset_name.",
    ),
]
Limit = Annotated[
    int, typer.Option("--limit", "-n", metavar="NUMBER", min=1, help="At most so many.")
]
AllPages = Annotated[bool, typer.Option("--all-pages", help="All, however many there are.")]
Fields = Annotated[
    str,
    typer.Option(
        "--fields", metavar="FIELDS", show_default=False, help="Only these, by commas, as columns."
    ),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
