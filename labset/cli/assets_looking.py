"""Look at assets: which there are, and all that is told of one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

import labset
from labset.assets.queries import ASSET_WORDS, Question, make_filter
from labset.cli.asset_options import (
    AllPages,
    Fields,
    Filter,
    FindWords,
    Key,
    Limit,
    Meta,
    Sort,
    Tags,
)
from labset.cli.asset_rows import asset_row, field_row, print_document, tell_there_is_more
from labset.cli.given import filter_of, pairs_of, tags_of
from labset.cli.options import AsJson, Server
from labset.cli.output import counted, print_json, print_rows, shown
from labset.errors import Misused

if TYPE_CHECKING:
    from labset.assets import Asset, OtherAnswers

_FOUND = 100

ThirdParty = Annotated[
    bool, typer.Option("--third-party", help="Ask the databases of the registry instead.")
]
Mine = Annotated[
    bool, typer.Option("--mine", help="Leave out databases that share the records of this one.")
]


def find(  # noqa: PLR0913 - one per option
    words: FindWords = None,
    *,
    tags: Tags = None,
    meta: Meta = None,
    filter: Filter = None,  # noqa: A002 - what MongoDB calls it
    sort: Sort = "",
    limit: Limit = _FOUND,
    all_pages: AllPages = False,
    fields: Fields = "",
    third_party: ThirdParty = False,
    mine: Mine = False,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Find assets by words, tags, metadata or a filter.

    Of what is found all is true: each word, each tag, each value, and the filter.

    Columns: URI (or id), size, format, visibility, time, tags.
    """
    asked = make_filter(
        ASSET_WORDS, " ".join(words or ()), tags_of(tags), pairs_of(meta), filter_of(filter)
    )
    columns = tags_of([fields])
    params = {"mine": "1"} if mine else {}
    if third_party:
        _check_of_others(mine=mine, sort=sort, all_pages=all_pages)
    with labset.Client(server) as client:
        if third_party:
            others = client.assets.ask_elsewhere(Question(asked, (), limit + 1))
            _tell_others(others, limit, columns, as_json=as_json)
            return
        at_most = None if all_pages else limit + 1
        question = Question(asked, tags_of([sort]), at_most, columns, params)
        found = list(client.assets.ask(question))
    _tell(found if all_pages else found[:limit], columns, as_json=as_json)
    if len(found) > limit and not all_pages:
        tell_there_is_more(limit)


def info(key: Key, *, server: Server = None, as_json: AsJson = False) -> None:
    """Show all that is told of an asset."""
    with labset.Client(server) as client:
        found = client.assets.info(key)
    if as_json:
        print_json(found.document)
    else:
        print_document(found.document)


def _check_of_others(*, mine: bool, sort: str, all_pages: bool) -> None:
    """Refuse what databases of others are not asked for. Raises: Misused."""
    if mine:
        raise Misused("--mine is of this database, --third-party of others: say one of them.")
    if sort or all_pages:
        option = "--sort" if sort else "--all-pages"
        raise Misused(
            f"{option} is of this database: --third-party shows what others answer at once, in their "
            "own order; --limit says how much of it."
        )


def _tell(found: Sequence[Asset], columns: Sequence[str], *, as_json: bool) -> None:
    if as_json:
        print_json([one.document for one in found])
    elif columns:
        print_rows(field_row(one.document, columns) for one in found)
    else:
        print_rows(asset_row(one) for one in found)


def _tell_others(
    others: OtherAnswers, limit: int, columns: Sequence[str], *, as_json: bool
) -> None:
    if len(others.assets) > limit:
        typer.echo(f"The first {limit:,}. --limit shows more.", err=True)
    if as_json:
        documents = [one.document for one in others.assets[:limit]]
        told = {"asked": list(others.asked), "not_asked": list(others.not_asked)}
        further = {"further_not_asked": others.further_not_asked}
        print_json({"data": documents, **told, **further})
        return
    names = {one.registry_id: shown(one.name) for one in others.asked}
    print_rows(
        [
            names.get(one.registry_id, shown(one.registry_id)),
            *(field_row(one.document, columns) if columns else asset_row(one)),
        ]
        for one in others.assets[:limit]
    )
    for one in others.asked:
        if not one.ok:
            typer.echo(f"{shown(one.name)} gave no answer: {shown(one.problem)}", err=True)
    for other in others.not_asked:
        typer.echo(f"{shown(other.name)} was not asked: {shown(other.problem)}", err=True)
    well = sum(one.ok for one in others.asked)
    left_out = len(others.not_asked) + others.further_not_asked
    rest = f", {left_out:,} not asked" if left_out else ""
    typer.echo(f"{counted(well, 'database')} of {len(others.asked):,} answered{rest}.", err=True)
