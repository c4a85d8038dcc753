"""Projects as JSON, many at once with one question per subject."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from devstack.gitlab.entities.settings import project_settings
from devstack.gitlab.entities.users import basic_user
from devstack.gitlab.policy import REPORTER, ProjectRights
from devstack.gitlab.repository import names
from devstack.gitlab.repository.opening import DEFAULT_BRANCH, RepositoryGone, open_repository
from devstack.gitlab.state import here
from devstack.gitlab.store.access import levels_in_projects
from devstack.gitlab.store.namespaces import Namespace
from devstack.gitlab.store.projects import Project, find_project, topics_of
from devstack.gitlab.store.users import User, find_user

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pygit2

READMES = ("README.md", "README", "README.rst", "README.txt", "readme.md")


def simple_project(project: Project, user: User | None) -> dict[str, Any]:
    """Return the basic fields of one project."""
    return project_bodies([project], user, simple=True)[0]


def full_project(
    project: Project, user: User | None, *, permissions: bool = False
) -> dict[str, Any]:
    """Return all fields of one project."""
    return project_bodies([project], user, permissions=permissions)[0]


def project_bodies(
    projects: Sequence[Project],
    user: User | None,
    *,
    simple: bool = False,
    permissions: bool = False,
    statistics: bool = False,
) -> list[dict[str, Any]]:
    """Return the JSON of many projects, as `user` may see it."""
    batch = _Batch.load(projects, user)
    bodies = []
    for project in projects:
        rights = batch.rights(project, user)
        body = _basic(project, batch, rights)
        if not simple:
            body |= _rest(project, batch, rights)
            if permissions:
                body["permissions"] = _permissions(*rights.levels)
            if statistics and rights.level >= REPORTER:
                body["statistics"] = _statistics(project)
        bodies.append(body)
    return bodies


@dataclass(frozen=True, slots=True)
class _Batch:
    """What the bodies of some projects need besides their rows, by project id (namespaces by their own)."""

    topics: dict[int, list[str]]
    stars: dict[int, int]
    forks: dict[int, int]
    namespaces: dict[int, Namespace]
    levels: dict[int, tuple[int, int]]

    @classmethod
    def load(cls, projects: Sequence[Project], user: User | None) -> _Batch:
        database = here().database
        ids = [project.id for project in projects]
        marks = ",".join(str(project_id) for project_id in ids)
        spaces = ",".join(str(number) for number in {project.namespace_id for project in projects})
        return cls(
            topics_of(database, ids),
            _counts(
                f"SELECT project_id, COUNT(*) FROM stars WHERE project_id IN ({marks}) GROUP BY 1"
            ),
            _counts(
                f"SELECT forked_from_id, COUNT(*) FROM projects WHERE forked_from_id IN ({marks}) GROUP BY 1"
            ),
            {
                row[0]: Namespace(*row)
                for row in database.rows(f"SELECT * FROM namespaces WHERE id IN ({spaces})")
            },
            {} if user is None else levels_in_projects(database, user.id, ids),
        )

    def rights(self, project: Project, user: User | None) -> ProjectRights:
        """Return rights whose levels are known already."""
        rights = ProjectRights(here().database, user, project)
        rights.__dict__["levels"] = self.levels.get(project.id, (0, 0))
        return rights


def _counts(sql: str) -> dict[int, int]:
    return {row[0]: row[1] for row in here().database.rows(sql)}


def _basic(project: Project, batch: _Batch, rights: ProjectRights) -> dict[str, Any]:
    namespace, root = batch.namespaces[project.namespace_id], here().external_url
    web_url, topics = f"{root}/{project.full_path}", batch.topics[project.id]
    body: dict[str, Any] = {
        "id": project.id,
        "description": project.description,
        "name": project.name,
        "name_with_namespace": f"{_long_name(namespace)} / {project.name}",
        "path": project.path,
        "path_with_namespace": project.full_path,
        "created_at": project.created_at,
        "tag_list": topics,
        "topics": topics,
        "ssh_url_to_repo": f"git@{root.split('//', 1)[-1].split(':', 1)[0]}:{project.full_path}.git",
        "http_url_to_repo": f"{web_url}.git",
        "web_url": web_url,
        "avatar_url": None,
        "star_count": batch.stars.get(project.id, 0),
        "last_activity_at": project.last_activity_at,
        "visibility": project.visibility,
        "namespace": namespace_summary(namespace),
    }
    if rights.can_download:
        body["default_branch"] = project.default_branch or DEFAULT_BRANCH
        body["readme_url"] = _readme_url(project, web_url)
        body["forks_count"] = batch.forks.get(project.id, 0)
    return body


def namespace_summary(namespace: Namespace) -> dict[str, Any]:
    """Return the few fields of a namespace that other resources carry."""
    root = here().external_url
    return {
        "id": namespace.id,
        "name": namespace.name,
        "path": namespace.path,
        "kind": namespace.kind,
        "full_path": namespace.full_path,
        "parent_id": namespace.parent_id,
        "avatar_url": None,
        "web_url": f"{root}/groups/{namespace.full_path}"
        if namespace.is_group
        else f"{root}/{namespace.full_path}",
    }


def _long_name(namespace: Namespace) -> str:
    if namespace.parent_id is None:
        return namespace.name
    parts = namespace.full_path.split("/")
    above = ["/".join(parts[:depth]) for depth in range(1, len(parts))]
    found = here().database.rows(
        f"SELECT name FROM namespaces WHERE full_path IN ({','.join('?' * len(above))}) ORDER BY length(full_path)",
        above,
    )
    return " / ".join([*(row[0] for row in found), namespace.name])


def _tip_tree(project: Project) -> pygit2.Tree | None:
    try:
        repository = open_repository(here(), project.id)
    except RepositoryGone:
        return None
    commit = names.find_branch(repository, project.default_branch or DEFAULT_BRANCH)
    return None if commit is None else commit.tree


def _is_empty(project: Project) -> bool:
    try:
        return names.is_empty(open_repository(here(), project.id))
    except RepositoryGone:
        return True


def _readme_url(project: Project, web_url: str) -> str | None:
    tree = _tip_tree(project)
    if tree is None:
        return None
    present = next((name for name in READMES if name in tree), None)
    return (
        None
        if present is None
        else f"{web_url}/-/blob/{project.default_branch or DEFAULT_BRANCH}/{present}"
    )


def _rest(project: Project, batch: _Batch, rights: ProjectRights) -> dict[str, Any]:
    namespace = batch.namespaces[project.namespace_id]
    body: dict[str, Any] = {
        "_links": _links(project.id),
        "empty_repo": _is_empty(project),
        "archived": bool(project.archived),
        "creator_id": project.creator_id,
        "import_status": project.import_status,
        "open_issues_count": 0,
        "updated_at": project.updated_at,
        "description_html": ""
        if not project.description
        else f'<p dir="auto">{_escaped(project.description)}</p>',
        "shared_with_groups": shares_of(project.id),
        "marked_for_deletion_at": None,
        "marked_for_deletion_on": None,
        **project_settings(project.settings, administered=rights.can_administer),
    }
    if rights.user is not None and rights.user.admin:
        body["repository_storage"] = "default"
    if rights.can_administer:
        body["runners_token"] = None
    if not namespace.is_group and namespace.owner_id is not None:
        body["owner"] = _owner(namespace.owner_id)
    if project.forked_from_id is not None:
        body |= _fork_source(project.forked_from_id, rights.user)
    return body


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _owner(user_id: int) -> dict[str, Any] | None:
    found = find_user(here().database, user_id)
    return None if found is None else {**(basic_user(found) or {}), "created_at": found.created_at}


def _fork_source(source_id: int, user: User | None) -> dict[str, Any]:
    source = find_project(here().database, source_id)
    if source is None or not ProjectRights(here().database, user, source).can_see:
        return {}
    return {"forked_from_project": simple_project(source, user), "mr_default_target_self": False}


def _links(project_id: int) -> dict[str, str]:
    root = f"{here().external_url}/api/v4/projects/{project_id}"
    parts = ("issues", "merge_requests", "labels", "events", "members", "cluster_agents")
    return {
        "self": root,
        "repo_branches": f"{root}/repository/branches",
        **{name: f"{root}/{name}" for name in parts},
    }


def shares_of(project_id: int) -> list[dict[str, Any]]:
    """Return the groups that a project is shared with."""
    rows = here().database.rows(
        """SELECT g.id, g.name, g.full_path, s.group_access, s.expires_at FROM project_shares s
           JOIN namespaces g ON g.id = s.group_id WHERE s.project_id = ? ORDER BY s.id""",
        (project_id,),
    )
    keys = ("group_id", "group_name", "group_full_path", "group_access_level", "expires_at")
    return [dict(zip(keys, row, strict=True)) for row in rows]


def _permissions(direct: int, by_group: int) -> dict[str, Any]:
    return {"project_access": _access(direct), "group_access": _access(by_group)}


def _access(level: int) -> dict[str, int] | None:
    return {"access_level": level, "notification_level": 3} if level else None


def _statistics(project: Project) -> dict[str, int]:
    repository = open_repository(here(), project.id)
    commit = names.find_branch(repository, project.default_branch or DEFAULT_BRANCH)
    commits = sum(1 for _ in repository.walk(commit.id)) if commit is not None else 0
    size = _disk_bytes(here().repository_path(project.id).rglob("*"))
    others = (
        "wiki_size",
        "lfs_objects_size",
        "job_artifacts_size",
        "packages_size",
        "snippets_size",
        "uploads_size",
    )
    return {
        "commit_count": commits,
        "storage_size": size,
        "repository_size": size,
        "pipeline_artifacts_size": 0,
        "container_registry_size": 0,
        **dict.fromkeys(others, 0),
    }


def _disk_bytes(paths: Iterable[Any]) -> int:
    total = 0
    for path in paths:
        try:
            total += path.stat().st_size if path.is_file() else 0
        except FileNotFoundError:  # git replaces files while we look
            continue
    return total
