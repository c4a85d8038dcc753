"""Name a revision for ever: a release."""

from __future__ import annotations

from core.errors import Invalid
from core.model.access import Actor
from core.model.history import MAX_MESSAGE_CHARACTERS, Tag
from core.model.names import DatasetId, Ref, Revision
from core.ports import Platform
from core.usecases.access.opening import open_to_write
from core.usecases.datasets.branches import check_new_tag


def create_tag(
    platform: Platform,
    actor: Actor,
    dataset_id: DatasetId,
    name: Ref,
    ref: Ref | None,
    message: str,
) -> Tag:
    """Tag the revision that `ref` (None: the default branch) names now.

    Raises:  Conflict (`tag_exists`, `name_taken`), Invalid for a name that reads like a commit id.
    """
    if len(message) > MAX_MESSAGE_CHARACTERS or "\x00" in message:
        raise Invalid(
            f"The note is too long or holds a NUL; at most {MAX_MESSAGE_CHARACTERS} characters."
        )
    dataset = open_to_write(platform, actor, dataset_id)
    revision = _resolve_now(platform, actor, dataset_id, ref or Ref(dataset.default_branch))
    check_new_tag(platform, actor, dataset_id, name)
    platform.directory.create_tag(actor, dataset_id, name, revision, message)
    platform.history.forget(dataset_id)  # the next list shows it, whichever process answers
    platform.history.resolve(actor, dataset_id, name, fresh=True)
    tags = platform.history.list_refs(actor, dataset_id).tags
    made = next((tag for tag in tags if tag.name == name.name), None)
    return made or Tag(name.name, revision, message)


def _resolve_now(platform: Platform, actor: Actor, dataset_id: DatasetId, ref: Ref) -> Revision:
    return platform.history.resolve(actor, dataset_id, ref, fresh=True)
