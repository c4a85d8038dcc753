"""The JSON that the outside sees, as CONTRACT fixes it: values in, plain objects out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from core.model.access import AccessLevel, Permission
from core.model.content import Statistics
from core.model.dataset import Dataset, Namespace
from core.model.history import Commit, Refs, Tag
from core.model.jobs import Job
from core.model.refusals import Refusal
from core.model.storage import CheckStep, Link, Placement, SiteHealth, SiteRecord
from core.model.uploads import UploadFile
from core.ports import BatchResult
from core.usecases.datasets.managing import DatasetDetails
from core.usecases.reading.browse import Row
from core.usecases.sites.managing import SiteView
from core.usecases.uploading.resuming import Progress
from core.usecases.uploading.staged import PartsView
from core.usecases.uploading.uploads import UploadView

Json = dict[str, Any]


def moment(value: datetime | None) -> str | None:
    """Return a time in UTC as ISO 8601 with a `Z`."""
    if value is None:
        return None
    return value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def namespace(value: Namespace) -> Json:
    """Dress a namespace."""
    return {
        "id": value.id,
        "full_path": value.full_path,
        "kind": value.kind,
        "visibility": value.visibility.value,
        "name": value.name,
    }


def permissions(value: Mapping[str, Permission]) -> Json:
    """Dress what the caller may do; each "no" says why and whom to ask."""
    return {
        name: {"allowed": True}
        if one.allowed
        else {"allowed": False, "why": one.why, "ask": list(one.ask)}
        for name, one in value.items()
    }


def site_brief(placement: Placement | None) -> Json | None:
    """Dress the site of a dataset in a few words."""
    if placement is None:
        return None
    site = placement.site
    return {"id": site.id.number, "name": site.name, "kind": site.address.kind.value}


def dataset(value: Dataset, placement: Placement | None, *, base_url: str) -> Json:
    """Dress a dataset as a row of a list."""
    return {
        "id": value.id.number,
        "name": value.name,
        "path_with_namespace": value.path_with_namespace,
        "namespace": namespace(value.namespace),
        "description": value.description,
        "visibility": value.visibility.value,
        "tags": list(value.tags),
        "kind": value.kind.value,
        "default_branch": value.default_branch,
        "storage_site": site_brief(placement),
        "web_url": f"{base_url}/datasets/{value.id}",
        "gitlab_url": value.gitlab_url,
        "role": value.level.label if value.level > AccessLevel.NONE else None,
        "archived": value.archived,
        "created_at": moment(value.created_at),
        "last_activity_at": moment(value.last_activity_at),
    }


def dataset_details(value: DatasetDetails, *, base_url: str) -> Json:
    """Dress a dataset with what only its own page needs."""
    return dataset(value.dataset, value.placement, base_url=base_url) | {
        "head": value.head.sha if value.head else None,
        "permissions": permissions(value.permissions),
        "statistics": statistics(value.statistics),
        "last_refusal": refusal(value.last_refusal) if value.last_refusal else None,
    }


def refusal(value: Refusal) -> Json:
    """Dress what DVC was refused."""
    return {
        "at": moment(value.at),
        "method": value.method,
        "code": value.code,
        "message": value.message,
    }


def statistics(value: Statistics | None) -> Json:
    """Dress a count; an empty dataset has zero of everything."""
    counted = value or Statistics(0, 0)
    return {"files": counted.files, "bytes": counted.size_bytes}


def row(value: Row) -> Json:
    """Dress one line of a folder."""
    dressed: Json = {
        "path": value.path.text,
        "type": value.type,
        "size": value.size_bytes,
        "md5": value.md5.hex if value.md5 else None,
        "stored": value.stored,
    }
    if value.problem:
        dressed["problem"] = value.problem
    if value.packed:
        dressed |= {"packed": True, "files": value.files, "stored": "site"}
    return dressed


def refs(default_branch: str, value: Refs) -> Json:
    """Dress branches and tags."""
    return {
        "branches": [
            {"name": one.name, "commit": one.revision.sha, "protected": one.protected}
            for one in value.branches
        ],
        "tags": [tag(one) for one in value.tags],
        "default_branch": default_branch,
    }


def tag(value: Tag) -> Json:
    """Dress a release."""
    return {
        "name": value.name,
        "commit": value.revision.sha,
        "message": value.message,
        "released_at": moment(value.released_at),
    }


def commit(value: Commit) -> Json:
    """Dress one commit of a history."""
    return {
        "commit": value.revision.sha,
        "parents": [one.sha for one in value.parents],
        "title": value.title,
        "message": value.message,
        "author": {"name": value.author_name, "email": value.author_email},
        "created_at": moment(value.authored_at),
    }


def upload(value: UploadView, *, files_url: str) -> Json:
    """Dress a session; `files_url` is where bytes go that pass through Labset."""
    session = value.session
    return {
        "id": session.id.hex,
        "base": session.base.sha if session.base else None,
        "branch": session.branch.name,
        "message": session.message,
        "state": session.state.value,
        "reason": session.reason,
        "commit": session.revision.sha if session.revision else None,
        "created_at": moment(session.created_at),
        "expires_at": moment(session.expires_at),
        "files": [_upload_file(value, one, files_url) for one in value.files],
    }


def _upload_file(value: UploadView, one: UploadFile, files_url: str) -> Json:
    dressed: Json = {
        "path": one.path.text,
        "size": one.size_bytes,
        "md5": one.md5.hex,
        "state": "present" if one.path in value.arrived else "missing",
    }
    if value.standing is not None:
        was_there = "replaced" if one.path in value.standing else "new"
        dressed["change"] = "unchanged" if one.unchanged else was_there
    if dressed["state"] == "missing" and value.session.is_receiving:
        link = value.links.get(one.path)
        dressed["upload"] = (
            _link(link)
            if link
            else {"method": "PUT", "url": files_url + quote(one.path.text), "headers": {}}
        )
    staged = value.parts.get(one.path)
    if staged is not None:
        dressed |= _staged(staged)
    return dressed


def _staged(value: PartsView) -> Json:
    """Dress what of a missing file has arrived in parts."""
    dressed: Json = {"received_bytes": value.received_bytes}
    if value.is_being_proven:
        dressed["state"] = "verifying"
    if value.problem:
        dressed["problem"] = value.problem
    if value.takes_parts:
        present = [
            {"number": part.number, "size": part.size_bytes, "etag": part.etag}
            for part in value.present
        ]
        dressed["parts"] = {
            "part_bytes": value.plan.part_bytes,
            "count": value.plan.count,
            "present": present if value.is_told else None,
            "urls": [{"number": number, **_link(one)} for number, one in value.links.items()],
        }
    return dressed


def _link(value: Link) -> Json:
    return {"method": value.method, "url": value.url, "headers": dict(value.headers)}


def progress(value: Progress) -> Json:
    """Dress how far one file is."""
    return {
        "path": value.file.path.text,
        "state": value.state,
        "md5": value.file.md5.hex,
        "size": value.file.size_bytes,
        "received": value.received_bytes,
    }


def batch(results: Sequence[BatchResult]) -> Json:
    """Dress what became of each file of a batch."""
    return {
        "files": [
            {"path": one.path.text, "state": "present"}
            if one.problem is None
            else {"path": one.path.text, "state": "missing", "problem": one.problem}
            for one in results
        ]
    }


def site(value: SiteView) -> Json:
    """Dress a storage site as its own page shows it."""
    return listed_site(value) | {
        "datasets": value.datasets,
        "drift": _drift(value, value.record),
    }


def listed_site(value: SiteView) -> Json:
    """Dress a storage site as a row of a list; its keys are never told."""
    project, record = value.project, value.record
    address = record.address
    return {
        "id": project.id.number,
        "name": project.name,
        "path_with_namespace": project.path_with_namespace,
        "namespace": namespace(project.namespace),
        "kind": address.kind.value,
        "url": address.url,
        "endpoint": address.endpoint,
        "public_endpoint": address.public_endpoint,
        "region": address.region,
        "description": project.description,
        "visibility": project.visibility.value,
        "tags": list(project.tags),
        "gitlab_url": project.gitlab_url,
        "permissions": permissions(value.permissions),
        "health": health(record.health),
    }


def _drift(value: SiteView, record: SiteRecord) -> Json | None:
    if value.drift is None:
        return None
    pairs = (
        (name, getattr(record.address, name), getattr(value.drift, name))
        for name in ("kind", "url", "endpoint", "public_endpoint", "region")
    )
    return {
        name: {"used": used, "stated": stated} for name, used, stated in pairs if used != stated
    }


def health(value: SiteHealth | None) -> Json | None:
    """Dress the last check of a site."""
    if value is None:
        return None
    return {
        "ok": value.ok,
        "checked_at": moment(value.checked_at),
        "browser_transfer": value.browser_transfer,
        "steps": [_step(one) for one in value.steps],
    }


def _step(one: CheckStep) -> Json:
    return {
        "name": one.name,
        "ok": one.ok,
        "milliseconds": round(one.seconds * 1000, 1),
        "problem": one.problem,
    }


def job(value: Job) -> Json:
    """Dress long work."""
    return {
        "id": value.id,
        "state": value.state.value,
        "done": value.done,
        "total": value.total,
        "unit": value.unit,
        "message": value.message,
        "result": dict(value.result),
    }
