"""A dataset's own page: its files at a ref, and one file with its links and history."""

from __future__ import annotations

from http import HTTPStatus

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.api.arguments import folder as folder_of
from app.api.arguments import page_arguments, ref_argument
from app.api.describing import linked_data
from app.caller import actor, asset_house, platform
from app.pages.assets.pinned import pinned_assets
from app.pages.binding import choice_page
from app.pages.commands import (
    Place,
    branch_of,
    client_lines,
    curl_line,
    dvc_lines,
    file_url,
    listing_line,
    place_of,
    python_line,
    upload_line,
)
from app.pages.origins import allow_site
from app.pages.previews import preview_of
from app.shell import shell
from core.errors import NotFound
from core.model.access import Visibility
from core.model.history import Refs
from core.model.names import DatasetId, FilePath, Ref
from core.usecases.datasets.managing import DatasetDetails, show_dataset
from core.usecases.exporting.croissant import read_heading
from core.usecases.reading.browse import (
    FileFacts,
    last_changes,
    list_commits,
    list_folder,
    list_refs,
    show_file,
)

blueprint = Blueprint("files", __name__, url_prefix="/datasets/<int:dataset_id>")

PER_PAGE = 100
_HISTORY_SHOWN = 10


@blueprint.get("")
def root(dataset_id: int) -> ResponseReturnValue:
    """Show the dataset: its files, or, until it has one, the choice of its storage site."""
    details = show_dataset(platform(), actor(), DatasetId(dataset_id))
    if details.placement is None and "ref" not in request.args:
        return choice_page(details)
    return _folder_page(details, None)


@blueprint.get("/tree/", defaults={"path": ""})
@blueprint.get("/tree/<path:path>")
def tree(dataset_id: int, path: str) -> ResponseReturnValue:
    """Show one folder at `?ref=`."""
    details = show_dataset(platform(), actor(), DatasetId(dataset_id))
    return _folder_page(details, folder_of(path))


@blueprint.get("/file/<path:path>")
def file(dataset_id: int, path: str) -> ResponseReturnValue:
    """Show one file at `?ref=`: what it is, where to get it, what became of it."""
    details = show_dataset(platform(), actor(), DatasetId(dataset_id))
    if not details.permissions["read"].allowed and not details.dataset.readable:
        return closed_page(details)
    ref = ref_argument()
    try:
        facts = show_file(platform(), actor(), details.dataset.id, ref, FilePath(path))
    except NotFound as error:
        if error.code != "is_directory":
            raise
        return redirect(url_for("files.tree", dataset_id=dataset_id, path=path, ref=ref))
    refs = list_refs(platform(), actor(), details.dataset.id)[1]
    place = place_of(details.dataset, refs, ref, facts.revision)
    return _file_page(details, facts, refs, place)


def closed_page(details: DatasetDetails) -> ResponseReturnValue:
    """Show a dataset to somebody who may see that it exists and not what is in it."""
    return render_template("files/closed.html", details=details, tab="files"), HTTPStatus.FORBIDDEN


def _folder_page(details: DatasetDetails, path: FilePath | None) -> ResponseReturnValue:
    dataset, ref = details.dataset, ref_argument()
    if not dataset.readable:
        return closed_page(details)
    allow_site(details.placement)
    if details.head is None and ref is None:
        return render_template("files/empty.html", details=details, tab="files")
    number, _ = page_arguments()
    wanted = request.args.get("filter", "").strip()
    folder = list_folder(
        platform(),
        actor(),
        dataset.id,
        ref,
        path,
        recursive=False,
        page=number,
        per_page=PER_PAGE,
        name_contains=wanted,
    )
    refs = list_refs(platform(), actor(), dataset.id)[1]
    place = place_of(dataset, refs, ref, folder.revision)
    pinned = Ref(folder.revision.sha)
    commits = list_commits(platform(), actor(), dataset.id, pinned, path, page=1, per_page=1)
    return render_template(
        "files/folder.html",
        details=details,
        tab="files",
        folder=folder,
        refs=refs,
        place=place,
        wanted=wanted,
        changes=last_changes(platform(), folder),
        latest=commits.items[0] if commits.items else None,
        crumbs=crumbs_of(path),
        branch=branch_of(dataset, place),
        use=use_lines(details, place),
        linked=_linked_data(details, place) if path is None else None,
        files_url=f"{shell().settings.base_url}/api/v1/datasets/{dataset.id}/files/",
    )


def _linked_data(details: DatasetDetails, place: Place) -> dict[str, object] | None:
    """Return what search engines are told of a public dataset."""
    dataset = details.dataset
    if dataset.visibility is not Visibility.PUBLIC:
        return None
    heading = read_heading(platform(), actor(), dataset, place.revision, place.ref)
    return linked_data(heading, shell().settings.base_url)


def crumbs_of(path: FilePath | None) -> list[tuple[str, str]]:
    """Return (name, path) of each folder on the way to `path`, itself included."""
    names = path.text.split("/") if path else []
    return [(name, "/".join(names[: count + 1])) for count, name in enumerate(names)]


def use_lines(details: DatasetDetails, place: Place) -> dict[str, str]:
    """Return the commands of the panel "Use it"."""
    base_url, dataset = shell().settings.base_url, details.dataset
    return {
        "client": client_lines(base_url, dataset, place),
        "dvc": dvc_lines(dataset, place),
        "list": listing_line(base_url, dataset, place),
        "upload": upload_line(base_url, dataset, branch_of(dataset, place)),
    }


def _file_page(
    details: DatasetDetails, facts: FileFacts, refs: Refs, place: Place
) -> ResponseReturnValue:
    dataset, path, base_url = details.dataset, facts.row.path, shell().settings.base_url
    pinned = Ref(facts.revision.sha)
    history = list_commits(
        platform(), actor(), dataset.id, pinned, path, page=1, per_page=_HISTORY_SHOWN
    )
    moving = place.ref.name if place.kind != "commit" else dataset.default_branch
    permanent = file_url(base_url, dataset, path, facts.revision.sha)
    return render_template(
        "files/file.html",
        details=details,
        tab="files",
        facts=facts,
        refs=refs,
        place=place,
        preview=preview_of(facts),
        history=history,
        crumbs=crumbs_of(path.parent),
        branch=branch_of(dataset, place),
        permanent=permanent,
        moving=file_url(base_url, dataset, path, moving),
        moving_ref=moving,
        curl=curl_line(dataset, file_url(base_url, dataset, path, place.ref.name), path),
        python=python_line(dataset, place, path),
        assets=pinned_assets(asset_house(), actor(), facts),
        may_register=not actor().is_anonymous or asset_house().rules.is_open,
    )
