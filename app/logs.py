"""Log lines on stderr, one JSON object each, without a secret in them."""

from __future__ import annotations

import json
import logging
import re
import sys
import time

from flask import Flask, Response, g, has_request_context, request

from app.headers import request_id

_MASK = "***"
_SECRETS = re.compile(
    r"(?i)"
    r"((?:private[_-]token|access[_-]token|refresh[_-]token|authorization|password|secret[_-]?key"
    r"|client[_-]secret|x-amz-[a-z-]*(?:signature|credential|token)|signature|awsaccesskeyid"
    r"|tokengitlab|labset_session|x-gitlab-token|x-csrf-token|csrf_token|code|state)"
    r"[\"']?\s*[=:]\s*[\"']?)(?:(?:bearer|basic)\s+)?[^\s&\"',;}]+"
)
_TOKENS = re.compile(r"\b(?:gl[a-z]{2,8}-[\w.-]{8,}|(?<=://)[^/\s:@]*:[^/\s@]+(?=@))")
_BEARER = re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{8,}")


def masked(text: str) -> str:
    """Return `text` without what looks like a token, key, password or signature."""
    text = _SECRETS.sub(rf"\1{_MASK}", text)
    text = _TOKENS.sub(_MASK, text)
    return _BEARER.sub(rf"\1 {_MASK}", text)


class JsonLines(logging.Formatter):
    """One line per record: time, level, logger, message, request id, traceback; masked as a whole."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line: dict[str, object] = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S") + f".{int(record.msecs):03}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": masked(record.getMessage()),
        }
        if has_request_context():
            line["request"] = request_id()
        if record.exc_info:
            line["traceback"] = masked(self.formatException(record.exc_info))
        line.update(getattr(record, "facts", {}))
        return json.dumps(line, ensure_ascii=False)

    converter = staticmethod(time.gmtime)


def set_up_logging() -> None:
    """Send everything from warnings upwards, and our own information, to stderr."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("labset").setLevel(logging.INFO)


def register_access_log(app: Flask) -> None:
    """Log every request of `app` when it has been answered (not yet sent).

    `app.metrics` notes when it began.
    """
    log = logging.getLogger("labset.access")

    def tell(response: Response) -> Response:
        query = request.query_string.decode("latin-1")
        facts = {
            "method": request.method,
            "path": request.path,
            "query": masked(query),
            "status": response.status_code,
            "milliseconds": round((time.perf_counter() - g.began_at) * 1000, 1),
            "from": request.remote_addr,
        }
        log.info("request", extra={"facts": facts})
        return response

    app.after_request(tell)
