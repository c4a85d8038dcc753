"""The bytes of assets: kept here, in a dataset, or by another server of the same records."""

from __future__ import annotations

from http import HTTPStatus

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from app.api.arguments import flag
from app.api.files import with_facts
from app.api.sending import REVALIDATED, Sendable, send
from app.caller import actor, asset_house, platform
from core.model.access import Actor
from core.model.assets import Asset, PinnedFile
from core.model.names import Ref
from core.ports import AssetPlatform
from core.usecases.assets.objects import (
    Elsewhere,
    KeptBytes,
    PinnedBytes,
    check_object_there,
    find_object,
    open_object,
)
from core.usecases.reading.download import FoundFile, check_there, find_file, open_file

blueprint = Blueprint("api_asset_objects", __name__)


@blueprint.get("/asset-object/<asset_id>")
def download(asset_id: str) -> ResponseReturnValue:
    """Send the bytes of an asset."""
    house, who = asset_house(), actor()
    found = find_object(house, who, asset_id)
    if isinstance(found, Elsewhere):
        headers = {"Location": found.url, "Cache-Control": "no-store"}
        return Response(status=HTTPStatus.FOUND, headers=headers)
    if isinstance(found, PinnedBytes):
        return _send_pinned(house, who, found)
    return _send_kept(house, who, found)


def _send_kept(house: AssetPlatform, who: Actor, kept: KeptBytes) -> Response:
    if request.method == "HEAD":
        check_object_there(house, kept)
    item = Sendable(
        etag=kept.file.md5.hex,
        size_bytes=kept.file.size_bytes,
        name=_name_for(kept.asset, kept.file.file_name),
        open=lambda byte_range: open_object(house, kept, byte_range),
        still_allowed=lambda: find_object(house, who, kept.asset.id),
    )
    return send(item, cache_control=REVALIDATED, inline=flag("inline"))


def _send_pinned(house: AssetPlatform, who: Actor, pinned: PinnedBytes) -> Response:
    """Send a file of a dataset, to whoever may read the dataset and its site."""
    where = platform()
    found = _find_pinned(who, pinned.pinned)

    def still_allowed() -> object:
        find_object(house, who, pinned.asset.id)
        return _find_pinned(who, pinned.pinned)

    if request.method == "HEAD":
        check_there(where, found)
    item = Sendable(
        etag=found.md5.hex,
        size_bytes=found.size_bytes,
        name=_name_for(pinned.asset, pinned.pinned.path.name),
        open=lambda byte_range: open_file(where, found, byte_range),
        still_allowed=still_allowed,
    )
    return with_facts(send(item, cache_control=REVALIDATED, inline=flag("inline")), found)


def _name_for(asset: Asset, file_name: str) -> str:
    """Return what the bytes are called where they are saved: the id, unless `?named=1` asks for the file's name."""
    return (file_name if flag("named") else "") or asset.id


def _find_pinned(who: Actor, pinned: PinnedFile) -> FoundFile:
    return find_file(platform(), who, pinned.dataset_id, Ref(pinned.revision.sha), pinned.path)
