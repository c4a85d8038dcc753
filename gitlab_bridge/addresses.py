"""Where the repositories of datasets are, as GitLab tells one caller."""

from __future__ import annotations

from urllib.parse import quote

from core.errors import NotFound
from core.model.access import AccessLevel, Actor
from core.model.names import DatasetId
from core.ports import Directory
from gitlab_bridge.refs import Locate


def locate_by(gitlab_url: str, directory: Directory) -> Locate:
    """Return a `locate` for GitHistory: the project's path of now, below `gitlab_url`."""

    def locate(actor: Actor, dataset_id: DatasetId) -> str:
        found = directory.find_dataset(actor, dataset_id, at_least=AccessLevel.NONE, fresh=True)
        if found is None:
            raise NotFound("There is no such dataset, or it is not for you.")
        return f"{gitlab_url.rstrip('/')}/{quote(found.path_with_namespace)}.git"

    return locate
