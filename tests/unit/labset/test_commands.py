from __future__ import annotations

import inspect
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module

import pytest

from labset.cli.table import COMMANDS, Command
from tests.integration.house.checkout import ROOT

commands = pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)


def function_of(command: Command) -> Callable[..., None]:
    found: Callable[..., None] = getattr(
        import_module(f"labset.cli.{command.module}"), command.function
    )
    return found


@commands
def test_the_summary_of_a_command_begins_its_own_help(command: Command) -> None:
    told = (inspect.getdoc(function_of(command)) or "").splitlines()[0]
    assert told == command.summary


@commands
def test_every_command_can_print_json_and_be_sent_to_a_server(command: Command) -> None:
    names = set(inspect.signature(function_of(command)).parameters)
    assert "as_json" in names
    assert names & {"server", "url"}


@commands
def test_every_command_is_on_the_clients_page(command: Command) -> None:
    page = (ROOT / "docs" / "client.md").read_text(encoding="utf-8")
    assert f"labset {command.function}" in page


def test_commands_of_a_group_stand_together() -> None:
    groups = [command.group for command in COMMANDS.values()]
    assert len(list(dict.fromkeys(groups))) == sum(
        one != other for one, other in zip([None, *groups], groups, strict=False)
    )


def test_help_loads_nothing_heavy() -> None:
    script = (
        "import sys; from labset.cli.main import main\n"
        "sys.argv = ['labset', '--help']\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print(sorted({'httpx', 'rich', 'fsspec', 'keyring'} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True
    )
    assert done.stderr.strip() == "[]"
    assert "labset login https://" in done.stdout
