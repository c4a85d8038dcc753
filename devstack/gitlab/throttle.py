"""Rate limits of the API, off until an administrator switches them on, as in GitLab (ERR-8).

Counted are requests by account, else by address, within periods that begin at multiples of their length.
"""

from __future__ import annotations

import time
from email.utils import formatdate
from threading import Lock
from typing import TYPE_CHECKING, Any

from flask import Response, g, request

from devstack.gitlab.state import here
from devstack.gitlab.store.settings import server_settings

if TYPE_CHECKING:
    from devstack.gitlab.store.users import User

_TEXT = "Retry later"
_MINUTE = 60


class Throttle:
    """The requests that were counted in the current periods."""

    def __init__(self) -> None:
        """Begin with nothing counted."""
        self._counted: dict[tuple[str, str], tuple[int, int]] = {}
        self._guard = Lock()

    def refusal(self, user: User | None) -> Response | None:
        """Count a request; return 429 in plain text, if it is one too many."""
        name = "throttle_authenticated_api" if user else "throttle_unauthenticated_api"
        settings = server_settings(here().database)
        if not settings[f"{name}_enabled"]:
            return None
        who = str(user.id) if user else str(request.remote_addr)
        limit = int(settings[f"{name}_requests_per_period"])
        seconds = int(settings[f"{name}_period_in_seconds"])
        moment = int(time.time())
        observed = self._count((name, who), moment // seconds)
        left = seconds - moment % seconds
        g.rate_limit = _headers(name, limit, seconds, observed, moment + left)
        if observed <= limit:
            return None
        g.rate_limit |= {
            "RateLimit-ResetTime": formatdate(moment + left, usegmt=True),
            "Retry-After": str(left),
        }
        text = f"{settings['rate_limiting_response_text'] or _TEXT}\n"
        return Response(text, 429, content_type="text/plain")

    def _count(self, key: tuple[str, str], period: int) -> int:
        with self._guard:
            known, count = self._counted.get(key, (period, 0))
            count = count + 1 if known == period else 1
            self._counted[key] = (period, count)
        return count


def _headers(name: str, limit: int, seconds: int, observed: int, reset: int) -> dict[str, Any]:
    """Return what every counted answer tells; the limit is put as one of a minute, rounded up."""
    return {
        "RateLimit-Limit": str(-(-limit * _MINUTE // seconds)),
        "RateLimit-Name": name,
        "RateLimit-Observed": str(observed),
        "RateLimit-Remaining": str(max(0, limit - observed)),
        "RateLimit-Reset": str(reset),
    }
