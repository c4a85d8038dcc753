"""What every answer carries: a request id, and for pages a policy with a nonce of their own."""

from __future__ import annotations

import base64
import os
from typing import cast

from flask import Flask, Response, g

_REQUEST_ID_BYTES = 8
_NONCE_BYTES = 16
_YEAR_SECONDS = 31_536_000


def request_id() -> str:
    """Return the id of this request: 16 hex digits of our own, never the client's."""
    known = g.get("request_id")
    if known is None:
        known = g.request_id = os.urandom(_REQUEST_ID_BYTES).hex()
    return cast("str", known)


def csp_nonce() -> str:
    """Return the nonce that this page's scripts carry."""
    known = g.get("csp_nonce")
    if known is None:
        known = g.csp_nonce = base64.urlsafe_b64encode(os.urandom(_NONCE_BYTES)).decode()
    return cast("str", known)


def allow_origins(*origins: str) -> None:
    """Let the scripts and pictures of this page reach further origins (a site's public endpoint)."""
    g.csp_origins = (*g.get("csp_origins", ()), *origins)


def register_headers(app: Flask, *, is_https: bool, gitlab_url: str = "") -> None:
    """Put the headers on every answer of `app`; its forms may lead to itself and to its GitLab."""
    transport = f"max-age={_YEAR_SECONDS}" if is_https else None

    def add_headers(response: Response) -> Response:
        headers = response.headers
        headers["X-Request-Id"] = request_id()
        headers["X-Content-Type-Options"] = "nosniff"
        if transport:
            headers["Strict-Transport-Security"] = transport
        if response.mimetype == "text/html" and "Content-Security-Policy" not in headers:
            headers["Content-Security-Policy"] = _page_policy(gitlab_url)
            headers["Referrer-Policy"] = "same-origin"
            headers["X-Frame-Options"] = "DENY"
            headers["Cross-Origin-Opener-Policy"] = "same-origin"
        return response

    app.after_request(add_headers)
    app.jinja_env.globals["csp_nonce"] = csp_nonce
    app.jinja_env.globals["request_id"] = request_id


def _page_policy(gitlab_url: str) -> str:
    further = " ".join(sorted(set(g.get("csp_origins", ()))))
    return (
        "default-src 'self'; "
        f"script-src 'self' 'nonce-{csp_nonce()}' 'wasm-unsafe-eval'; "
        "style-src 'self'; worker-src 'self'; object-src 'none'; "
        f"img-src 'self' data: blob: {further}; "
        f"media-src 'self' blob: {further}; "
        f"connect-src 'self' {further}; "
        "frame-ancestors 'none'; base-uri 'none'; "
        f"form-action 'self' {gitlab_url}"
    )
