"""Tags made through GitLab's API, so that its rules for protected tags hold."""

from __future__ import annotations

from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.model.names import DatasetId, Ref, Revision
from gitlab_bridge.client import Client


def create_tag(
    client: Client, dataset_id: DatasetId, name: Ref, revision: Revision, message: str
) -> None:
    """Make an annotated tag, a light one without message.

    Raises:  Conflict (`tag_exists`), Forbidden, NotFound (`ref_not_found`), Invalid.
    """
    body = {"tag_name": name.name, "ref": revision.sha}
    if message.strip():
        body["message"] = message
    try:
        client.create(f"/projects/{dataset_id}/repository/tags", f"the tag {name}", body)
    except (Invalid, Conflict) as error:
        raise _refusal(error, name, revision) from error


def _refusal(
    error: Invalid | Conflict, name: Ref, revision: Revision
) -> Conflict | Forbidden | NotFound | Invalid:
    text = error.message.casefold()
    if "already exists" in text or isinstance(error, Conflict):
        return Conflict(
            f"The tag {name} exists already: choose another name.",
            code="tag_exists",
            details={"tag": name.name},
        )
    if "not allowed" in text or "protected" in text:
        return Forbidden(f"GitLab protects tags with names like {name}: your role is too low")
    if "target" in text:
        return NotFound(f"There is no commit {revision} in this dataset.", code="ref_not_found")
    return Invalid(
        f"GitLab refuses the tag name {name}: choose another.", details={"field": "name"}
    )
