"""Sending hooks: one POST in the background, said again a few times where nobody answers."""

from __future__ import annotations

import json
import ssl
import urllib.error
import urllib.request
import uuid
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from flask import current_app

from devstack.gitlab.state import VERSION, here
from devstack.gitlab.store.hooks import Hook

TIMEOUT_SECONDS = 10
PAUSES_SECONDS = (1.0, 3.0, 9.0)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message to one address; the key stays the same however often it is sent."""

    hook: Hook
    event: str
    body: bytes
    event_id: str
    key: str

    def request(self) -> urllib.request.Request:
        """Return the HTTP request with GitLab's headers."""
        headers = {
            "Content-Type": "application/json",
            "User-Agent": f"GitLab/{VERSION}",
            "X-Gitlab-Event": self.event,
            "X-Gitlab-Webhook-UUID": str(uuid.uuid5(uuid.NAMESPACE_URL, f"hook:{self.hook.id}")),
            "X-Gitlab-Instance": here().external_url,
            "X-Gitlab-Event-UUID": self.event_id,
            "Idempotency-Key": self.key,
        }
        if self.hook.token:
            headers["X-Gitlab-Token"] = self.hook.token
        return urllib.request.Request(self.hook.url, self.body, headers, method="POST")  # noqa: S310 - http(s) only, checked on creation


def deliver(hook: Hook, event: str, payload: dict[str, Any], event_id: str = "") -> None:
    """Send `payload` soon."""
    body = json.dumps(payload, ensure_ascii=False).encode()
    delivery = Delivery(hook, event, body, event_id or str(uuid.uuid4()), str(uuid.uuid4()))
    here().in_background(lambda: _attempt(delivery, 0))


def _attempt(delivery: Delivery, number: int) -> None:
    problem = send(delivery)
    if problem is None:
        return
    if number == len(PAUSES_SECONDS):
        current_app.logger.warning(
            "hook %s gave up on %s: %s", delivery.hook.id, delivery.hook.url, problem
        )
        return
    here().in_background(
        lambda: _attempt(delivery, number + 1), after_seconds=PAUSES_SECONDS[number]
    )


def send(delivery: Delivery) -> str | None:
    """POST once; return what went wrong, None if the other side took it (or refused it for good)."""
    context = ssl.create_default_context()
    if not delivery.hook.setting("enable_ssl_verification"):
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    try:
        with urllib.request.urlopen(delivery.request(), timeout=TIMEOUT_SECONDS, context=context):  # noqa: S310 - as above
            return None
    except urllib.error.HTTPError as error:
        error.close()
        return f"answered {error.code}" if error.code >= HTTPStatus.INTERNAL_SERVER_ERROR else None
    except OSError as error:
        return str(error)
