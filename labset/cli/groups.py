"""Words with commands behind them: help without loading anything, one command loaded at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from difflib import get_close_matches
from importlib import import_module
from itertools import groupby
from typing import Any, ClassVar, Protocol, cast

import typer
from typer.core import TyperCommand, TyperGroup

from labset.cli.table import Command, Family

CONTEXT: Mapping[str, Any] = {"help_option_names": ["-h", "--help"], "max_content_width": 100}

_HELP_OPTIONS = frozenset(CONTEXT["help_option_names"])
_REMOVE = "--remove"

Entries = Mapping[str, Command | Family]


class _Writer(Protocol):
    """What help is written with."""

    def section(self, name: str) -> AbstractContextManager[None]:
        """Begin a section."""

    def write_dl(self, rows: Sequence[tuple[str, str]]) -> None:
        """Write names with what they mean."""


_Context = typer.Context  # typer hides the class that its own methods name
_Resolved = tuple[str | None, TyperCommand | None, list[str]]


class _Commands(TyperGroup):
    """Commands out of a table: their modules are loaded when they are called."""

    words: ClassVar[str] = ""
    entries: ClassVar[Entries] = {}

    def resolve_command(self, ctx: _Context, args: list[str]) -> _Resolved:  # type: ignore[override]
        """Find the command that was typed; one that nearly fits is named in the error."""
        if args and args[0] not in self.entries and not args[0].startswith("-"):
            near = get_close_matches(args[0], self.entries)
            lists = f" `{self.words} --help` lists them."
            advice = f" Did you mean {near[0]!r}?" if near else lists
            ctx.fail(f"There is no command {args[0]!r}.{advice}")
        return cast("_Resolved", super().resolve_command(ctx, args))

    def list_commands(self, _: _Context) -> list[str]:  # type: ignore[override]
        """Return all names."""
        return list(self.entries)

    def get_command(self, _: _Context, name: str) -> TyperCommand | None:  # type: ignore[override]
        """Load one command, or the words behind it."""
        found = self.entries.get(name)
        if isinstance(found, Family):
            return _family(f"{self.words} {name}", name, found)
        return _load(name, found) if found else None

    def format_commands(self, _: _Context, formatter: _Writer) -> None:  # type: ignore[override]
        """Write the help's list without loading a command."""
        for group, items in groupby(self.entries.items(), lambda item: item[1].group):
            with formatter.section(group):
                formatter.write_dl([(name, entry.summary) for name, entry in items])


class _SignedCommand(TyperCommand):
    """A command whose words may begin with a minus: `-old` stands for `--remove old`."""

    def parse_args(self, ctx: _Context, args: list[str]) -> list[str]:  # type: ignore[override]
        """Read the words; `-h` alone still asks for help, and `--` before such words is not needed."""
        words = [one for one in args if one != "--"]
        told = [f"{_REMOVE}={one[1:]}" if _is_minus(one) else one for one in words]
        return super().parse_args(ctx, told)


def commands_of(words: str, entries: Entries) -> type[TyperGroup]:
    """Return the class of a group of commands that is reached by some words."""
    return type("Commands", (_Commands,), {"words": words, "entries": entries})


def _is_minus(word: str) -> bool:
    return word.startswith("-") and word[1:2] not in {"", "-"} and word not in _HELP_OPTIONS


def _family(words: str, name: str, family: Family) -> TyperCommand:
    group = typer.Typer(
        name=name,
        cls=commands_of(words, family.commands),
        help=family.summary,
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        context_settings=dict(CONTEXT),
    )
    group.callback()(_nothing)
    return cast("TyperCommand", typer.main.get_command(group))


def _nothing() -> None:
    """Do nothing: the commands do."""


def _load(name: str, command: Command) -> TyperCommand:
    function = getattr(import_module(f"labset.cli.{command.module}"), command.function)
    single = typer.Typer(add_completion=False, rich_markup_mode=None)
    single.command(name, cls=_SignedCommand if command.takes_signs else None)(function)
    return cast("TyperCommand", typer.main.get_command(single))
