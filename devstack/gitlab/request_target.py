"""What the request line really said: `%2F` inside one segment is not the same as `/` between two.

WSGI hands over a decoded path, where the difference is lost. `RawTarget` decodes the raw target itself and keeps an
encoded slash as NUL, which cannot occur otherwise; the `segment` converter gives it back as a slash.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

from werkzeug.routing import BaseConverter

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

ENCODED_SLASH = "\0"
_SLASHES = re.compile(r"(?<=.)/+(?=/|$)")  # not the first


class RawTarget:
    """WSGI middleware: sets PATH_INFO from RAW_URI."""

    def __init__(self, application: WSGIApplication) -> None:
        """Wrap `application`."""
        self._application = application

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Rewrite PATH_INFO and pass on; a NUL or text that is no UTF-8 in the target is refused."""
        raw = environ.get("RAW_URI", "")
        if raw.startswith("/"):
            path = raw.partition("?")[0]
            if "%00" in path or not _is_utf8(path):
                start_response(
                    "400 Bad Request", [("Content-Type", "text/plain"), ("Content-Length", "0")]
                )
                return [b""]
            if path.startswith("/api/"):  # GitLab's framework does not mind slashes too many
                path, whole = _SLASHES.sub("", path), path
                environ["RAW_URI"] = path + raw[len(whole) :]
            environ["PATH_INFO"] = "/".join(_decode(part) for part in path.split("/"))
        return self._application(environ, start_response)


def _is_utf8(path: str) -> bool:
    try:
        unquote_to_bytes(path.encode("latin-1")).decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _decode(part: str) -> str:
    return unquote_to_bytes(part.encode("latin-1")).decode("latin-1").replace("/", ENCODED_SLASH)


class Segment(BaseConverter):
    """One segment of the raw path, decoded: `group%2Fproject` arrives as `group/project`."""

    regex = "[^/]+"

    def to_python(self, value: str) -> str:
        """Give encoded slashes back."""
        return value.replace(ENCODED_SLASH, "/")


class Rest(BaseConverter):
    """All that is left of a web address, slashes included."""

    regex = ".*?"
    part_isolating = False

    def to_python(self, value: str) -> str:
        """Give encoded slashes back."""
        return value.replace(ENCODED_SLASH, "/")


class PagePath(Rest):
    """A path that only people ask for: nothing of the API."""

    regex = "(?!api/).*?"
