"""Change datasets: each change is one commit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

import labset
from labset.cli.options import AsJson, Branch, DatasetId, Message, Server
from labset.cli.output import counted, print_json, print_line, print_rows, time_text
from labset.cli.sites import find_site
from labset.errors import Misused
from labset.model import Committed, Release

if TYPE_CHECKING:
    from labset.client import Client

_SHORT_SHA = 8

Folder = Annotated[
    str, typer.Argument(metavar="PATH", show_default=False, help="A folder of the dataset.")
]


def create(  # noqa: PLR0913 - one per option
    name: Annotated[str, typer.Argument(metavar="NAME", show_default=False)],
    *,
    namespace: Annotated[
        str | None, typer.Option("--namespace", help="A group's path; your own place if absent.")
    ] = None,
    description: Annotated[str, typer.Option(show_default=False)] = "",
    visibility: Annotated[str, typer.Option(help="private, internal or public.")] = "private",
    kind: Annotated[str, typer.Option(help="album, table, binary, model or pipeline.")] = "album",
    tag: Annotated[list[str] | None, typer.Option(help="A tag; may be repeated.")] = None,
    site: Annotated[
        str | None,
        typer.Option(
            metavar="SITE", help="The storage site's name or number: chosen once and for ever."
        ),
    ] = None,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Make a dataset.

    Without a storage site it holds no files yet: choose one here with --site, or on its page.
    """
    with labset.Client(server) as client:
        site_id = None if site is None else find_site(client, site)
        made = client.create(
            name,
            namespace or _own_place(client),
            description=description,
            visibility=visibility,
            kind=kind,
            tags=tag or (),
            site_id=site_id,
        )
    if as_json:
        print_json(made)
        return
    print_line(f"Dataset {made.id}, {made.path}: {made.web_url}")
    if made.site is None:
        print_line("It has no storage site yet: choose one on that page.")


def rm(
    dataset_id: DatasetId,
    paths: Annotated[
        list[str],
        typer.Argument(metavar="PATH...", show_default=False, help="Files or folders."),
    ],
    *,
    branch: Branch = None,
    message: Message = "",
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Delete files or folders; earlier versions keep them.

    Every path is a commit of its own.
    """
    done = []
    with labset.Client(server) as client:
        for path in paths:
            commit = client.remove(dataset_id, path, branch=branch, message=message).commit
            done.append({"path": path, "commit": commit})
            if not as_json:  # at once: the next path may be refused
                print_line(f"{commit[:_SHORT_SHA]}  deleted {path}")
    if as_json:
        print_json(done)


def mv(
    dataset_id: DatasetId,
    old: Annotated[str, typer.Argument(metavar="FROM", show_default=False)],
    new: Annotated[str, typer.Argument(metavar="TO", show_default=False)],
    *,
    branch: Branch = None,
    message: Message = "",
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Move or rename a file or folder.

    No bytes travel. If TO ends with a slash, FROM keeps its name in that folder.
    """
    source = old.strip("/")
    goal = f"{new}{source.rpartition('/')[2]}" if new.endswith("/") else new
    with labset.Client(server) as client:
        done = client.move(dataset_id, {source: goal.strip("/")}, branch=branch, message=message)
    _tell_commit(done, f"moved {source} to {goal.strip('/')}", as_json=as_json)


def tag(
    dataset_id: DatasetId,
    name: Annotated[
        str | None,
        typer.Argument(metavar="NAME", show_default=False, help="The release, v0.2.0 say."),
    ] = None,
    *,
    ref: Annotated[
        str | None,
        typer.Option("--ref", "-r", metavar="REF", help="The version; the latest if absent."),
    ] = None,
    message: Message = "",
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Make a release, or list the releases.

    A release names one version for ever: whoever downloads it later gets the same bytes.
    """
    with labset.Client(server) as client:
        if name is None:
            if ref or message:
                raise Misused("Give the release a name: labset tag ID NAME.")
            _list_releases(list(client.releases(dataset_id)), as_json=as_json)
            return
        made = client.tag(dataset_id, name, ref=ref, message=message)
    if as_json:
        print_json(made)
    else:
        print_line(f"{made.name} is {made.commit}")


def pack(
    dataset_id: DatasetId,
    path: Folder,
    *,
    branch: Branch = None,
    message: Message = "",
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Make one pointer of a folder with many files.

    DVC is slow with thousands of pointers. The files stay listed and downloadable; before one of them can
    be changed, the folder is unpacked.
    """
    with labset.Client(server) as client:
        done = client.pack(dataset_id, path, branch=branch, message=message)
    _tell_commit(done, f"packed {counted(done.files, 'file')} of {path}", as_json=as_json)


def unpack(
    dataset_id: DatasetId,
    path: Folder,
    *,
    branch: Branch = None,
    message: Message = "",
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Make one pointer per file of a packed folder."""
    with labset.Client(server) as client:
        done = client.unpack(dataset_id, path, branch=branch, message=message)
    _tell_commit(done, f"unpacked {counted(done.files, 'file')} of {path}", as_json=as_json)


def _tell_commit(done: Committed, what: str, *, as_json: bool) -> None:
    if as_json:
        print_json(done)
    else:
        print_line(f"{done.commit[:_SHORT_SHA]}  {what}")


def _list_releases(releases: list[Release], *, as_json: bool) -> None:
    if as_json:
        print_json(releases)
    else:
        print_rows(
            (one.name, one.commit[:_SHORT_SHA], time_text(one.released_at), one.message)
            for one in releases
        )


def _own_place(client: Client) -> str:
    """Return the caller's own namespace, which is told first."""
    for row in client.connection.get_pages("namespaces"):
        if row["kind"] == "user":
            return str(row["full_path"])
    raise Misused("Say where the dataset shall be: --namespace GROUP.")
