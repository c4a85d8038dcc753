"""The git program, run with nothing of this machine's configuration, and its words understood.

The token travels by environment, never as an argument. A program that outlives its time is killed
with all its children. One that outlives *us* is harmless: it can only finish the very compare-and-
swap it was started for, and whoever looks next finds its commit by the order's key.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path

from git import Git

from core.model.access import Actor
from gitlab_bridge.advert import credentials_header

_INHERITED = frozenset(
    {
        "PATH",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "NO_PROXY",
        "ALL_PROXY",
        "http_proxy",
        "https_proxy",
        "no_proxy",
        "all_proxy",
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
        "TMPDIR",
        "LANGUAGE",  # GitPython sets both to C, for the words below
        "LC_ALL",
    }
)
_ENVIRONMENT = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ASKPASS": "",
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_PROTOCOL_FROM_USER": "0",
    "HOME": "/nonexistent",
}
_CONFIG = {
    "protocol.allow": "never",
    "protocol.http.allow": "always",
    "protocol.https.allow": "always",
    "http.followRedirects": "false",
    "http.lowSpeedLimit": "1000",
    "http.lowSpeedTime": "10",
    "credential.helper": "",
    "core.askPass": "",
    "core.hooksPath": os.devnull,
    "core.fsync": "all",
    "core.fsyncMethod": "fsync",
    "fetch.fsckObjects": "true",
    "transfer.fsckObjects": "true",
    "fetch.fsck.badTimezone": "ignore",  # the three that GitLab itself lets in
    "fetch.fsck.missingSpaceBeforeDate": "ignore",
    "fetch.fsck.zeroPaddedFilemode": "ignore",
    "fetch.unpackLimit": "1",
    "fetch.writeCommitGraph": "false",
    "fetch.recurseSubmodules": "false",
    "push.gpgSign": "false",
    "push.recurseSubmodules": "no",
    "gc.auto": "0",
    "maintenance.auto": "false",
    "pack.threads": "1",
    "advice.pushUpdateRejected": "false",
}


class Failure(Enum):
    """How a run of git ended, by what can be done about it."""

    NONE = auto()
    STALE = auto()  # the branch is not where we said
    REFUSED = auto()  # GitLab says no, and why
    UNAUTHENTICATED = auto()
    MISSING = auto()  # no repository at this address
    UNREACHABLE = auto()  # no answer, or none that tells whether the work was done
    LOCAL = auto()  # our own copy: damaged, or in the way


@dataclass(frozen=True, slots=True)
class Outcome:
    """What git said, on both channels."""

    failure: Failure
    stdout: str
    stderr: str

    @property
    def remarks(self) -> str:
        """What the server said, line by line."""
        lines = (line for line in self.stderr.splitlines() if line.startswith("remote:"))
        return "\n".join(line.removeprefix("remote:").strip() for line in lines)


def run_git(
    arguments: Sequence[str],
    *,
    folder: Path,
    actor: Actor,
    timeout_seconds: float,
    config: Mapping[str, str] | None = None,
    environment: Mapping[str, str] | None = None,
) -> Outcome:
    """Run git in the bare repository `folder` on behalf of `actor`; never raises for its failures."""
    given = _environment(actor, config or {}) | dict(environment or {})
    foreign = [name for name in os.environ if name not in _INHERITED | given.keys()]
    unset = [word for name in foreign for word in ("-u", name)]
    process = Git(folder).execute(
        ["env", *unset, "git", f"--git-dir={folder}", *arguments],
        as_process=True,
        env=given,
        start_new_session=True,
    )
    popen = process.proc
    if popen is None:  # GitPython types it so; a started process has one
        return Outcome(Failure.LOCAL, "", "git did not start")
    try:
        stdout, stderr = popen.communicate(timeout=timeout_seconds)
    except BaseException as error:
        _end(popen)
        if isinstance(error, subprocess.TimeoutExpired):
            return Outcome(Failure.UNREACHABLE, "", f"git took over {timeout_seconds} seconds")
        raise
    out, err = stdout.decode("utf-8", "replace"), stderr.decode("utf-8", "replace")
    failure = Failure.NONE if popen.returncode == 0 else classify(out, err)
    return Outcome(failure, out, err)


def classify(stdout: str, stderr: str) -> Failure:
    """Say what a failed run means. Source: git's own messages, 2.30 to 2.50, in English."""
    for failure, pattern in _SIGNS:
        if pattern.search(stdout) or pattern.search(stderr):
            return failure
    return Failure.LOCAL


_SIGNS = (
    (
        Failure.STALE,
        re.compile(
            r"^!.*(?:stale info|fetch first|non-fast-forward|needs force|failed to update ref"
            r"|cannot lock ref|incorrect old value|already exists|reference has changed"
            r"|failed to lock|failed to write|atomic transaction failed)"
            r"|^remote: error: cannot lock ref .*(?:but expected|already exists|unable to resolve)",
            re.MULTILINE,
        ),
    ),
    (
        Failure.REFUSED,
        re.compile(r"^!.*\[remote rejected\] \((?!.*(?:unpack|internal))", re.MULTILINE),
    ),
    (
        Failure.UNAUTHENTICATED,
        re.compile(r"Authentication failed|could not read (?:Username|Password)|error: 401"),
    ),
    (Failure.REFUSED, re.compile(r"returned error: 403|HTTP 403")),
    (
        Failure.MISSING,
        re.compile(r"returned error: 404|repository '.*' not found|unable to update url base"),
    ),
    (
        Failure.UNREACHABLE,
        re.compile(
            r"returned error: \d|RPC failed|unable to access|hung up|early EOF|disconnect|expected flush"
            r"|curl \d|timed out|Could not resolve|protocol error|bad line length|unpack"
            r"|\[remote (?:failure|rejected)\]"
        ),
    ),
)


def _environment(actor: Actor, config: Mapping[str, str]) -> dict[str, str]:
    settings = _CONFIG | dict(config)
    authorization = credentials_header(actor)
    if authorization:
        settings["http.extraHeader"] = f"Authorization: {authorization}"
    numbered = {"GIT_CONFIG_COUNT": str(len(settings))}
    for index, (key, value) in enumerate(settings.items()):
        numbered[f"GIT_CONFIG_KEY_{index}"] = key
        numbered[f"GIT_CONFIG_VALUE_{index}"] = value
    return _ENVIRONMENT | numbered


def _end(popen: subprocess.Popen[bytes]) -> None:
    """Kill git and all its children: they are a process group of their own."""
    with suppress(ProcessLookupError):
        os.killpg(popen.pid, signal.SIGKILL)
    popen.communicate()
