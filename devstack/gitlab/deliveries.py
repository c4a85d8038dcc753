"""Sending hooks: one POST in the background, said again a few times where nobody answers; what came back is kept."""

from __future__ import annotations

import http.client
import json
import ssl
import time
import urllib.error
import urllib.request
import uuid
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from flask import current_app

from devstack.gitlab.state import VERSION, here
from devstack.gitlab.store.hook_log import failures_in_a_row, note
from devstack.gitlab.store.hooks import Hook

TIMEOUT_SECONDS = 10
PAUSES_SECONDS = (1.0, 3.0, 9.0)
# GitLab's own: a hook pauses after 4 failures in a row, twice as long each time, and stops for good after 40.
FAILURES_BEFORE_A_PAUSE = 4
FAILURES_FOR_GOOD = 40
SHORTEST_PAUSE_SECONDS = 60.0
LONGEST_PAUSE_SECONDS = 86_400.0
_KEPT_ANSWER_BYTES = 8192
_EVENTS = {"Push Hook": "push_hooks", "Tag Push Hook": "tag_push_hooks"}


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message to one address; the key stays the same however often it is sent."""

    hook: Hook
    event: str
    body: bytes
    event_id: str
    key: str

    def headers(self) -> dict[str, str]:
        """Return GitLab's headers and those that the hook adds."""
        headers = {
            "Content-Type": "application/json",
            "User-Agent": f"GitLab/{VERSION}",
            "Idempotency-Key": self.key,
            "X-Gitlab-Event": self.event,
            "X-Gitlab-Webhook-UUID": str(uuid.uuid5(uuid.NAMESPACE_URL, f"hook:{self.hook.id}")),
            "X-Gitlab-Instance": here().external_url,
            "X-Gitlab-Event-UUID": self.event_id,
        }
        if self.hook.token:
            headers["X-Gitlab-Token"] = self.hook.token
        return {**self.hook.custom_headers, **headers}

    def told(self, outcome: Outcome) -> dict[str, Any]:
        """Return what the log of a hook shows, secrets blotted out."""
        secret = {"X-Gitlab-Token", *self.hook.custom_headers}
        headers = self.headers()
        return {
            "url": self.hook.url,
            "trigger": _EVENTS.get(self.event, "system_hooks"),
            "request_headers": {
                name: "[REDACTED]" if name in secret else value for name, value in headers.items()
            },
            "request_data": json.loads(self.body),
            "response_headers": outcome.headers,
            "response_body": outcome.text,
            "execution_duration": outcome.seconds,
            "response_status": str(outcome.status) if outcome.status else "internal error",
        }


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came back; `status` 0 says that nothing did, and `text` why. `seconds`: how long it took."""

    status: int
    text: str
    headers: dict[str, str]
    seconds: float

    @property
    def good(self) -> bool:
        """Whether the other side took the message."""
        return HTTPStatus.OK <= self.status < HTTPStatus.BAD_REQUEST

    @property
    def worth_another_try(self) -> bool:
        """Whether it may go better the next time: nobody answered, or a server in trouble did."""
        return self.status == 0 or self.status >= HTTPStatus.INTERNAL_SERVER_ERROR


class _Staying(urllib.request.HTTPRedirectHandler):
    """Follows no redirects."""

    def redirect_request(self, *_: object) -> None:
        """Return that there is nowhere to go."""


def disabled_until(hook: Hook) -> float | None:
    """Return when a hook that kept failing is tried again (seconds since 1970): None now, infinity never.

    System hooks are never disabled.
    """
    if hook.project_id is None:
        return None
    failures, last = failures_in_a_row(here().database, hook.id)
    if failures < FAILURES_BEFORE_A_PAUSE:
        return None
    if failures >= FAILURES_FOR_GOOD:
        return float("inf")
    pause = SHORTEST_PAUSE_SECONDS * 2 ** (failures - FAILURES_BEFORE_A_PAUSE)
    until = last + min(LONGEST_PAUSE_SECONDS, pause)
    return until if until > time.time() else None


def deliver(hook: Hook, event: str, payload: dict[str, Any], event_id: str = "") -> None:
    """Send `payload` soon, unless the hook is disabled."""
    if disabled_until(hook) is not None:
        return
    delivery = _delivery(hook, event, payload, event_id)
    here().in_background(lambda: _attempt(delivery, 0))


def deliver_now(hook: Hook, event: str, payload: dict[str, Any]) -> Outcome:
    """Send `payload` once, disabled or not, and return what came of it."""
    delivery = _delivery(hook, event, payload, "")
    outcome = send(delivery)
    note(here().database, hook.id, delivery.told(outcome), failed=not outcome.good)
    return outcome


def _delivery(hook: Hook, event: str, payload: dict[str, Any], event_id: str) -> Delivery:
    body = json.dumps(payload, ensure_ascii=False).encode()
    return Delivery(hook, event, body, event_id or str(uuid.uuid4()), str(uuid.uuid4()))


def _attempt(delivery: Delivery, number: int) -> None:
    outcome = send(delivery)
    again = outcome.worth_another_try and number < len(PAUSES_SECONDS)
    failed = None if again else not outcome.good
    note(here().database, delivery.hook.id, delivery.told(outcome), failed=failed)
    if again:
        here().in_background(
            lambda: _attempt(delivery, number + 1), after_seconds=PAUSES_SECONDS[number]
        )
    elif failed:
        current_app.logger.warning(
            "hook %s gave up on %s: %s %s",
            *(delivery.hook.id, delivery.hook.url, outcome.status, outcome.text),
        )


def send(delivery: Delivery) -> Outcome:
    """POST once and return what came back."""
    context = ssl.create_default_context()
    if not delivery.hook.setting("enable_ssl_verification"):
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    opener = urllib.request.build_opener(_Staying, urllib.request.HTTPSHandler(context=context))
    request = urllib.request.Request(  # noqa: S310 - http(s) only, checked on creation
        delivery.hook.target, delivery.body, delivery.headers(), method="POST"
    )
    begun = time.monotonic()
    try:
        with opener.open(request, timeout=TIMEOUT_SECONDS) as answer:
            text = answer.read(_KEPT_ANSWER_BYTES).decode(errors="replace")
            return Outcome(answer.status, text, dict(answer.headers), time.monotonic() - begun)
    except urllib.error.HTTPError as error:
        with error:
            text = error.read(_KEPT_ANSWER_BYTES).decode(errors="replace")
        return Outcome(error.code, text, dict(error.headers), time.monotonic() - begun)
    except (OSError, http.client.HTTPException, ValueError) as error:
        return Outcome(0, str(error), {}, time.monotonic() - begun)
