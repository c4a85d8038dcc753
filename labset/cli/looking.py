"""Look at datasets: which there are, what they hold, how they came to be, whether they are whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Annotated

import typer

import labset
from labset.cli.options import AsJson, DatasetId, Quiet, Server
from labset.cli.options import Target as TargetText
from labset.cli.output import (
    counted,
    human_size,
    print_json,
    print_line,
    print_rows,
    size_text,
    time_text,
)
from labset.cli.progress import find_watch
from labset.cli.target import Target
from labset.errors import Damaged, Misused, NotFound
from labset.model import Diff, Entry, Verification

_SHORT_SHA = 8
_SHOWN = 20  # problems of a verification


def datasets(
    query: Annotated[
        str, typer.Argument(metavar="QUERY", show_default=False, help="Words of the name.")
    ] = "",
    *,
    kind: Annotated[
        str | None, typer.Option(help="album, table, binary, model or pipeline.")
    ] = None,
    tag: Annotated[
        list[str] | None, typer.Option(help="Only with this tag; may be repeated.")
    ] = None,
    scope: Annotated[str | None, typer.Option(help="all, personal, shared or enterprise.")] = None,
    limit: Annotated[
        int, typer.Option("--limit", "-n", metavar="NUMBER", min=1, help="At most so many.")
    ] = 100,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """List the datasets that you may see."""
    with labset.Client(server) as client:
        found = list(islice(client.datasets(query, kind=kind, tags=tag or (), scope=scope), limit))
    if as_json:
        print_json(found)
    else:
        print_rows(
            (str(one.id), one.path, one.visibility, one.kind, one.description) for one in found
        )


def ls(
    target: TargetText,
    *,
    recursive: Annotated[
        bool, typer.Option("--recursive", "-r", help="All files below, also in packed folders.")
    ] = False,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """List the files of a dataset.

    Columns: size, md5, path; folders end with a slash and have no md5.
    """
    asked = Target.parse(target)
    with labset.Client(server) as client:
        list_files = client.manifest if recursive else client.tree
        entries = list_files(asked.dataset_id, asked.path, ref=asked.ref)
        if as_json:
            print_json(list(entries))
        else:
            print_rows(_entry_row(entry) for entry in entries)


def log(
    target: TargetText,
    *,
    limit: Annotated[
        int, typer.Option("--limit", "-n", metavar="NUMBER", min=1, help="At most so many.")
    ] = 20,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Show the history of a dataset, or of one path."""
    asked = Target.parse(target)
    with labset.Client(server) as client:
        commits = list(islice(client.log(asked.dataset_id, asked.path, ref=asked.ref), limit))
    if asked.path and not commits:
        raise NotFound(f"There was never a {asked.path} in this history.", "file_not_found")
    if as_json:
        print_json(commits)
    else:
        print_rows(
            (one.sha[:_SHORT_SHA], time_text(one.created_at), one.author, one.title)
            for one in commits
        )


def diff(
    dataset_id: DatasetId,
    old: Annotated[str, typer.Argument(metavar="FROM", show_default=False, help="A version.")],
    new: Annotated[
        str | None,
        typer.Argument(metavar="TO", show_default=False, help="Another one; the latest if absent."),
    ] = None,
    *,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Show what changed between two versions.

    A + was added, - removed, ~ has other bytes, > was renamed.
    """
    with labset.Client(server) as client:
        found = client.diff(dataset_id, old, new)
    if as_json:
        print_json(found)
        return
    print_rows(_diff_rows(found))
    counts = ((found.added, "added"), (found.removed, "removed"), (found.changed, "changed"))
    told = [f"{len(rows):,} {what}" for rows, what in (*counts, (found.renamed, "renamed")) if rows]
    typer.echo(", ".join(told) or "No difference.", err=True)


def verify(
    target: TargetText,
    *,
    every_byte: Annotated[
        bool, typer.Option("--bytes", help="Let the server read every byte, not only look.")
    ] = False,
    quiet: Quiet = False,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Check that the bytes of a version are there and right.

    Exit code 6 if something is missing or wrong.
    """
    asked = Target.parse(target)
    if asked.path:
        raise Misused(f"A whole version is verified: leave :{asked.path} away.")
    with labset.Client(server, watch=find_watch(quiet=quiet)) as client:
        found = client.verify(asked.dataset_id, ref=asked.ref, every_byte=every_byte)
    if as_json:
        print_json(found)
    else:
        how = "read and right" if found.level == "bytes" else "there"
        what = f"{counted(found.files, 'file')}, {human_size(found.size)} at {found.commit[:_SHORT_SHA]}"
        print_line(f"{what}: all {how}." if found.ok else f"{what}:")
        print_rows(islice(_problem_rows(found), _SHOWN))
    if not found.ok:
        raise Damaged(
            f"{counted(found.problems, 'file')} missing or wrong: whoever has the right bytes sends "
            "them again by `labset upload --repair`, or by `dvc push`."
        )


def _entry_row(entry: Entry) -> Sequence[str]:
    is_folder = entry.type == "directory"
    return size_text(entry.size), entry.md5 or "", entry.path + ("/" if is_folder else "")


def _diff_rows(found: Diff) -> Iterator[Sequence[str]]:
    yield from _side_rows("+", found.added)
    yield from _side_rows("-", found.removed)
    for one in found.changed:
        yield "~", f"{size_text(one.old.size)} > {size_text(one.new.size)}", one.path
    for renamed in found.renamed:
        yield ">", "", f"{renamed.old} > {renamed.new}"


def _side_rows(sign: str, entries: Iterable[Entry]) -> Iterator[Sequence[str]]:
    for entry in entries:
        yield sign, size_text(entry.size), entry.path


def _problem_rows(found: Verification) -> Iterator[Sequence[str]]:
    groups = (
        ("missing", found.missing),
        ("wrong size", found.wrong_size),
        ("damaged", found.damaged),
        ("broken pointer", found.broken),
    )
    for what, entries in groups:
        for entry in entries:
            yield what, entry.md5 or "", entry.path
