"""Files of datasets as assets: one step from a file at a revision to an entry that points at it."""

from __future__ import annotations

from flask import Blueprint, Response

from app.api.assets.entries import made
from app.api.assets.requests import asset_json
from app.caller import actor, asset_house, platform
from core.errors import Invalid
from core.model.names import DatasetId, FilePath, Ref
from core.usecases.assets.from_dataset import register_file

blueprint = Blueprint("api_dataset_assets", __name__, url_prefix="/api/v1/datasets")


@blueprint.post("/<int:dataset_id>/assets")
def register(dataset_id: int) -> Response:
    """Make an asset of a file: `{"path", "ref"}`, and beside them what is told of the asset."""
    told = dict(asset_json())
    path, ref = told.pop("path", None), told.pop("ref", None)
    if not isinstance(path, str):
        raise Invalid("path is missing: name a file of the dataset.", details={"field": "path"})
    if not isinstance(ref, str | None):
        raise Invalid("ref must be a text.", details={"field": "ref"})
    file_path, wanted = FilePath(path), Ref(ref) if ref else None
    house, who = asset_house(), actor()
    return made(
        register_file(house, platform(), who, DatasetId(dataset_id), wanted, file_path, told)
    )
