"""The ready lines of an asset and of a query: curl, as the API of the asset database is asked."""

from __future__ import annotations

import json
import shlex
from urllib.parse import quote, urlencode

from app.pages.assets.filters import Asked, Filter, Scope
from core.model.assets import Asset, AssetVisibility

_TOKEN = '-H "PRIVATE-TOKEN: <your token>" '  # noqa: S105 - a placeholder
_ONE_LINE = 60
_JSON = '-H "Content-Type: application/json"'


def query_line(base_url: str, asked: Asked, filter_: Filter, *, signed_in: bool, limit: int) -> str:
    """Return the line that asks the same by `POST /assets`."""
    said: dict[str, str | int] = {}
    if asked.scope is Scope.THIRD_PARTY:
        said["scope"] = Scope.THIRD_PARTY.value
    else:
        said |= {"sort": asked.sort or "-created_at", "limit": limit}
    if asked.scope in {Scope.HERE, Scope.MINE}:
        said["mine"] = 1
    token = _TOKEN if signed_in else ""
    body = shlex.quote(json.dumps(filter_, ensure_ascii=False))
    return f'curl -X POST {token}{_JSON} -d {body} "{base_url}/assets?{urlencode(said)}"'


def filter_text(filter_: Filter) -> str:
    """Return a filter as people edit it: on one line where it is short; "" for the one that finds all."""
    if not filter_:
        return ""
    text = json.dumps(filter_, ensure_ascii=False)
    return text if len(text) <= _ONE_LINE else json.dumps(filter_, ensure_ascii=False, indent=2)


def document_url(base_url: str, asset: Asset) -> str:
    """Return where the API tells all of an asset, for ever."""
    return f"{base_url}/asset/{quote(asset.name.uri or asset.id, safe='')}"


def download_line(asset: Asset) -> str:
    """Return the line that saves an asset's bytes; a public one needs no token."""
    is_ours = asset.file is not None or asset.pinned is not None
    token = _TOKEN if is_ours and asset.visibility is not AssetVisibility.PUBLIC else ""
    return (
        f"curl -fL {token}{shlex.quote(asset.public_url)} --output {shlex.quote(file_name(asset))}"
    )


def file_name(asset: Asset) -> str:
    """Return what the bytes of an asset are called, as one segment of a path."""
    told = asset.more_file_info.get("file_name")
    name = asset.file.file_name if asset.file else told if isinstance(told, str) else ""
    last = (name or asset.name.name).replace("\\", "/").rstrip("/").rpartition("/")[2]
    return last if last not in {"", ".", ".."} else asset.id
