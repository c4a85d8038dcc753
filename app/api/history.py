"""What a dataset's history names: refs, commits, folders, releases."""

from __future__ import annotations

from http import HTTPStatus

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from app.api import differences, shapes
from app.api.arguments import flag, folder, json_body, page_arguments, path_argument, ref_argument
from app.api.pagination import paged
from app.caller import actor, platform
from core.model.names import DatasetId, Ref
from core.usecases.datasets.tags import create_tag
from core.usecases.reading.browse import list_commits, list_folder, list_refs
from core.usecases.reading.compare import compare_revisions

blueprint = Blueprint("api_history", __name__, url_prefix="/api/v1/datasets/<int:dataset_id>")


@blueprint.get("/refs")
def refs(dataset_id: int) -> ResponseReturnValue:
    """List branches and tags."""
    dataset, found = list_refs(platform(), actor(), DatasetId(dataset_id))
    return jsonify(shapes.refs(dataset.default_branch, found))


@blueprint.get("/commits")
def commits(dataset_id: int) -> ResponseReturnValue:
    """List the history of a ref, of one path if asked, newest first."""
    page, per_page = page_arguments()
    found = list_commits(
        platform(),
        actor(),
        DatasetId(dataset_id),
        ref_argument(),
        path_argument(),
        page=page,
        per_page=per_page,
    )
    return paged([shapes.commit(one) for one in found.items], found)


@blueprint.get("/tree", defaults={"path": ""})
@blueprint.get("/tree/", defaults={"path": ""})
@blueprint.get("/tree/<path:path>")
def tree(dataset_id: int, path: str) -> ResponseReturnValue:
    """List a folder at a ref; `X-Commit-Id` names the one revision that answered."""
    page, per_page = page_arguments()
    found = list_folder(
        platform(),
        actor(),
        DatasetId(dataset_id),
        ref_argument(),
        folder(path),
        recursive=flag("recursive"),
        page=page,
        per_page=per_page,
    )
    response = paged([shapes.row(row) for row in found.rows.items], found.rows)
    response.headers["X-Commit-Id"] = found.revision.sha
    return response


@blueprint.get("/diff")
def diff(dataset_id: int) -> ResponseReturnValue:
    """Tell what differs between two revisions: added, removed, changed, renamed."""
    found = compare_revisions(
        platform(),
        actor(),
        DatasetId(dataset_id),
        ref_argument("from"),
        ref_argument("to"),
        path_argument(),
    )
    response = jsonify(differences.difference(found))
    response.headers["X-Commit-Id"] = found.new.sha
    return response


@blueprint.post("/tags")
def tag(dataset_id: int) -> ResponseReturnValue:
    """Make a release: 201 with the commit that it names for ever."""
    body = json_body()
    ref = body.maybe_text("ref")
    made = create_tag(
        platform(),
        actor(),
        DatasetId(dataset_id),
        Ref(body.text("name").strip()),
        Ref(ref) if ref else None,
        body.text("message", ""),
    )
    return jsonify(shapes.tag(made)), HTTPStatus.CREATED
