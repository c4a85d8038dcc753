"""The entry point: help without loading anything, one command loaded at a time, errors in words."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Annotated

import typer

from labset import __version__
from labset.cli.groups import CONTEXT, commands_of
from labset.cli.output import shown
from labset.cli.table import COMMANDS, FAMILIES
from labset.errors import LabsetError, Misused

_MOST_SHOWN = 10  # of what an error names

_HELP = """Work with the datasets of a Labset: look, download, upload, release.

\b
Begin with
  labset login https://labset.example.org
  labset datasets
  labset ls 4473@v0.1.0
  labset download --project-id 4473 --ref v0.1.0 --output data

A dataset is named by its number, a version by a tag, branch or commit.
`labset COMMAND --help` explains one command.
"""
_EPILOG = (
    "Settings: LABSET_URL and LABSET_TOKEN instead of a log-in. Exit codes: 0 done, 1 failed, 2 usage, "
    "3 not allowed, 4 not found, 5 conflict, 6 bytes missing or wrong."
)


app = typer.Typer(
    name="labset",
    cls=commands_of("labset", {**COMMANDS, **FAMILIES}),
    help=_HELP,
    epilog=_EPILOG,
    no_args_is_help=True,
    rich_markup_mode=None,  # rich takes longer to load than everything else
    pretty_exceptions_enable=False,
    context_settings=dict(CONTEXT),
)


def _tell_version(asked: bool) -> None:  # noqa: FBT001 - typer calls it so
    if asked:
        typer.echo(f"labset {__version__}")
        raise typer.Exit


@app.callback()
def root(
    *,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_tell_version, is_eager=True, help="Say the version."),
    ] = False,
) -> None:
    """Do nothing: the commands do."""


def main() -> None:
    """Run the command line; failures are told in words and end with their exit code."""
    try:
        app(prog_name="labset")
    except LabsetError as error:
        _tell(error)
        sys.exit(error.exit_code)
    except UnicodeEncodeError as problem:
        _tell(Misused(f"{problem.object!r} is no valid Unicode: say it otherwise."))
        sys.exit(Misused.exit_code)
    except OSError as problem:  # of this machine: a full disk, a folder that may not be written
        _tell(LabsetError(_in_words(problem), "system"))
        sys.exit(LabsetError.exit_code)


def _in_words(problem: OSError) -> str:
    named = f"{problem.filename}: " if problem.filename else ""
    return f"{named}{problem.strerror or problem}."


def _tell(error: LabsetError) -> None:
    if "--json" in sys.argv:
        told = {"error": error.code, "message": error.message, "details": error.details}
        typer.echo(json.dumps(told, default=str), err=True)
        return
    typer.echo(f"labset: {shown(error.message)}", err=True)
    for line in _facts(error):
        typer.echo(f"  {shown(line)}", err=True)


def _facts(error: LabsetError) -> Iterator[str]:
    """Yield what the details name, a few of each."""
    for key in ("paths", "missing", "skipped"):
        named = error.details.get(key)
        if isinstance(named, list):
            yield from (_one(item) for item in named[:_MOST_SHOWN])
            if len(named) > _MOST_SHOWN:
                yield f"… and {len(named) - _MOST_SHOWN} more"
    for key in ("path", "commit", "request_id"):
        if error.details.get(key):
            yield f"{key.replace('_', ' ')}: {error.details[key]}"


def _one(item: object) -> str:
    if isinstance(item, dict):
        return ": ".join(str(item[key]) for key in ("path", "problem") if item.get(key))
    return str(item)
