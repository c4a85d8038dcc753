"""Presigned requests: signed by botocore's own signer, without its clients' cost per link.

Source:  AWS Signature Version 4, query parameters. A PUT's `Content-MD5` is a signed header, so the
         server refuses other bytes than those that the link was made for.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

from botocore.auth import S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from core.model.addresses import Endpoint
from core.model.names import Md5
from core.model.storage import Link
from storage_sites.s3_connection import S3Connection

LINK_SECONDS: Final = 60
_KEY_SAFE: Final = "/-_.~"


class Signer:
    """Makes links to one bucket for whoever reaches it at `endpoint`."""

    def __init__(self, connection: S3Connection, endpoint: Endpoint) -> None:
        keys = connection.keys
        credentials = Credentials(keys.access_key.reveal(), keys.secret_key.reveal())
        self._auth = S3SigV4QueryAuth(credentials, "s3", connection.region, expires=LINK_SECONDS)
        self._base = f"{endpoint.url}/{connection.bucket}/"

    def link_get(self, key: str, file_name: str) -> Link:
        """Return a link that downloads `key` as a file of that name, of no type that is shown."""
        quoted = quote(file_name, safe="")
        asked = {
            "response-cache-control": "no-store",
            "response-content-disposition": f"attachment; filename*=UTF-8''{quoted}",
            "response-content-type": "application/octet-stream",
        }
        query = "&".join(f"{name}={quote(value, safe='')}" for name, value in asked.items())
        return Link("GET", self._sign("GET", key, query, {}))

    def link_put(self, key: str, md5: Md5) -> Link:
        """Return a link that takes the bytes of this md5 and no others."""
        headers = {"Content-MD5": base64.b64encode(bytes.fromhex(md5.hex)).decode()}
        return Link("PUT", self._sign("PUT", key, "", headers), headers)

    def link_part(self, key: str, multipart_id: str, number: int, size_bytes: int) -> Link:
        """Return a link that takes one part of exactly this size.

        Its length is a signed header that every client sends by itself.
        """
        query = f"partNumber={number}&uploadId={quote(multipart_id, safe='')}"
        return Link("PUT", self._sign("PUT", key, query, {"Content-Length": str(size_bytes)}))

    def _sign(self, method: str, key: str, query: str, headers: Mapping[str, str]) -> str:
        url = self._base + quote(key, safe=_KEY_SAFE)
        request = AWSRequest(method, f"{url}?{query}" if query else url, headers=dict(headers))
        self._auth.add_auth(request)
        return str(request.url)
