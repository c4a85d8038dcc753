"""OAuth applications, made by administrators."""

from __future__ import annotations

import sqlite3
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Response, jsonify

from devstack.gitlab.errors import invalid, not_found
from devstack.gitlab.identity import require_admin
from devstack.gitlab.parameters import Field, read
from devstack.gitlab.state import here
from devstack.gitlab.store.oauth import SCOPES, create_application

blueprint = Blueprint("applications", __name__)

_OUT_OF_BAND = "urn:ietf:wg:oauth:2.0:oob"
_FORBIDDEN_SCHEMES = ("data", "vbscript", "javascript")


def _body(row: sqlite3.Row, secret: str | None = None) -> dict[str, Any]:
    body = {
        "id": row["id"],
        "application_id": row["uid"],
        "application_name": row["name"],
        "callback_url": row["redirect_uris"],
        "confidential": bool(row["confidential"]),
        "scopes": row["scopes"].split(),
    }
    return body if secret is None else {**body, "secret": secret}


@blueprint.post("/applications")
def create() -> tuple[Response, int]:
    """Register an application; its secret is in this answer only."""
    require_admin()
    given = read(
        Field("name", required=True),
        Field("redirect_uri", required=True),
        Field("scopes", required=True, blank=False),
        Field("confidential", "boolean"),
        Field("trusted", "boolean"),
    )
    scopes, addresses = given["scopes"].split(), (given["redirect_uri"] or "").split()
    problems = {} if given["name"] else {"name": ["can't be blank"]}
    if any(scope not in SCOPES for scope in scopes):
        problems["scopes"] = ["doesn't match configured on the server."]
    texts = [text for address in addresses if (text := _address_problem(address))]
    if texts or not addresses:
        problems["redirect_uri"] = texts or ["can't be blank"]
    if problems:
        raise invalid(**problems)
    application_id, secret = create_application(
        here().database,
        name=given["name"],
        redirect_uris="\n".join(addresses),
        scopes=" ".join(scopes),
        confidential=int(given.get("confidential") is not False),
        trusted=int(bool(given.get("trusted"))),
    )
    return jsonify(_body(_row(application_id), secret)), 201


def _address_problem(address: str) -> str | None:
    """Return what is wrong with one address to send people back to."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return "must be a valid URI."
    checks = (
        (parts.scheme in _FORBIDDEN_SCHEMES, "is forbidden by the server."),
        ("#" in address, "cannot contain a fragment."),
        (not parts.scheme, "must be an absolute URI."),
        (not address.startswith(f"{parts.scheme}:/"), "must specify a scheme."),
        (parts.scheme in ("http", "https") and not parts.netloc, "must be a valid URI."),
    )
    found = next((text for wrong, text in checks if wrong), None)
    return None if address == _OUT_OF_BAND else found


def _row(application_id: int) -> sqlite3.Row:
    row = here().database.row("SELECT * FROM applications WHERE id = ?", (application_id,))
    if row is None:
        raise not_found("Application")
    return row


@blueprint.get("/applications")
def list_applications() -> Response:
    """Answer the registered applications, all of them: GitLab has no pages here."""
    require_admin()
    rows = here().database.rows("SELECT * FROM applications ORDER BY id")
    return jsonify([_body(row) for row in rows])


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
