from __future__ import annotations

import inspect
import subprocess
import sys
from collections.abc import Callable, Mapping
from importlib import import_module

import pytest

from labset.cli.table import COMMANDS, FAMILIES, Command, Family
from tests.integration.house.checkout import ROOT

ALL = {name: (f"labset {name}", command) for name, command in COMMANDS.items()} | {
    f"{word} {name}": (f"labset {word} {name}", command)
    for word, family in FAMILIES.items()
    for name, command in family.commands.items()
}
commands = pytest.mark.parametrize(("words", "command"), ALL.values(), ids=ALL)


def function_of(command: Command) -> Callable[..., None]:
    found: Callable[..., None] = getattr(
        import_module(f"labset.cli.{command.module}"), command.function
    )
    return found


@commands
def test_the_summary_of_a_command_begins_its_own_help(words: str, command: Command) -> None:
    told = (inspect.getdoc(function_of(command)) or "").splitlines()[0]
    assert told == command.summary, words


@commands
def test_every_command_can_print_json_and_be_sent_to_a_server(words: str, command: Command) -> None:
    names = set(inspect.signature(function_of(command)).parameters)
    assert "as_json" in names, words
    assert names & {"server", "url"}


@commands
def test_every_command_is_on_the_clients_page(words: str, command: Command) -> None:
    page = (ROOT / "docs" / "client.md").read_text(encoding="utf-8")
    assert words in page
    assert words.endswith(command.function)


@pytest.mark.parametrize(
    "table", ({**COMMANDS, **FAMILIES}, *(family.commands for family in FAMILIES.values()))
)
def test_commands_of_a_group_stand_together(table: Mapping[str, Command | Family]) -> None:
    groups = [entry.group for entry in table.values()]
    assert len(list(dict.fromkeys(groups))) == sum(
        one != other for one, other in zip([None, *groups], groups, strict=False)
    )


@pytest.mark.parametrize("words", (["--help"], ["assets", "--help"], ["registry", "-h"]))
def test_help_loads_nothing_heavy(words: list[str]) -> None:
    script = (
        "import sys; from labset.cli.main import main\n"
        f"sys.argv = ['labset', *{words}]\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print(sorted({'httpx', 'rich', 'fsspec', 'keyring'} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True
    )
    assert done.stderr.strip() == "[]"
    assert "labset " in done.stdout
