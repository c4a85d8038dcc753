"""Who one is: sign in, forget it, ask."""

from __future__ import annotations

import sys
from typing import Annotated, Any, cast

import typer

import labset
from labset.cli.options import AsJson, Server
from labset.cli.output import print_json, print_line
from labset.errors import Misused, NotAllowed
from labset.settings import Login, find_login, forget_login, keep_login, server_address

_TOKENS_PAGE = "/-/user_settings/personal_access_tokens?name=labset&scopes=api"


def login(
    url: Annotated[
        str, typer.Argument(metavar="URL", show_default=False, help="The address of the Labset.")
    ],
    *,
    with_token: Annotated[
        bool, typer.Option("--with-token", help="Read the token from standard input.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Sign in with a GitLab token.

    Asks for the token (it is not shown), checks it, and keeps it in the system's keyring, or where there
    is none in a file that only you may read. Later commands go to this Labset.

    A token that may write has the scope `api`, one that only reads `read_api`.
    """
    server = server_address(url)
    token = _read_token(server, from_stdin=with_token)
    with labset.Client(server, token) as client:
        person = client.whoami()
    place = keep_login(Login(server, token), person.username)
    if as_json:
        print_json({"server": server, "username": person.username, "kept_in": place})
    else:
        print_line(f"Signed in at {server} as {person.name} ({person.username}).")
        print_line(f"The token is kept in {place}.")


def logout(server: Server = None, *, as_json: AsJson = False) -> None:
    """Forget the token of a server.

    The token itself stays valid: revoke it in GitLab if it should not be.
    """
    address = find_login(server).server
    known = forget_login(address)
    if as_json:
        print_json({"server": address, "forgotten": known})
    else:
        print_line(f"{'Signed out of' if known else 'Nobody was signed in at'} {address}.")


def whoami(server: Server = None, *, as_json: AsJson = False) -> None:
    """Say who you are, and where."""
    with labset.Client(server) as client:
        if client.connection.token is None:
            address, note = client.connection.server, client.connection.note
            raise NotAllowed(
                f"Nobody is signed in at {address}: run `labset login {address}`, or set "
                f"{'LABSET_URL and ' if note else ''}LABSET_TOKEN. {note}".strip(),
                "unauthenticated",
            )
        person = client.whoami()
        address = client.connection.server
    if as_json:
        print_json({"server": address, "username": person.username, "name": person.name})
    else:
        print_line(f"{person.name} ({person.username}) at {address}")


def _read_token(server: str, *, from_stdin: bool) -> str:
    if from_stdin:
        token = sys.stdin.readline().strip()
    elif sys.stdin.isatty():
        typer.echo(f"Make a token with the scope `api` in GitLab: {_token_page(server)}", err=True)
        token = typer.prompt("Paste it here", hide_input=True, err=True).strip()
    else:
        token = find_login(server).token or ""
    if not token:
        raise Misused(
            "There is no terminal to ask for a token: "
            "pipe it into `labset login --with-token`, or set LABSET_TOKEN."
        )
    return cast("str", token)


def _token_page(server: str) -> str:
    """Return where GitLab makes tokens, as far as the server tells its address."""
    with labset.Client(server) as client:
        told: dict[str, Any] = client.connection.get_json("health")
    address = told.get("gitlab_url")
    return f"{address}{_TOKENS_PAGE}" if address else "Preferences, Access tokens"
