from __future__ import annotations

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError
from obstore.exceptions import AlreadyExistsError, GenericError, PermissionDeniedError

from storage_sites.s3_errors import Failure, Kind, SiteFailure, failure_of

NO_BUCKET = (
    "Object at location x not found: Error performing PUT http://h/b/x in 1ms - Server returned "
    "non-2xx status code: 404 Not Found: <Error><Code>NoSuchBucket</Code></Error>"
)


@pytest.mark.parametrize(
    ("error", "failure"),
    (
        (FileNotFoundError("status code: 404"), Failure(Kind.ABSENT, "", 404)),
        (FileNotFoundError("nothing more"), Failure(Kind.ABSENT)),
        (FileNotFoundError(NO_BUCKET), Failure(Kind.FAULT, "NoSuchBucket", 404)),
        (AlreadyExistsError("status code: 412"), Failure(Kind.EXISTS, "", 412)),
        (GenericError("HttpError { kind: Timeout }"), Failure(Kind.SILENT)),
        (
            GenericError("HttpError { kind: Connect, dns error }"),
            Failure(Kind.SILENT, "UnknownHost"),
        ),
        (GenericError("store: S3, source: NotPartial"), Failure(Kind.NOT_PARTIAL)),
        (GenericError("status code: 500 oops"), Failure(Kind.FAULT, "", 500)),
        (
            PermissionDeniedError("status code: 403: <Code>InvalidAccessKeyId</Code>"),
            Failure(Kind.REFUSED, "InvalidAccessKeyId", 403),
        ),
        (EndpointConnectionError(endpoint_url="http://h"), Failure(Kind.SILENT)),
        (ReadTimeoutError(endpoint_url="http://h"), Failure(Kind.SILENT)),
        (
            ClientError(
                {"Error": {"Code": "BadDigest"}, "ResponseMetadata": {"HTTPStatusCode": 400}},  # type: ignore[typeddict-item] # what is needed of it
                "PutObject",
            ),
            Failure(Kind.REFUSED, "BadDigest", 400),
        ),
    ),
)
def test_failures_are_sorted_by_what_can_be_done(error: Exception, failure: Failure) -> None:
    assert failure_of(error) == failure


@pytest.mark.parametrize(
    ("failure", "words"),
    (
        (Failure(Kind.REFUSED, "InvalidAccessKeyId", 403), "access key"),
        (Failure(Kind.REFUSED, "RequestTimeTooSkewed", 403), "clock"),
        (Failure(Kind.FAULT, "NoSuchBucket", 404), "no such bucket"),
        (Failure(Kind.FAULT, "", 507), "full"),
        (Failure(Kind.FAULT, "", 301), "redirects"),
        (Failure(Kind.REFUSED, "", 403), "refuses the keys"),
        (Failure(Kind.REFUSED, "Odd", 418), "418 Odd"),
        (Failure(Kind.FAULT), "no answer that can be read"),
    ),
)
def test_failures_are_told_in_words(failure: Failure, words: str) -> None:
    assert words in SiteFailure("lab", failure).message
    assert "lab" in SiteFailure("lab", failure).message
