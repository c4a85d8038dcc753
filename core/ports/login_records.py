"""What the ledger keeps of log-ins."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from core.model.access import Secret
from core.model.logins import Login


class LoginRecords(Protocol):
    """Log-in sessions of browsers; tokens and names are kept encrypted, ids as their sha256."""

    def create_login(self, login: Login) -> None:
        """Keep a new log-in."""

    def find_login(self, login_id: Secret, now: datetime) -> Login | None:
        """Return a log-in that was seen within the last 14 days."""

    def touch_login(self, login: Login, now: datetime) -> None:
        """Note that the person was here; written at most every 5 minutes."""

    def claim_refresh(self, login: Login, now: datetime, lease_until: datetime) -> bool:
        """Take the one right to refresh the tokens of this generation, across processes.

        False where another is at it, has done it or the log-in is gone: look again (`find_login`).
        """

    def replace_tokens(
        self, login: Login, access: Secret, refresh: Secret | None, expires_at: datetime | None
    ) -> bool:
        """Keep refreshed tokens as the next generation and end the claim.

        False where the log-in is gone or of another generation: nothing was kept.
        """

    def release_refresh(self, login: Login) -> None:
        """End a claim that brought no tokens (GitLab did not answer)."""

    def delete_login(self, login_id: Secret) -> None:
        """Log out, at once and everywhere."""

    def sweep_logins(self, now: datetime) -> int:
        """Forget log-ins that were not seen for 14 days; return how many."""
