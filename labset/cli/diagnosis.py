"""`labset doctor`: what was tried, and the next step."""

from __future__ import annotations

from typing import Annotated

import typer

from labset.cli.options import AsJson, Server
from labset.cli.output import print_json, print_line
from labset.doctor import Check, examine, next_step
from labset.settings import find_login
from labset.transport.connection import Connection

_WIDTH = 18


def doctor(
    dataset_id: Annotated[
        int | None,
        typer.Argument(
            metavar="ID", min=1, show_default=False, help="A dataset: try its files as well."
        ),
    ] = None,
    *,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Find out why something does not work, and what to do next.

    Tries the proxy, the server, the clock, the token and its scopes; with a dataset also your roles there
    and on its storage site, one file through Labset and straight from the site, and tells what DVC was
    last refused.
    """
    login = find_login(server)
    checks: list[Check] = []
    with Connection(login.server, login.token, login.note) as connection:
        for check in examine(connection, dataset_id):
            checks.append(check)
            if not as_json:
                print_line(f"{check.outcome.value:8} {check.name:{_WIDTH}} {check.message}")
    step = next_step(checks)
    if as_json:
        print_json({"checks": checks, "next_step": step})
    else:
        print_line(f"\nNext step: {step}")
    code = next((check.exit_code for check in checks if check.exit_code), 0)
    if code:
        raise typer.Exit(code)
