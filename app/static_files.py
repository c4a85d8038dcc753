"""Our static files and those of npm packages: addressed by their content, cached for ever."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

from flask import Flask, Response, request
from werkzeug.security import safe_join

_VERSION = "v"
_FOR_EVER = "public, max-age=31536000, immutable"
_DIGITS = 12
_REFUSED = 400


def register_static_files(app: Flask) -> None:
    """Give templates `static_file("css/labset.css")`, and cache what is asked for by such an address."""
    folder = Path(app.static_folder or "static")

    def static_file(name: str) -> str:
        """Return the address of a static file, with a digest of its content."""
        place = safe_join(str(folder), name)
        if place is None or not Path(place).is_file():
            raise FileNotFoundError(f"no static file {name}; `make frontend` fetches the vendored")
        return f"/static/{name}?{_VERSION}={_digest(place, Path(place).stat().st_mtime_ns)}"

    def cache(response: Response) -> Response:
        if (
            request.endpoint == "static"
            and _VERSION in request.args
            and response.status_code < _REFUSED
        ):
            response.headers["Cache-Control"] = _FOR_EVER
        return response

    app.after_request(cache)
    app.jinja_env.globals["static_file"] = static_file


@lru_cache(maxsize=512)
def _digest(place: str, _changed_at_ns: int) -> str:
    return hashlib.sha256(Path(place).read_bytes()).hexdigest()[:_DIGITS]
