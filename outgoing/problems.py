"""What can go wrong with a call, in fixed words: none tells what lies inside this network."""

from __future__ import annotations

from typing import Final

NO_ADDRESS: Final = "Its name leads to no address that may be called from here."
UNREACHABLE: Final = "Nothing answers at its address."
NO_TLS: Final = "No safe connection: its certificate is not valid for its name, or it has none."
TOO_SLOW: Final = "It did not answer in time."
BROKEN: Final = "Its answer broke off, or is no HTTP."
REDIRECT: Final = "It answered with a redirect, which is not followed."
ENCODED: Final = "It answered in a packed form, which was not asked for."
TOO_LARGE: Final = "It answered with more than is taken."
NO_DATABASE: Final = "Its answer is not what an asset database says."
UNHEALTHY: Final = "It says that it is not healthy."
BUSY: Final = "Too many other databases are being asked just now."


class CallFailed(Exception):
    """A call did not end well; `problem` is one of the sentences here."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


def bad_status(status: int) -> CallFailed:
    """Return the failure of an answer whose status is no success."""
    return CallFailed(f"It answered with status {status:d}.")
