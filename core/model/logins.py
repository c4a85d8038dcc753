"""Log-in sessions: who is behind a browser's cookie, and with which GitLab tokens."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from core.model.access import Secret

IDLE_LIFETIME = timedelta(days=14)
REFRESH_LEASE = timedelta(seconds=15)
SEEN_EVERY = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Login:
    """One browser's log-in.

    `id` is random and known to the cookie alone; the ledger keeps its sha256. `expires_at` is when
    GitLab ends the access token (UTC; None: it did not say). `generation` counts the refreshes: who
    wants to refresh says which generation it saw, because a refresh token serves once.
    """

    id: Secret
    person_id: int
    username: str
    name: str
    access_token: Secret
    refresh_token: Secret | None
    expires_at: datetime | None
    csrf: Secret
    created_at: datetime
    last_seen_at: datetime
    generation: int = 0
