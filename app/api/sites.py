"""Storage sites: register, list, search, check, change, delete."""

from __future__ import annotations

from http import HTTPStatus

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from app.api import shapes
from app.api.arguments import (
    Body,
    choice,
    json_body,
    namespace_text,
    one_of,
    page_arguments,
    tags_argument,
)
from app.api.pagination import MOST_AT_ONCE, page_of, paged
from app.caller import actor, platform
from core.errors import Invalid
from core.model.access import Secret, Visibility
from core.model.names import SiteId
from core.model.storage import NewSite, SiteAddress, SiteChanges, SiteKeys, SiteKind
from core.usecases.sites.managing import (
    change_site,
    check_site,
    delete_site,
    list_sites,
    register_site,
    show_site,
)

blueprint = Blueprint("api_sites", __name__, url_prefix="/api/v1/storage-sites")

_ADDRESS_FIELDS = ("kind", "url", "endpoint", "public_endpoint", "region")


@blueprint.get("")
def sites() -> ResponseReturnValue:
    """List the sites that the caller may see."""
    found = list_sites(
        platform(),
        actor(),
        search=request.args.get("search", "").strip(),
        kind=choice("kind", SiteKind),
        tags=tags_argument(),
    )
    page = page_of(found, *page_arguments(MOST_AT_ONCE))
    return paged([shapes.listed_site(one) for one in page.items], page)


@blueprint.post("")
def register() -> ResponseReturnValue:
    """Register a site after a real check: 201."""
    view = register_site(platform(), actor(), new_site(json_body()))
    return jsonify(shapes.site(view)), HTTPStatus.CREATED


@blueprint.get("/<int:site_id>")
def show(site_id: int) -> ResponseReturnValue:
    """Tell about one site, its health and its drift."""
    return jsonify(shapes.site(show_site(platform(), actor(), SiteId(site_id))))


@blueprint.patch("/<int:site_id>")
def change(site_id: int) -> ResponseReturnValue:
    """Change a site; its address only while no dataset is bound."""
    body = json_body()
    current = show_site(platform(), actor(), SiteId(site_id)).record.address
    changes = site_changes(body, current)
    return jsonify(shapes.site(change_site(platform(), actor(), SiteId(site_id), changes)))


@blueprint.delete("/<int:site_id>")
def delete(site_id: int) -> ResponseReturnValue:
    """Forget a site that no dataset uses."""
    delete_site(platform(), actor(), SiteId(site_id))
    return "", HTTPStatus.NO_CONTENT


@blueprint.post("/<int:site_id>/check")
def check(site_id: int) -> ResponseReturnValue:
    """Try the site for real, with timings."""
    return jsonify(shapes.health(check_site(platform(), actor(), SiteId(site_id))))


def new_site(body: Body) -> NewSite:
    """Return the site that a body describes."""
    return NewSite(
        name=body.text("name").strip(),
        namespace=namespace_text(body),
        description=body.text("description", ""),
        visibility=one_of(body.text("visibility", "private"), Visibility, "visibility"),
        tags=body.texts("tags"),
        address=SiteAddress(
            kind=one_of(body.text("kind"), SiteKind, "kind"),
            url=body.text("url").strip(),
            endpoint=body.maybe_text("endpoint"),
            public_endpoint=body.maybe_text("public_endpoint"),
            region=body.maybe_text("region"),
        ),
        keys=_keys(body),
    )


def site_changes(body: Body, current: SiteAddress) -> SiteChanges:
    """Return the changes that a body describes; absent fields stay."""
    visibility = body.maybe_text("visibility")
    return SiteChanges(
        name=body.text("name").strip() if "name" in body else None,
        description=body.text("description") if "description" in body else None,
        visibility=one_of(visibility, Visibility, "visibility") if visibility else None,
        tags=body.texts("tags") if "tags" in body else None,
        address=_changed_address(body, current),
        keys=_keys(body),
    )


def _changed_address(body: Body, current: SiteAddress) -> SiteAddress | None:
    if not any(name in body for name in _ADDRESS_FIELDS):
        return None
    changed = SiteAddress(
        kind=one_of(body.text("kind", current.kind.value), SiteKind, "kind"),
        url=body.text("url", current.url),
        endpoint=body.maybe_text("endpoint") or current.endpoint,
        public_endpoint=body.maybe_text("public_endpoint") or current.public_endpoint,
        region=body.maybe_text("region") or current.region,
    )
    return None if changed == current else changed


def _keys(body: Body) -> SiteKeys | None:
    part = body.part("credentials")
    if part is None:
        return None
    access_key, secret_key = part.text("access_key", ""), part.text("secret_key", "")
    if not access_key and not secret_key:
        return None
    if not access_key or not secret_key:
        raise Invalid(
            "Credentials are two: access_key and secret_key.", details={"field": "credentials"}
        )
    return SiteKeys(Secret(access_key), Secret(secret_key))
