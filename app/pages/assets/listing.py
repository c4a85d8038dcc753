"""The page of assets: what was asked, what was found here, and what registered databases found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from http import HTTPStatus

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.caller import actor, asset_house, platform
from app.pages.assets.comparisons import OPERATORS
from app.pages.assets.filters import Asked, Filter, Made, Scope, joined, make_filter
from app.pages.assets.lines import filter_text, query_line
from app.pages.assets.permissions import adding_permission
from app.pages.assets.pinned import dataset_names
from app.pages.assets.searched_fields import ASSETS
from app.pages.assets.searches import answer_search, is_fragment, read_asked
from app.pages.formats import register_formats
from core.errors import LabsetError, Unauthenticated, Unavailable
from core.model.access import Person
from core.model.assets import Asset
from core.ports import AssetPlatform, Found
from core.usecases.assets.finding import list_tags, query_assets
from core.usecases.registry.third_party import (
    LeftOut,
    OtherResult,
    list_not_asked,
    search_others,
)

blueprint = Blueprint("assets", __name__, url_prefix="/assets")
blueprint.record_once(register_formats)

PER_PAGE = 50
SHOWN_TAGS = 24
NAMED_UNASKED = 20
ORDERS = (
    ("", "Newest"),
    ("-updated_at", "Last changed"),
    ("asset_name,-asset_version.version", "Name"),
    ("-asset_file_info.size", "Largest"),
    ("created_at", "Oldest"),
)
_NOTHING: Found[Asset] = Found((), None)


@blueprint.get("")
def listing() -> ResponseReturnValue:
    """List the assets that the caller may see and that fit what was asked."""
    asked, is_tidy = read_asked()
    if not is_tidy and not is_fragment():
        return redirect(url_for("assets.listing", **asked.arguments()))  # type: ignore[arg-type] # an address's arguments
    house = asset_house()
    person = house.people.find_person(actor())
    if asked.scope is Scope.MINE and person is None:
        raise Unauthenticated("Sign in to see which assets are yours.")
    made = make_filter(asked)
    told = _told_filter(asked, made, person)
    cursor = request.args.get("cursor", "")
    is_elsewhere = asked.scope is Scope.THIRD_PARTY
    found = _NOTHING if is_elsewhere else _find(house, asked, made, cursor)
    page = render_template(
        "assets/list.html",
        asked=asked,
        made=made,
        found=found,
        dataset_names=dataset_names(platform(), actor(), found.items),
        cursor=cursor,
        person=person,
        tags=_tags(house),
        orders=ORDERS,
        operators=OPERATORS,
        field_names=_field_names(found),
        filter_text=filter_text(told),
        curl=query_line(
            house.rules.base_url, asked, told, signed_in=person is not None, limit=PER_PAGE
        ),
        adding=adding_permission("add an asset"),
        is_open=house.rules.is_open,
    )
    return answer_search(page, made, url_for("assets.listing", **asked.arguments()))  # type: ignore[arg-type] # the same


@blueprint.get("/third-party")
def third_party() -> ResponseReturnValue:
    """Ask the registered databases of others: a part of the page for its script, else a page."""
    asked, _ = read_asked()
    asked = replace(asked, scope=Scope.THIRD_PARTY)
    made = make_filter(asked)
    results: Sequence[OtherResult] = ()
    left_out = LeftOut((), 0)
    if not made.problems:
        try:
            results = search_others(asset_house(), made.filter)
            left_out = list_not_asked(asset_house(), results, NAMED_UNASKED)
        except LabsetError as error:
            made.refuse("search", error)
    page = render_template(
        "assets/others.html" if is_fragment() else "assets/others_page.html",
        asked=asked,
        made=made,
        results=results,
        left_out=left_out,
    )
    return page, HTTPStatus.OK if is_fragment() else made.status


def _told_filter(asked: Asked, made: Made, person: Person | None) -> Filter:
    """Return the filter to show: who owns an asset the API tells by his name alone."""
    if asked.scope is not Scope.MINE or person is None:
        return made.filter
    return joined([made.filter, {"owner": person.username}])


def _find(house: AssetPlatform, asked: Asked, made: Made, cursor: str) -> Found[Asset]:
    """Return a page; where it cannot be had, its problem is noted."""
    query = made.query(asked, ASSETS, limit=PER_PAGE, cursor=cursor)
    if query is None:
        return _NOTHING
    try:
        here, mine = asked.scope is Scope.HERE, asked.scope is Scope.MINE
        return query_assets(house, actor(), query, here_only=here, owned_only=mine)
    except LabsetError as error:
        made.refuse("search", error)
        return _NOTHING


def _tags(house: AssetPlatform) -> Sequence[tuple[str, int]]:
    """Return the tags to choose from: none, where the database has no time to count them."""
    try:
        return list_tags(house, actor(), SHOWN_TAGS)
    except Unavailable:
        return ()


def _field_names(found: Found[Asset]) -> list[str]:
    """Return the fields that the builder proposes: ours, and those of the metadata that is shown."""
    of_metadata = {f"asset_metadata.{key}" for one in found.items for key in one.metadata}
    own = (*ASSETS.short, "visibility", "owner", "created_at", "updated_at", "assets_db_id")
    return [*own, *sorted(name for name in of_metadata if name.isprintable())]
