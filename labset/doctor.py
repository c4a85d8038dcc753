"""Why does it not work? Every link of the chain is tried, and the first broken one names the next step.

DVC takes every refusal for a missing file, and so do people: this tells which it is.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from http import HTTPStatus
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx

from labset.errors import Damaged, LabsetError, NotAllowed
from labset.model import Dataset, Entry, Permission
from labset.transport.connection import Connection, dataset_path

_MOST_SKEW_SECONDS = 60  # links at a site live no longer
_READ_SCOPES = {"api", "read_api"}
_PROBE_ROWS = 100


class Outcome(StrEnum):
    """What a check found."""

    OK = "ok"
    NOTE = "note"  # worth knowing, in nobody's way
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Check:
    """One link of the chain: how it is, and what to do if it is broken."""

    name: str
    outcome: Outcome
    message: str
    next_step: str = ""
    exit_code: int = 0


def examine(connection: Connection, dataset_id: int | None = None) -> Iterator[Check]:
    """Try everything that may stand between here and the bytes; end at what makes the rest pointless."""
    yield check_proxy(connection.server)
    health = _Health.ask(connection)
    yield health.check
    if health.check.outcome is Outcome.FAILED:
        return
    yield check_clock(health.date, time.time())
    token = check_token(connection)
    yield token
    if token.outcome is Outcome.FAILED:
        return
    if connection.token and health.gitlab_url:
        yield check_scopes(connection, health.gitlab_url)
    if dataset_id is not None:
        yield from _examine_dataset(connection, dataset_id)


def next_step(checks: Sequence[Check]) -> str:
    """Return the one thing to do now: for the first failure, else for the first warning."""
    for outcome in (Outcome.FAILED, Outcome.WARNING):
        for check in checks:
            if check.outcome is outcome and check.next_step:
                return check.next_step
    return "Nothing to do: all is well."


def check_proxy(server: str, environment: Mapping[str, str] | None = None) -> Check:
    """Say which proxy requests to the server take."""
    parts = urlsplit(server)
    proxies = getproxies() if environment is None else environment
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    if proxy is None or proxy_bypass(parts.hostname or ""):
        return Check("proxy", Outcome.OK, "none")
    advice = f"If {parts.hostname} is in your own network, add it to NO_PROXY."
    return Check("proxy", Outcome.NOTE, f"{_without_password(proxy)}. {advice}")


def check_clock(date: datetime | None, now_seconds: float) -> Check:
    """Compare this machine's clock with the server's."""
    if date is None:
        return Check("clock", Outcome.NOTE, "the server tells no time")
    skew = now_seconds - date.timestamp()
    if abs(skew) <= _MOST_SKEW_SECONDS:
        return Check("clock", Outcome.OK, f"{abs(skew):.0f} s apart")
    words = f"this machine is {abs(skew):.0f} s {'ahead' if skew > 0 else 'behind'}"
    advice = "Set this machine's clock (timedatectl set-ntp true)."
    return Check("clock", Outcome.WARNING, words, advice)


def check_token(connection: Connection) -> Check:
    """Say whom GitLab knows by the token."""
    sign_in = _sign_in(connection)
    if connection.token is None:
        words = f"none: only public datasets open. {connection.note}".strip(". ")
        return Check("token", Outcome.WARNING, words, sign_in)
    try:
        person = connection.get_json("user")
    except LabsetError as error:
        advice = sign_in if isinstance(error, NotAllowed) else "Try again."
        return _failed("token", error, advice)
    return Check("token", Outcome.OK, f"of {person['name']} ({person['username']})")


def check_scopes(connection: Connection, gitlab_url: str) -> Check:
    """Ask GitLab what the token may do, and until when; only personal, group and project tokens tell.

    Source:  GitLab's API: `GET /personal_access_tokens/self`.
    """
    try:
        answer = connection.outside.get(
            f"{gitlab_url}/api/v4/personal_access_tokens/self",
            headers={"PRIVATE-TOKEN": connection.token or ""},
        )
    except httpx.TransportError as problem:
        return Check("scopes", Outcome.NOTE, f"GitLab ({gitlab_url}) is not reached: {problem}")
    if answer.status_code != HTTPStatus.OK:
        return Check("scopes", Outcome.NOTE, "GitLab does not tell them of this token")
    told = answer.json()
    scopes, until = set(told["scopes"]), told.get("expires_at") or "no end"
    words = f"{', '.join(sorted(scopes))}, until {until}"
    if "api" in scopes:
        return Check("scopes", Outcome.OK, words)
    advice = (
        "Make a token with the scope `api` (read_api to read only) and run `labset login` again."
    )
    if scopes & _READ_SCOPES:
        return Check("scopes", Outcome.NOTE, f"{words}: enough to read, not to write")
    return Check("scopes", Outcome.FAILED, words, advice, NotAllowed.exit_code)


def check_permission(name: str, permission: Permission | None, *, needed: bool) -> Check:
    """Say whether something is allowed; if not, whom to ask."""
    if permission is None or permission.allowed:
        return Check(name, Outcome.OK, "allowed")
    ask = f"Ask {' or '.join(permission.ask)}: {permission.why}." if permission.ask else ""
    if needed:
        advice = ask or f"Ask an owner of the project in GitLab: {permission.why}."
        return Check(name, Outcome.FAILED, permission.why, advice, NotAllowed.exit_code)
    return Check(name, Outcome.NOTE, f"{permission.why}. {ask}".strip())


def check_refusal(dataset: Dataset) -> Check:
    """Tell what DVC was last refused: it shows people a missing file instead."""
    refusal = dataset.last_refusal
    if refusal is None:
        return Check("last DVC refusal", Outcome.OK, "none")
    words = f"{refusal.at} {refusal.method}: {refusal.message} ({refusal.code})"
    advice = f"DVC was refused lately: {refusal.message} `labset remote {dataset.id}` gives it your token."
    return Check("last DVC refusal", Outcome.WARNING, words, advice)


def find_probe(entries: Sequence[Entry]) -> Entry | None:
    """Return the smallest file whose bytes lie at the site, else the smallest of all."""
    files = [one for one in entries if one.type == "file" and one.md5 and one.size is not None]
    at_site = [one for one in files if one.stored == "site"]
    return min(at_site or files, key=lambda one: one.size or 0, default=None)


@dataclass(frozen=True, slots=True)
class _Health:
    """What the server says of itself."""

    check: Check
    date: datetime | None = None
    gitlab_url: str | None = None

    @classmethod
    def ask(cls, connection: Connection) -> _Health:
        try:
            answer = connection.send("GET", "/health")
            told = connection.get_json("health") if answer.json()["success"] else {}
        except LabsetError as error:
            return cls(_failed("server", error, "Check the address, the network and the proxy."))
        except (ValueError, KeyError, TypeError):
            words = f"something answers at {connection.server}, and it is no Labset"
            advice = "Check the address: `labset login URL`."
            return cls(Check("server", Outcome.FAILED, words, advice, LabsetError.exit_code))
        date = answer.headers.get("Date")
        return cls(
            Check("server", Outcome.OK, f"{connection.server} answers"),
            parsedate_to_datetime(date) if date else None,
            told.get("gitlab_url"),
        )


def _examine_dataset(connection: Connection, dataset_id: int) -> Iterator[Check]:
    try:
        dataset = Dataset.parse(connection.get_json(dataset_path(dataset_id)))
    except LabsetError as error:
        ask = "Check the number; ask an owner of it for access in GitLab."
        yield _failed("dataset", error, ask if connection.token else _sign_in(connection))
        return
    yield Check("dataset", Outcome.OK, f"{dataset.path}, {dataset.files or 0} files")
    reading = check_permission("read", dataset.permissions.get("read"), needed=True)
    yield reading
    yield check_permission("write", dataset.permissions.get("write"), needed=False)
    if dataset.site is None:
        yield Check("storage site", Outcome.WARNING, "none yet", f"Choose one: {dataset.web_url}")
    else:
        yield Check("storage site", Outcome.OK, dataset.site)
    if dataset.head and reading.outcome is Outcome.OK:
        yield from _examine_bytes(connection, dataset, dataset.head)
    yield check_refusal(dataset)


def _examine_bytes(connection: Connection, dataset: Dataset, head: str) -> Iterator[Check]:
    """Fetch one small file both ways."""
    address = dataset_path(dataset.id, "tree")
    try:
        rows = connection.get_json(address, ref=head, recursive=True, per_page=_PROBE_ROWS)
    except LabsetError as error:
        yield _failed("one file", error, "Ask whoever runs this Labset.")
        return
    probe = find_probe([Entry.parse(row) for row in rows])
    if probe is None:
        yield Check("one file", Outcome.NOTE, "there is none to try")
        return
    path = dataset_path(dataset.id, "files", probe.path)
    yield _try("one file", lambda: _fetch(connection, path, head, probe))
    if probe.stored == "site":
        yield _try("link at the site", lambda: _fetch_by_link(connection, path, head, probe))


def _try(name: str, fetch: Callable[[], Check]) -> Check:
    try:
        return fetch()
    except Damaged as error:
        return _failed(name, error, "Tell an owner: the file has to be uploaded again.")
    except LabsetError as error:
        ask = error.details.get("ask")
        whom = ", ".join(map(str, ask)) if isinstance(ask, list) and ask else "an owner"
        return _failed(name, error, f"Ask {whom}: {error.details.get('why') or error.message}")


def _fetch(connection: Connection, path: str, head: str, probe: Entry) -> Check:
    began = time.monotonic()
    data = connection.send("GET", path, params={"ref": head}).content
    _check_md5(data, probe)
    seconds = time.monotonic() - began
    return Check("one file", Outcome.OK, f"{probe.path}, md5 right, {seconds * 1000:.0f} ms")


def _fetch_by_link(connection: Connection, path: str, head: str, probe: Entry) -> Check:
    answer = connection.send("GET", path, params={"ref": head}, headers={"Prefer": "redirect"})
    if answer.status_code != HTTPStatus.FOUND:
        return Check("link at the site", Outcome.NOTE, "it gives none: bytes go through Labset")
    link = answer.headers["Location"]
    host = urlsplit(link).netloc
    try:
        found = connection.outside.get(link)
    except httpx.TransportError as problem:
        words = f"{host} is not reached from here ({problem}): bytes go through Labset, more slowly"
        return Check("link at the site", Outcome.NOTE, words)
    if found.status_code != HTTPStatus.OK:
        words = f"{host} refuses its link with {found.status_code}: bytes go through Labset"
        return Check("link at the site", Outcome.NOTE, words)
    _check_md5(found.content, probe)
    return Check("link at the site", Outcome.OK, f"{host} is reached directly, md5 right")


def _check_md5(data: bytes, probe: Entry) -> None:
    found = hashlib.md5(data, usedforsecurity=False).hexdigest()
    if found != probe.md5:
        raise Damaged(f"{probe.path} has the md5 {found}, and {probe.md5} was promised.")


def _failed(name: str, error: LabsetError, advice: str) -> Check:
    return Check(name, Outcome.FAILED, error.message, advice, error.exit_code)


def _sign_in(connection: Connection) -> str:
    both = "LABSET_URL and " if connection.note else ""
    return f"Run `labset login {connection.server}`, or set {both}LABSET_TOKEN."


def _without_password(address: str) -> str:
    parts = urlsplit(address)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
