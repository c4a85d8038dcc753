"""What S3 servers and their clients raise, told in few words.

Their own texts are never passed on: they can hold addresses, keys and whole pages.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from http import HTTPStatus
from typing import Final

from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as BotoConnectionError
from obstore.exceptions import AlreadyExistsError, BaseError

from core.errors import Unavailable


class Kind(Enum):
    """What a caller can tell apart."""

    ABSENT = "absent"
    EXISTS = "exists"
    NOT_PARTIAL = "not partial"  # a range was answered in a way that the client refuses
    REFUSED = "refused"
    SILENT = "silent"  # no answer: unreachable, or too late
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Failure:
    """A failed request: S3's own code and HTTP's status, where there was an answer."""

    kind: Kind
    code: str = ""
    status: int = 0

    @property
    def may_pass(self) -> bool:
        """Whether the same request can succeed a little later."""
        return self.kind is Kind.SILENT or self.status in _PASSING or self.code in _PASSING_CODES

    @property
    def sentence(self) -> str:
        """What is wrong, and what to do, for people."""
        return _SENTENCES.get(self.code) or _BY_KIND.get(self.kind) or _unnamed(self)


class SiteFailure(Unavailable):
    """A request to a site failed; whoever does not expect it may pass it on as it is."""

    def __init__(self, site: str, failure: Failure) -> None:
        super().__init__(f"The storage site {site}: {failure.sentence}")
        self.failure = failure


FOREIGN: Final = (BaseError, FileNotFoundError, ClientError, BotoCoreError, HTTPClientError)

_STATUS = re.compile(r"status code: (\d{3})")
_CODE = re.compile(r"<Code>([A-Za-z0-9.]{1,64})</Code>")
_SENTENCES: Final = {
    "UnknownHost": "the host of its endpoint has no address.",
    "ConnectionRefused": "nothing listens at its endpoint just now.",
    "BadCertificate": "the certificate of its endpoint cannot be trusted.",
    "NoSuchBucket": "there is no such bucket; Labset does not create buckets.",
    "InvalidAccessKeyId": "the access key is not known there.",
    "SignatureDoesNotMatch": "the secret key is wrong, or the endpoint is not the one that signs.",
    "AccessDenied": "the keys may not do this: they need to list, read, write and delete.",
    "RequestTimeTooSkewed": "its clock and ours differ by over 15 minutes.",
    "PermanentRedirect": "the bucket lies in another region or behind another endpoint.",
    "AuthorizationHeaderMalformed": "the bucket lies in another region.",
    "SlowDown": "too many requests for it just now. Try again in a moment.",
    "ServiceUnavailable": "it is overloaded just now. Try again in a moment.",
    "XMinioStorageFull": "its storage is full.",
    "QuotaExceeded": "its storage is full.",
    "XAmzContentSHA256Mismatch": "the bytes were changed on the way.",
    "BadDigest": "the bytes were changed on the way.",
}
_BY_KIND: Final = {
    Kind.SILENT: "it does not answer. Try again in a moment.",
    Kind.ABSENT: "the object, or its bucket, is not there.",
    Kind.EXISTS: "there is an object already.",
    Kind.NOT_PARTIAL: "it does not serve ranges as it should.",
}
_PASSING: Final = {
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.INTERNAL_SERVER_ERROR,
    HTTPStatus.BAD_GATEWAY,
    HTTPStatus.SERVICE_UNAVAILABLE,
    HTTPStatus.GATEWAY_TIMEOUT,
}
_PASSING_CODES: Final = {"RequestTimeout", "BadDigest", "InternalError", "SlowDown"}
_SILENT_MARKS: Final = ("kind: Timeout", "kind: Connect")
_SILENT_REASONS: Final = {
    "dns error": "UnknownHost",
    "ConnectionRefused": "ConnectionRefused",
    "certificate": "BadCertificate",
    "CERTIFICATE_VERIFY_FAILED": "BadCertificate",
}
_RANGE_MARKS: Final = ("NotPartial", "NoContentRange", "UnexpectedRange", "InvalidContentRange")


def failure_of(error: BaseException) -> Failure:
    """Sort what a client raised (one of `FOREIGN`)."""
    if isinstance(error, ClientError):
        return _failure_of_answer(error)
    if isinstance(error, BotoConnectionError | HTTPClientError):
        return Failure(Kind.SILENT, _why_silent(str(error)))
    if isinstance(error, BotoCoreError):
        return Failure(Kind.FAULT)
    return _failure_of_text(error, str(error))


def _failure_of_answer(error: ClientError) -> Failure:
    code = str(error.response.get("Error", {}).get("Code", ""))
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    return Failure(_kind_of(code, status), code, status)


def _failure_of_text(error: BaseException, text: str) -> Failure:
    status_match, code_match = _STATUS.search(text), _CODE.search(text)
    status = int(status_match[1]) if status_match else 0
    code = code_match[1] if code_match else ""
    if isinstance(error, AlreadyExistsError):
        return Failure(Kind.EXISTS, code, status)
    if isinstance(error, FileNotFoundError):
        return Failure(_kind_of(code, status or HTTPStatus.NOT_FOUND), code, status)
    if any(mark in text for mark in _SILENT_MARKS):
        return Failure(Kind.SILENT, _why_silent(text))
    if any(mark in text for mark in _RANGE_MARKS):
        return Failure(Kind.NOT_PARTIAL)
    return Failure(_kind_of(code, status), code, status)


def _why_silent(text: str) -> str:
    reasons = (code for mark, code in _SILENT_REASONS.items() if mark in text)
    return next(reasons, "")


def _kind_of(code: str, status: int) -> Kind:
    if code == "NoSuchBucket":
        return Kind.FAULT
    if status == HTTPStatus.NOT_FOUND:
        return Kind.ABSENT
    if status == HTTPStatus.PRECONDITION_FAILED:
        return Kind.EXISTS
    is_refusal = HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR
    return Kind.REFUSED if is_refusal else Kind.FAULT


def _unnamed(failure: Failure) -> str:
    if failure.status == HTTPStatus.INSUFFICIENT_STORAGE:
        return "its storage is full."
    if failure.status in {HTTPStatus.FORBIDDEN, HTTPStatus.UNAUTHORIZED}:
        return "it refuses the keys."
    if HTTPStatus.MULTIPLE_CHOICES <= failure.status < HTTPStatus.BAD_REQUEST:
        return "its endpoint redirects elsewhere; give the address that answers itself."
    told = " ".join(filter(None, (str(failure.status or ""), failure.code)))
    return f"the request failed ({told or 'no answer that can be read'})."
