"""OAuth applications, made by administrators."""

from __future__ import annotations

import sqlite3
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Response, jsonify

from devstack.gitlab.errors import invalid, not_found
from devstack.gitlab.identity import require_admin
from devstack.gitlab.pagination import paged_list, wanted_page
from devstack.gitlab.parameters import Field, read
from devstack.gitlab.state import here
from devstack.gitlab.store.oauth import SCOPES, create_application

blueprint = Blueprint("applications", __name__)


def _body(row: sqlite3.Row, secret: str | None = None) -> dict[str, Any]:
    body = {
        "id": row["id"],
        "application_id": row["uid"],
        "application_name": row["name"],
        "callback_url": row["redirect_uris"],
        "confidential": bool(row["confidential"]),
    }
    return body if secret is None else {**body, "secret": secret}


@blueprint.post("/applications")
def create() -> tuple[Response, int]:
    """Register an application; its secret is in this answer only."""
    require_admin()
    given = read(
        Field("name", required=True, blank=False),
        Field("redirect_uri", required=True, blank=False),
        Field("scopes", required=True, blank=False),
        Field("confidential", "boolean"),
        Field("trusted", "boolean"),
    )
    scopes, addresses = given["scopes"].replace(",", " ").split(), given["redirect_uri"].split()
    if any(scope not in SCOPES for scope in scopes):
        raise invalid(scopes=["doesn't match configured on the server."])
    if not addresses or not all(
        urlsplit(address).scheme and urlsplit(address).netloc for address in addresses
    ):
        raise invalid(redirect_uri=["must be an absolute URI."])
    application_id, secret = create_application(
        here().database,
        name=given["name"],
        redirect_uris="\n".join(addresses),
        scopes=" ".join(scopes),
        confidential=int(given.get("confidential") is not False),
        trusted=int(bool(given.get("trusted"))),
    )
    return jsonify(_body(_row(application_id), secret)), 201


def _row(application_id: int) -> sqlite3.Row:
    row = here().database.row("SELECT * FROM applications WHERE id = ?", (application_id,))
    if row is None:
        raise not_found("Application")
    return row


@blueprint.get("/applications")
def list_applications() -> Response:
    """Answer the registered applications."""
    require_admin()
    rows = here().database.rows("SELECT * FROM applications ORDER BY id")
    return paged_list([_body(row) for row in rows], wanted_page())


@blueprint.post("/applications/<int:application_id>/renew-secret")
def renew(application_id: int) -> tuple[Response, int]:
    """Give an application a new secret."""
    require_admin()
    row = _row(application_id)
    database = here().database
    with database.changes():
        fresh_id, secret = create_application(
            database, name=row["name"], redirect_uris=row["redirect_uris"], scopes=row["scopes"]
        )
        fresh = _row(fresh_id)["secret_digest"]
        database.run("DELETE FROM applications WHERE id = ?", (fresh_id,))
        database.update("applications", application_id, secret_digest=fresh)
    return jsonify(_body(_row(application_id), secret)), 201


@blueprint.delete("/applications/<int:application_id>")
def remove(application_id: int) -> tuple[str, int]:
    """Remove an application and every token it has."""
    require_admin()
    here().database.run("DELETE FROM applications WHERE id = ?", (_row(application_id)["id"],))
    return "", 204
