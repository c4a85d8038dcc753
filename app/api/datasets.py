"""Datasets: list, create, show, change, delete, bind."""

from __future__ import annotations

from http import HTTPStatus
from typing import Literal, cast

from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue

from app.api import shapes
from app.api.arguments import (
    Body,
    choice,
    json_body,
    namespace_text,
    one_of,
    page_arguments,
    site_argument,
    tags_argument,
)
from app.api.pagination import paged
from app.caller import actor, platform
from app.shell import shell
from core.errors import Invalid
from core.model.access import Visibility
from core.model.dataset import DatasetChanges, DatasetQuery, Kind, NewDataset
from core.model.names import DatasetId, SiteId
from core.usecases.access.refusals import dismiss_refusal
from core.usecases.datasets.bind import bind_dataset
from core.usecases.datasets.managing import (
    DatasetDetails,
    change_dataset,
    create_dataset,
    delete_dataset,
    list_datasets,
    show_dataset,
)

blueprint = Blueprint("api_datasets", __name__, url_prefix="/api/v1/datasets")

Order = Literal["last_activity", "name", "created"]
Scope = Literal["all", "personal", "shared", "enterprise"]
_ORDERS = ("last_activity", "name", "created")
_SCOPES = ("all", "personal", "shared", "enterprise")


@blueprint.get("")
def datasets() -> ResponseReturnValue:
    """List the datasets that the caller may see."""
    page = list_datasets(platform(), actor(), dataset_query(), site_argument())
    base_url = shell().settings.base_url
    rows = [shapes.dataset(row.dataset, row.placement, base_url=base_url) for row in page.items]
    return paged(rows, page)


@blueprint.post("")
def create() -> ResponseReturnValue:
    """Create a dataset: 201 with its id, which is its GitLab project's."""
    created = create_dataset(platform(), actor(), new_dataset(json_body()))
    response = _dressed(created)
    response.status_code = HTTPStatus.CREATED
    response.headers["Location"] = f"{blueprint.url_prefix}/{created.dataset.id}"
    return response


@blueprint.get("/<int:dataset_id>")
def show(dataset_id: int) -> ResponseReturnValue:
    """Tell all about one dataset, and what the caller may do."""
    return _dressed(show_dataset(platform(), actor(), DatasetId(dataset_id)))


@blueprint.patch("/<int:dataset_id>")
def change(dataset_id: int) -> ResponseReturnValue:
    """Change name, description, visibility, tags or kind."""
    changes = dataset_changes(json_body())
    return _dressed(change_dataset(platform(), actor(), DatasetId(dataset_id), changes))


@blueprint.delete("/<int:dataset_id>")
def delete(dataset_id: int) -> ResponseReturnValue:
    """Delete a dataset; its bytes stay until garbage collection."""
    delete_dataset(platform(), actor(), DatasetId(dataset_id))
    return "", HTTPStatus.NO_CONTENT


@blueprint.put("/<int:dataset_id>/storage-site")
def bind(dataset_id: int) -> ResponseReturnValue:
    """Bind the dataset to a storage site: once."""
    site_id = SiteId(json_body().number("site_id"))
    bind_dataset(platform(), actor(), DatasetId(dataset_id), site_id)
    return _dressed(show_dataset(platform(), actor(), DatasetId(dataset_id), fresh=True))


@blueprint.delete("/<int:dataset_id>/last-refusal")
def dismiss(dataset_id: int) -> ResponseReturnValue:
    """Forget what the caller's DVC was refused last."""
    dismiss_refusal(platform(), actor(), DatasetId(dataset_id))
    return "", HTTPStatus.NO_CONTENT


def dataset_query() -> DatasetQuery:
    """Return what `?search=&tag=&kind=&scope=&visibility=&order=&page=&per_page=` ask for."""
    page, per_page = page_arguments()
    return DatasetQuery(
        search=request.args.get("search", "").strip(),
        tags=tags_argument(),
        kind=choice("kind", Kind),
        visibility=choice("visibility", Visibility),
        scope=cast("Scope", _among("scope", _SCOPES)),
        order=cast("Order", _among("order", _ORDERS)),
        page=page,
        per_page=per_page,
    )


def new_dataset(body: Body) -> NewDataset:
    """Return the dataset that a body describes."""
    return NewDataset(
        name=body.text("name").strip(),
        namespace=namespace_text(body),
        description=body.text("description", ""),
        visibility=one_of(body.text("visibility", "private"), Visibility, "visibility"),
        tags=body.texts("tags"),
        kind=one_of(body.text("kind", Kind.ALBUM.value), Kind, "kind"),
    )


def dataset_changes(body: Body) -> DatasetChanges:
    """Return the changes that a body describes; absent fields stay."""
    visibility, kind = body.maybe_text("visibility"), body.maybe_text("kind")
    return DatasetChanges(
        name=body.text("name").strip() if "name" in body else None,
        description=body.text("description") if "description" in body else None,
        visibility=one_of(visibility, Visibility, "visibility") if visibility else None,
        tags=body.texts("tags") if "tags" in body else None,
        kind=one_of(kind, Kind, "kind") if kind else None,
    )


def _among(name: str, known: tuple[str, ...]) -> str:
    text = request.args.get(name) or known[0]
    if text not in known:
        raise Invalid(
            f"{text!r} is no {name}: choose one of {', '.join(known)}.", details={"field": name}
        )
    return text


def _dressed(details: DatasetDetails) -> Response:
    return jsonify(shapes.dataset_details(details, base_url=shell().settings.base_url))
