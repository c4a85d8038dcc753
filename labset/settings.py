"""Which server, and whose token: what was said, the environment, what `labset login` kept.

A token goes to its own server alone: `LABSET_TOKEN` to `LABSET_URL`, or without that to whichever is
named; what a log-in kept to the server of that log-in.

The file `login.json` in `~/.config/labset` names the servers that somebody logged in to. A token lies in
the system's keyring where there is one, else in that file, which only its owner may read.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from labset.errors import LabsetError, Misused
from labset.local.private_files import write_private

_SERVICE = "labset"  # the name of our entries in the keyring


@dataclass(frozen=True, slots=True)
class Login:
    """A server and the token to use there; without a token only public datasets open.

    `note` says in a sentence that there is a token which is not for this server.
    """

    server: str
    token: str | None
    note: str = ""


def find_login(server: str | None = None, environment: Mapping[str, str] | None = None) -> Login:
    """Return the server (`server`, `LABSET_URL`, the log-in) and its token (`LABSET_TOKEN`, the log-in).

    Raises:  Misused, if nothing names a server.
    """
    known = os.environ if environment is None else environment
    kept = _read_logins(known)
    chosen = server or known.get("LABSET_URL") or kept.get("server")
    if not chosen:
        raise Misused(
            "Which Labset? Run `labset login URL`, set LABSET_URL, "
            "or name it: --server URL, in Python Client(server)."
        )
    address = server_address(chosen)
    given, own_server = known.get("LABSET_TOKEN"), known.get("LABSET_URL")
    if given and (not own_server or _origin(server_address(own_server)) == _origin(address)):
        return Login(address, given)
    note = f"LABSET_TOKEN is that of LABSET_URL ({own_server}) and not sent here." if given else ""
    return Login(address, _kept_token(kept, address), note)


def keep_login(login: Login, username: str, environment: Mapping[str, str] | None = None) -> str:
    """Remember a log-in; say where its token lies now."""
    known = os.environ if environment is None else environment
    in_keyring = login.token is not None and _put_into_keyring(login.server, login.token)
    kept = _read_logins(known)
    one = {"username": username, "token": None if in_keyring else login.token}
    kept = {"server": login.server, "logins": {**kept.get("logins", {}), login.server: one}}
    path = login_file(known)
    write_private(path, json.dumps(kept, indent=2))
    return "the system's keyring" if in_keyring else str(path)


def forget_login(server: str, environment: Mapping[str, str] | None = None) -> bool:
    """Forget the log-in at a server; say whether there was one."""
    known = os.environ if environment is None else environment
    kept = _read_logins(known)
    one = kept.get("logins", {}).pop(server, None)
    if one is None:
        return False
    if one["token"] is None:
        _delete_from_keyring(server)
    kept["server"] = next(iter(kept["logins"]), None)
    write_private(login_file(known), json.dumps(kept, indent=2))
    return True


def login_file(environment: Mapping[str, str]) -> Path:
    """Return where log-ins are kept."""
    home = environment.get("XDG_CONFIG_HOME")
    return (Path(home) if home else Path.home() / ".config") / "labset" / "login.json"


def server_address(text: str) -> str:
    """Return an address as `https://host[:port][/path]`; a bare host is reached by https.

    Raises:  Misused, if it is no address of a web server.
    """
    address = text.strip()
    parts = urlsplit(address if "://" in address else f"https://{address}")
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query:
        raise Misused(
            f"{text!r} is no address of a Labset; it looks like https://labset.example.org."
        )
    if parts.username or parts.password:
        raise Misused("Leave the password out of the address: `labset login` asks for a token.")
    return parts.geturl().rstrip("/")


def _origin(address: str) -> tuple[str, str | None, int]:
    parts = urlsplit(address)
    return parts.scheme, parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)


def _read_logins(environment: Mapping[str, str]) -> dict[str, Any]:
    path = login_file(environment)
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError) as problem:
        raise LabsetError(
            f"{path} cannot be read ({problem}): mend or delete it, then log in again."
        ) from problem


def _kept_token(kept: Mapping[str, Any], server: str) -> str | None:
    one = kept.get("logins", {}).get(server)
    if one is None:
        return None
    return one["token"] or _from_keyring(server)


# The keyring takes a while to load and most commands can do without it.


def _put_into_keyring(server: str, token: str) -> bool:
    """Whether the system has a keyring that took the token."""
    keyring = import_module("keyring")
    try:
        keyring.set_password(_SERVICE, server, token)
        return bool(keyring.get_password(_SERVICE, server) == token)  # there is one that forgets
    except import_module("keyring.errors").KeyringError:
        return False


def _from_keyring(server: str) -> str | None:
    try:
        token: str | None = import_module("keyring").get_password(_SERVICE, server)
    except import_module("keyring.errors").KeyringError as problem:
        raise LabsetError(
            f"The system's keyring does not give the token ({problem}): unlock it, or set LABSET_TOKEN."
        ) from problem
    return token


def _delete_from_keyring(server: str) -> bool:
    try:
        import_module("keyring").delete_password(_SERVICE, server)
    except import_module("keyring.errors").KeyringError:
        return False  # it was not there any more
    return True
