"""The bytes of assets: send a file, get one, register one of a dataset."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import labset
from labset.assets import Asset
from labset.assets.model import Draft
from labset.cli.asset_options import Key, Meta, MetaJson, Name, Tags, Version, VersionTag
from labset.cli.given import metadata_of, tags_of
from labset.cli.options import AsJson, Quiet, Server
from labset.cli.output import human_size, print_json, print_line, shown
from labset.cli.progress import find_watch
from labset.cli.sites import find_site
from labset.cli.target import Target
from labset.errors import Misused

if TYPE_CHECKING:
    from labset.client import Client

_STANDARD_INPUT = Path("-")

File = Annotated[
    Path | None,
    typer.Argument(
        metavar="FILE|-", show_default=False, help="What to send; - for standard input."
    ),
]
FileName = Annotated[
    str,
    typer.Option("--file-name", metavar="NAME", help="What standard input is called as a file."),
]
External = Annotated[
    str,
    typer.Option(
        "--external",
        metavar="URL",
        show_default=False,
        help="Instead of FILE: where the bytes lie already.",
    ),
]
Visibility = Annotated[
    str,
    typer.Option(
        "--visibility",
        show_default=False,
        help="public, internal or private; the server's own choice if absent. A file of a dataset, for those "
        "who may read it: `labset assets register`.",
    ),
]
Site = Annotated[
    str | None,
    typer.Option(
        "--site", metavar="SITE", help="A storage site of yours, by name or number, for the bytes."
    ),
]
DatasetFile = Annotated[
    str,
    typer.Argument(
        metavar="ID[@REF]:PATH",
        show_default=False,
        help="A file of a dataset: 4473@v0.1.0:model.bin.",
    ),
]
Output = Annotated[
    str,
    typer.Option(
        *("--output", "-o"),
        metavar="PATH|-",
        help="A name, a folder, or - for standard output; its own name if absent.",
        show_default=False,
    ),
]


def push(  # noqa: PLR0913 - one per option
    file: File = None,
    *,
    name: Name = "",
    version: Version = "",
    tag: VersionTag = "",
    meta: Meta = None,
    meta_json: MetaJson = None,
    tags: Tags = None,
    visibility: Visibility = "",
    site: Site = None,
    external: External = "",
    file_name: FileName = "stdin",
    quiet: Quiet = False,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Send a file as an asset, or name one elsewhere.

    It is found by name:version-tag from then on. The same file once more is the same asset; another file
    under that URI is refused (exit code 5), before anything is sent.

    With - it is what comes out of a pipe, to its end: it needs --name, cannot be tried again where the line
    breaks, and whether the URI is free is known at the end.

    With --external nothing is sent: the entry says where the bytes lie. It may lack version and tag.
    """
    if (file is None) == (not external):
        raise Misused("Say what to send, FILE, or where it lies: --external URL with --name.")
    if file == _STANDARD_INPUT and meta_json == "-":
        raise Misused("Standard input is either FILE or --meta-json: put one of them into a file.")
    draft = Draft(
        name, version, tag, metadata_of(meta, meta_json), tags_of(tags), visibility, external
    )
    with labset.Client(server, watch=find_watch(quiet=quiet)) as client:
        if file is None:
            made = _added(client, draft, site)
        elif file == _STANDARD_INPUT:
            made = _piped(client, file_name, draft, site)
        else:
            made = _sent(client, file, draft, site)
    _tell(made, as_json=as_json)


def get(
    key: Key,
    *,
    output: Output = "",
    quiet: Quiet = False,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Get the file of an asset, verified.

    What was cut off is continued by the same command. Bytes that are not what their sha256 or md5 says
    get no name (exit code 6); to standard output they are out when that is known.
    """
    with labset.Client(server, watch=find_watch(quiet=quiet)) as client:
        if output == "-":
            if sys.stdout.isatty():
                raise Misused("A file is not for a terminal: pipe it, or say --output FILE.")
            client.assets.copy(key, sys.stdout.buffer)
            return
        done = client.assets.download(key, _folder_made(output) if output else None)
    if as_json:
        print_json(done)
        return
    how = f"verified by {' and '.join(done.checked_by)}" if done.checked_by else "nobody told a sum"
    there = "was there already, " if done.unchanged else ""
    print_line(f"{done.path}: {there}{human_size(done.size)}, {how}")


def register(  # noqa: PLR0913 - one per option
    target: DatasetFile,
    *,
    name: Name = "",
    version: Version = "",
    tag: VersionTag = "",
    meta: Meta = None,
    meta_json: MetaJson = None,
    tags: Tags = None,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Make an asset of a file of a dataset.

    Its bytes stay there, at the commit that REF names now; whoever may read the dataset may read it.
    What is left out comes from the file: its name, REF as version, the commit as tag.
    """
    asked = Target.parse(target)
    if not asked.path:
        raise Misused(f"Name a file of the dataset: {target.rstrip(':')}:model.bin.")
    with labset.Client(server) as client:
        made = client.assets.register(
            asked.dataset_id,
            asked.path,
            ref=asked.ref,
            name=name,
            version=version,
            tag=tag,
            metadata=metadata_of(meta, meta_json),
            tags=tags_of(tags),
        )
    _tell(made, as_json=as_json)


def _sent(client: Client, file: Path, draft: Draft, site: str | None) -> Asset:
    return client.assets.push(
        file,
        name=draft.name,
        version=draft.version,
        tag=draft.tag,
        metadata=draft.metadata,
        tags=draft.tags,
        visibility=draft.visibility,
        site_id=None if site is None else find_site(client, site),
    )


def _piped(client: Client, file_name: str, draft: Draft, site: str | None) -> Asset:
    if sys.stdin.isatty():
        raise Misused("A file does not come from a terminal: pipe it, or name it.")
    if not draft.name:
        raise Misused("Say what it is called: --name. A pipe has no name.")
    return client.assets.push_stream(
        sys.stdin.buffer,
        name=draft.name,
        version=draft.version,
        tag=draft.tag,
        file_name=file_name,
        metadata=draft.metadata,
        tags=draft.tags,
        visibility=draft.visibility,
        site_id=None if site is None else find_site(client, site),
    )


def _added(client: Client, draft: Draft, site: str | None) -> Asset:
    if site is not None:
        raise Misused("--site is for bytes that are sent, --external sends none.")
    return client.assets.add(
        draft.name or _last_part(draft.public_url),
        public_url=draft.public_url,
        version=draft.version,
        tag=draft.tag,
        metadata=draft.metadata,
        tags=draft.tags,
        visibility=draft.visibility,
    )


def _tell(made: Asset, *, as_json: bool) -> None:
    if as_json:
        print_json(made.document)
        return
    size = f", {human_size(made.size)}" if made.size is not None else ""
    where = f", at {made.public_url}" if made.public_url else ""
    print_line(shown(f"{made.key}{size}{where}"))


def _last_part(url: str) -> str:
    name = url.partition("?")[0].rstrip("/").rpartition("/")[2]
    if not name:
        raise Misused("Say what it is called: --name.")
    return name


def _folder_made(output: str) -> Path:
    """Return where to; a folder, if it ends with a slash, is made."""
    goal = Path(output)
    if output.endswith("/"):
        goal.mkdir(parents=True, exist_ok=True)
    return goal
