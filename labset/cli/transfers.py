"""Bytes: download, upload, archive."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal, cast

import typer

import labset
from labset.cli.options import AsJson, Branch, DatasetId, Message, Quiet, Server
from labset.cli.options import Target as TargetText
from labset.cli.output import counted, human_size, print_json, print_line
from labset.cli.progress import find_watch
from labset.cli.target import Target
from labset.errors import Misused
from labset.model import ArchiveRequest

_SHORT_SHA = 8

Wanted = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="PATH|GLOB...",
        show_default=False,
        help="Files, folders or patterns (quote them); everything if absent.",
    ),
]
ProjectId = Annotated[
    int,
    typer.Option(
        "--project-id", "-p", metavar="ID", min=1, show_default=False, help="The dataset's number."
    ),
]
Ref = Annotated[
    str | None,
    typer.Option(
        "--ref", "-r", metavar="REF", help="A tag, branch or commit; the latest if absent."
    ),
]
OutputFolder = Annotated[
    Path, typer.Option("--output", "-o", metavar="DIR", help="The folder to fill.")
]
NoCache = Annotated[
    bool, typer.Option("--no-cache", help="Neither use nor fill this machine's cache.")
]
Only = Annotated[
    list[str] | None,
    typer.Argument(metavar="PATH...", show_default=False, help="Only these files and folders."),
]
OutputFile = Annotated[
    Path | None,
    typer.Option(
        *("--output", "-o"),
        metavar="FILE",
        help="Where to; - for standard output.",
        show_default="ID-REF.tar",
    ),
]
Form = Annotated[str, typer.Option("--format", help="tar (can be continued) or zip.")]
Glob = Annotated[str, typer.Option("--glob", show_default=False, help="Only what matches.")]
Pointers = Annotated[bool, typer.Option("--pointers", help="The DVC pointers instead of the data.")]


def download(
    wanted: Wanted = None,
    *,
    project_id: ProjectId,
    ref: Ref = None,
    output: OutputFolder = Path(),
    no_cache: NoCache = False,
    quiet: Quiet = False,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Download files of a version, each one verified.

    A path is one of the dataset; a leading slash does not matter. A name that is not at the top matches
    the files of that name anywhere. Patterns know *, ? and **.

    Files that are there and right are not fetched again, and what was cut off is continued.
    """
    with labset.Client(server, watch=find_watch(quiet=quiet)) as client:
        done = client.download(
            project_id, wanted or (), ref=ref, output=output, cache=None if no_cache else "shared"
        )
    if as_json:
        print_json(done)
    else:
        kept = f", {done.from_cache:,} of them from the cache" if done.from_cache else ""
        print_line(
            f"{counted(done.files, 'file')}, {human_size(done.bytes)} of {done.commit[:_SHORT_SHA]} "
            f"in {output}{kept}"
        )


def upload(  # noqa: PLR0913 - one per option
    dataset_id: DatasetId,
    sources: Annotated[
        list[str],  # not Path, which would drop the slash at the end
        typer.Argument(metavar="PATH...", show_default=False, help="Files and folders."),
    ],
    *,
    to: Annotated[
        str,
        typer.Option("--to", metavar="DIR", show_default=False, help="Put them into this folder."),
    ] = "",
    branch: Branch = None,
    message: Message = "",
    repair: Annotated[
        bool,
        typer.Option("--repair", help="Send again what the storage site has lost or damaged."),
    ] = False,
    quiet: Quiet = False,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Upload files and folders in one commit.

    A folder keeps its name; with a slash at its end only what it holds is put there.

    Only bytes that the dataset does not hold yet are sent. A cut-off upload is continued by the same
    command within 24 hours; nothing is visible to others before its commit.
    """
    with labset.Client(server, watch=find_watch(quiet=quiet)) as client:
        done = client.upload(
            dataset_id, sources, to=to, branch=branch, message=message, repair=repair
        )
    if as_json:
        print_json(done)
        return
    counts = f"{done.new:,} new, {done.changed:,} changed, {done.identical:,} identical"
    tip = (done.commit or "")[:_SHORT_SHA]
    print_line(
        f"{tip}  {counts}, {human_size(done.bytes)} in it"
        if done.commits
        else f"{tip}  {counts}: nothing to commit"
    )


def archive(  # noqa: PLR0913 - one per option
    target: TargetText,
    paths: Only = None,
    *,
    output: OutputFile = None,
    form: Form = "tar",
    glob: Glob = "",
    pointers: Pointers = False,
    quiet: Quiet = False,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Save a version, or a part of it, as one archive.

    A tar that was cut off is continued by the same command.
    """
    if form not in {"tar", "zip"}:
        raise Misused(f"--format is tar or zip, not {form!r}.")
    asked = Target.parse(target)
    request = ArchiveRequest(
        dataset_id=asked.dataset_id,
        ref=asked.ref,
        paths=[path for path in (asked.path, *(paths or ())) if path],
        glob=glob,
        form=cast("Literal['tar', 'zip']", form),
        content="pointers" if pointers else "data",
    )
    goal = output or Path(f"{asked.dataset_id}-{(asked.ref or 'latest').replace('/', '-')}.{form}")
    with labset.Client(server, watch=find_watch(quiet=quiet)) as client:
        if str(goal) == "-":
            _check_no_terminal()
            client.copy_archive(request, sys.stdout.buffer)
            return
        done = client.archive(request, goal)
    if as_json:
        print_json(done)
    else:
        print_line(f"{done.path}: {human_size(done.size)} of {done.commit[:_SHORT_SHA]}")


def _check_no_terminal() -> None:
    if sys.stdout.isatty():
        raise Misused("An archive is not for a terminal: pipe it, or say --output FILE.")
