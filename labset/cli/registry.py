"""The registry: other asset databases."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

import labset
from labset.assets import RegistryEntry
from labset.cli.asset_options import (
    AllPages,
    EntryId,
    Filter,
    FindWords,
    Limit,
    Meta,
    MetaJson,
    Sort,
    Tags,
    Yes,
)
from labset.cli.asset_rows import (
    check_rows,
    check_sure,
    entry_row,
    health_text,
    print_document,
    tell_there_is_more,
)
from labset.cli.given import filter_of, metadata_of, pairs_of, tags_of, with_values
from labset.cli.options import AsJson, Server
from labset.cli.output import print_json, print_line, print_rows, shown
from labset.errors import LabsetError, Misused

_FOUND = 100

Url = Annotated[
    str,
    typer.Argument(metavar="URL", show_default=False, help="Where the asset database answers."),
]
EntryName = Annotated[str, typer.Option("--name", show_default=False, help="What it is called.")]
NewName = Annotated[
    str | None, typer.Option("--name", show_default=False, help="What it is called from now on.")
]
NewUrl = Annotated[
    str | None, typer.Option("--url", show_default=False, help="Where it answers from now on.")
]


def add(
    url: Url,
    *,
    name: EntryName,
    tags: Tags = None,
    meta: Meta = None,
    meta_json: MetaJson = None,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Register an asset database.

    The server looks whether it is well. One that does not answer now is registered with that result.
    """
    metadata = metadata_of(meta, meta_json)
    with labset.Client(server) as client:
        made = client.registry.add(url, name, metadata=metadata, tags=tags_of(tags))
    if as_json:
        print_json(made.document)
        return
    problem = f": {made.health.problem}" if made.health and made.health.problem else ""
    print_line(shown(f"{made.id}  {made.name} is {health_text(made)}{problem}"))


def ls(*, filter: Filter = None, server: Server = None, as_json: AsJson = False) -> None:  # noqa: A002 - what MongoDB calls it
    """List the registered asset databases.

    Columns: id, health, name, address, tags.
    """
    with labset.Client(server) as client:
        _tell(list(client.registry.find(filter=filter_of(filter))), as_json=as_json)


def find(  # noqa: PLR0913 - one per option
    words: FindWords = None,
    *,
    tags: Tags = None,
    meta: Meta = None,
    filter: Filter = None,  # noqa: A002 - what MongoDB calls it
    sort: Sort = "",
    limit: Limit = _FOUND,
    all_pages: AllPages = False,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Find asset databases by words, tags, metadata or a filter.

    Of what is found all is true: each word, each tag, each value, and the filter.
    """
    with labset.Client(server) as client:
        found = client.registry.find(
            " ".join(words or ()),
            tags=tags_of(tags),
            metadata=pairs_of(meta),
            filter=filter_of(filter),
            sort=tags_of([sort]),
            limit=None if all_pages else limit + 1,
        )
        entries = list(found)
    _tell(entries if all_pages else entries[:limit], as_json=as_json)
    if len(entries) > limit and not all_pages:
        tell_there_is_more(limit)


def info(entry_id: EntryId, *, server: Server = None, as_json: AsJson = False) -> None:
    """Show all that is told of an asset database."""
    with labset.Client(server) as client:
        found = client.registry.info(entry_id)
    if as_json:
        print_json(found.document)
    else:
        print_document(found.document)


def check(entry_id: EntryId, *, server: Server = None, as_json: AsJson = False) -> None:
    """Look whether an asset database is well.

    The server looks, not this machine. Exit code 1 if the database is not well.
    """
    with labset.Client(server) as client:
        checked = client.registry.check(entry_id)
    now = checked.health
    if as_json:
        print_json(checked.document)
    else:
        took = "" if now.seconds is None else f", in {now.seconds:.3f} s"
        print_line(f"{'healthy' if now.ok else 'unhealthy'}{took}")
        print_rows(check_rows(checked))
    if not now.ok:
        why = now.problem or "it says that it is not well"
        raise LabsetError(f"The asset database {entry_id} is not well: {why}", "unhealthy")


def change(
    entry_id: EntryId,
    *,
    name: NewName = None,
    url: NewUrl = None,
    tags: Tags = None,
    meta: Meta = None,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Give a registered asset database another name or address, other tags or metadata.

    Tags are replaced as a whole, metadata by their keys; the rest stays, its history too.
    """
    values = pairs_of(meta)
    if name is None and url is None and tags is None and not values:
        raise Misused("Say what to change: --name, --url, --tags or --meta KEY=VALUE.")
    with labset.Client(server) as client:
        metadata = with_values(client.registry.info(entry_id).metadata, values) if values else None
        words = None if tags is None else tags_of(tags)
        done = client.registry.change(entry_id, name=name, url=url, metadata=metadata, tags=words)
    if as_json:
        print_json(done.document)
    else:
        print_rows([entry_row(done)])


def rm(
    entry_id: EntryId, *, yes: Yes = False, server: Server = None, as_json: AsJson = False
) -> None:
    """Take an asset database out of the registry.

    The database itself stays as it is.
    """
    with labset.Client(server) as client:
        known = client.registry.info(entry_id)
        check_sure(f"{known.name or entry_id} from the registry", yes=yes)
        client.registry.delete(entry_id)
    if as_json:
        print_json({"asset_registry_id": entry_id, "deleted": True})
    else:
        print_line(shown(f"deleted {known.name or entry_id}"))


def _tell(found: Sequence[RegistryEntry], *, as_json: bool) -> None:
    if as_json:
        print_json([one.document for one in found])
    else:
        print_rows(entry_row(one) for one in found)
