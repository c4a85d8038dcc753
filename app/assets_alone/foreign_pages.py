"""Pages of other addresses in somebody's browser write nothing here, and read nothing where it is open."""

from __future__ import annotations

from flask import Flask, request

from app.browsers import check_host, is_told_by_foreign_page
from app.caller import Caller, Door, caller
from core.errors import Forbidden, Unauthenticated

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def register_foreign_pages_check(app: Flask, base_url: str, *, is_open: bool) -> None:
    """Refuse every unsafe request to `app` that a browser sends by itself."""

    def check() -> None:
        if is_open:
            check_host(base_url)
        if request.method in _SAFE_METHODS:
            return
        asking = _find_caller()
        if asking is None or not _is_sent_by_browser(asking, base_url):
            return
        raise Forbidden(
            "A page in a browser may not change anything here: send a token of this asset database as "
            "`Authorization: Bearer <token>`",
            code="csrf",
        )

    app.before_request(check)


def _is_sent_by_browser(asking: Caller, base_url: str) -> bool:
    if asking.door is Door.NONE:
        return is_told_by_foreign_page(base_url)
    return asking.door.is_ambient


def _find_caller() -> Caller | None:
    """Return who asks, or None for a credential that cannot be one: its route refuses it in words."""
    try:
        return caller()
    except Unauthenticated:
        return None
