"""Signing in at a terminal: what is typed is not shown, and what is asked leads to GitLab."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import termios
import time
from collections.abc import Callable

from bench.stack import Running
from tests.integration.labset.conftest import Typist

_LIMIT_SECONDS = 30.0


def read_until(terminal: int, end: str) -> str:
    """Return what appears on the terminal up to a text, or up to its end."""
    seen = ""
    while end not in seen:
        ready, _, _ = select.select([terminal], [], [], _LIMIT_SECONDS)
        assert ready, seen
        try:
            seen += os.read(terminal, 4096).decode()
        except OSError:  # the other side is gone
            break
    return seen


def wait_until_hidden(terminal: int) -> None:
    """Return when the terminal does not show what is typed any more."""
    deadline = time.monotonic() + _LIMIT_SECONDS
    while termios.tcgetattr(terminal)[3] & termios.ECHO:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_token_is_asked_for_and_not_shown(
    typist: Callable[[str], Typist],
    stack: Running,
    app_url: str,
    token_of: Callable[[str], str],
) -> None:
    shell, token = typist("nobody"), token_of("carol")
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "labset", "login", app_url],
        env=dict(shell.environment),
        cwd=shell.home,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    ) as process:
        os.close(theirs)
        seen = read_until(ours, "Paste it here")
        wait_until_hidden(ours)
        os.write(ours, f"{token}\n".encode())
        seen += read_until(ours, "is kept in")
        assert process.wait(_LIMIT_SECONDS) == 0, seen
    assert f"{stack.ready['gitlab_url']}/-/user_settings/personal_access_tokens" in seen
    os.close(ours)
    assert token not in seen
    assert "Signed in" in seen
    assert "carol" in shell.run("whoami").out
