"""The port `Directory`: people, namespaces, datasets and sites as GitLab shows them to one caller."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from urllib.parse import quote

from core.errors import Forbidden, Invalid, NotFound, Unauthenticated, Unavailable
from core.model.access import AccessLevel, Actor, Person, Secret, TokenFacts, Visibility
from core.model.dataset import (
    DATASET_TOPIC,
    Dataset,
    DatasetChanges,
    DatasetQuery,
    Namespace,
    NewDataset,
    Page,
)
from core.model.names import DatasetId, Ref, Revision, SiteId
from core.model.storage import NewSite, SiteAddress, SiteChanges, SiteProject
from core.ports import Clock
from gitlab_bridge import creation, listing, members, namespaces, sites
from gitlab_bridge.client import Client, GitLabServer
from gitlab_bridge.errors import scopes_too_narrow
from gitlab_bridge.fields import number_in, text_in
from gitlab_bridge.freshness import Fresh
from gitlab_bridge.projects import (
    Project,
    changed_topics,
    find_visibility,
    is_filling,
    is_leaving,
    new_topics,
    parse_person,
    parse_project,
    parse_token,
)
from gitlab_bridge.recent import Recent
from gitlab_bridge.site_file import check_without_secrets
from gitlab_bridge.tagging import create_tag

_Key = tuple[Actor, int]
_MAX_BRANCHES = 1_000
MAX_TOKENS = 10_000
_WRITING_SCOPES = frozenset({"api", "write_repository"})
_GROUP_SECONDS = 30.0  # a group's visibility is shown, GitLab itself keeps the rule


class GitLabDirectory:
    """GitLab through its API, with the caller's own credential.

    Answers about people, projects and roles are kept for at most 5 seconds by (credential,
    project). `service_token` only names whom to ask where the caller may not see the members.
    """

    def __init__(self, url: str, *, service_token: Secret | None, clock: Clock) -> None:
        self._server = GitLabServer(url, clock.sleep)
        self._service = Actor(service_token) if service_token else None
        self._people: Fresh[Actor, Person] = Fresh(self._load_person)
        self._projects: Fresh[_Key, Project | None] = Fresh(self._load_project)
        self._levels: Fresh[_Key, AccessLevel] = Fresh(self._load_level)
        self._granters: Fresh[_Key, tuple[str, ...] | None] = Fresh(self._load_granters)
        self._groups: Fresh[_Key, Visibility | None] = Fresh(
            self._load_group, max_age_seconds=_GROUP_SECONDS, refresh_after_seconds=_GROUP_SECONDS
        )
        self._numbers: Fresh[tuple[Actor, str], int | None] = Fresh(self._load_number)
        self._tokens: Recent[Actor, TokenFacts | None] = Recent(MAX_TOKENS)
        self._protected: Fresh[_Key, frozenset[str]] = Fresh(self._load_protected)

    # ---- people and places ----------------------------------------------------------------------

    def read_person(self, actor: Actor, *, fresh: bool = False) -> Person:
        """Return the user behind the credential, as GitLab said within the last 5 seconds."""
        if actor.is_anonymous:
            raise Unauthenticated("Sign in, or send a GitLab token.")
        return self._people.load_now(actor) if fresh else self._people.get(actor)

    def check_may_write(self, actor: Actor) -> None:
        """Refuse a token that is for reading only, as far as GitLab tells its scopes.

        Source:  `GET /personal_access_tokens/self`; the scopes of a token never change.
        """
        token = self.find_token(actor)
        if token is not None and not token.scopes & _WRITING_SCOPES:
            raise scopes_too_narrow()

    def find_token(self, actor: Actor) -> TokenFacts | None:
        """Return what GitLab tells of a personal, project or group token."""
        return self._tokens.get(actor, partial(self._load_token, actor))

    def list_namespaces(self, actor: Actor) -> Sequence[Namespace]:
        """Return where the caller may create projects: the own one first, then groups by path."""
        return namespaces.list_namespaces(self._client(actor))

    def list_granters(self, actor: Actor, project: DatasetId | SiteId) -> Sequence[str]:
        """Return Maintainers and Owners, owners first; empty for nobody, and where not shown."""
        if actor.is_anonymous:
            return ()
        found = self._granters.get((actor, project.number))
        if found is None and self._service is not None:
            found = self._granters.get((self._service, project.number))
        return found or ()

    # ---- datasets -------------------------------------------------------------------------------

    def find_dataset(
        self, actor: Actor, dataset_id: DatasetId, *, at_least: AccessLevel, fresh: bool
    ) -> Dataset | None:
        """Return the dataset with the caller's role, or None where GitLab shows nothing."""
        key = (actor, dataset_id.number)
        project = self._projects.load_now(key) if fresh else self._projects.get(key)
        if project is None:
            return None
        return project.dataset_at(self._level(key, project, at_least, fresh=fresh))

    def find_dataset_id(self, actor: Actor, full_path: str) -> DatasetId | None:
        """Return the id of the project at that path, as GitLab said within the last 5 seconds."""
        number = self._numbers.get((actor, full_path))
        return None if number is None else DatasetId(number)

    def list_datasets(self, actor: Actor, query: DatasetQuery) -> Page[Dataset]:
        """Return one page; `listing` says what the scopes mean."""
        person = None if actor.is_anonymous else self.read_person(actor)
        page = listing.list_datasets(self._client(actor), query, person)
        items = (replace(item, namespace=self._told(actor, item.namespace)) for item in page.items)
        return replace(page, items=tuple(items))

    def create_dataset(self, actor: Actor, new: NewDataset) -> Dataset:
        """Create the project and open `main` to Developers, or leave nothing behind."""
        client = self._client(actor, creation.CREATE_SECONDS)
        namespace = namespaces.resolve_namespace(client, new.namespace)
        namespaces.check_visibility(namespace, new.visibility)
        topics = new_topics(DATASET_TOPIC, new.tags, new.kind)
        plan = creation.ProjectPlan(new.name, namespace, new.description, new.visibility, topics)
        number = creation.create_project(client, plan)
        with creation.removed_on_failure(self._cleaner(actor), number):
            creation.protect_default_branch(client, number, AccessLevel.DEVELOPER)
            made = _read(client, number)
        self.forget_project(number)
        return made.dataset

    def change_dataset(
        self, actor: Actor, dataset_id: DatasetId, changes: DatasetChanges
    ) -> Dataset:
        """Change what is asked, with the topics of the project as they are now."""
        number = dataset_id.number
        before = self._read_now(actor, number)
        body: dict[str, object] = {}
        if changes.tags is not None or changes.kind is not None:
            body["topics"] = changed_topics(before.topics, tags=changes.tags, kind=changes.kind)
        if changes.name is not None:
            body["name"] = changes.name
        if changes.description is not None:
            body["description"] = changes.description
        if changes.visibility is not None:
            body["visibility"] = changes.visibility.value
        after = self._change(actor, before, body)
        return after.dataset_at(self._level((actor, number), after, AccessLevel.OWNER, fresh=False))

    def delete_dataset(self, actor: Actor, dataset_id: DatasetId) -> None:
        """Delete the project; one that GitLab only marks is gone for us at once."""
        self._delete(actor, dataset_id.number, f"the dataset {dataset_id}")

    def create_tag(
        self, actor: Actor, dataset_id: DatasetId, name: Ref, revision: Revision, message: str
    ) -> None:
        """Make an annotated tag (a light one without message)."""
        create_tag(self._client(actor), dataset_id, name, revision, message)

    # ---- storage sites --------------------------------------------------------------------------

    def find_site(self, actor: Actor, site_id: SiteId, *, fresh: bool) -> SiteProject | None:
        """Return the site's project with the caller's role, or None.

        That it carries our topic is not asked: the ledger says what is a site, and nobody's bytes
        become unreachable because somebody edits topics.
        """
        key = (actor, site_id.number)
        project = self._projects.load_now(key) if fresh else self._projects.get(key)
        if project is None:
            return None
        ask_now = fresh and project.level < AccessLevel.DEVELOPER  # who writes is asked once
        return project.site_at(self._level(key, project, AccessLevel.OWNER, fresh=ask_now))

    def list_sites(self, actor: Actor, search: str, tags: Sequence[str]) -> Sequence[SiteProject]:
        """Return all sites that the caller may see, by name."""
        client = self._client(actor)
        return listing.list_sites(client, search, tags, anonymous=actor.is_anonymous)

    def create_site(self, actor: Actor, new: NewSite) -> SiteProject:
        """Create the project with our topic and a committed `site.yaml` without secrets."""
        client = self._client(actor, creation.CREATE_SECONDS)
        cleaner = self._cleaner(actor)
        number = sites.create_site(client, cleaner, new)
        with creation.removed_on_failure(cleaner, number):
            made = _read(client, number)
        self.forget_project(number)
        return made.site

    def change_site(self, actor: Actor, site_id: SiteId, changes: SiteChanges) -> SiteProject:
        """Change the project's facts, then its `site.yaml`."""
        if changes.address is not None:
            check_without_secrets(changes.address)
        number = site_id.number
        facts = DatasetChanges(changes.name, changes.description, changes.visibility, changes.tags)
        dataset = self.change_dataset(actor, DatasetId(number), facts)
        sites.rewrite_site_file(
            self._client(actor), number, dataset.default_branch, name=dataset.name, changes=changes
        )
        site = self.find_site(actor, site_id, fresh=True)
        if site is None:
            raise _no_project(number)
        return site

    def delete_site(self, actor: Actor, site_id: SiteId) -> None:
        """Delete the site's project."""
        self._delete(actor, site_id.number, f"the storage site {site_id}")

    def find_site_address(self, actor: Actor, site_id: SiteId) -> SiteAddress | None:
        """Return what `site.yaml` says now; None if it cannot be read."""
        project = self._projects.get((actor, site_id.number))
        if project is None or not project.dataset.readable:
            return None
        branch = project.dataset.default_branch
        return sites.find_address(self._client(actor), site_id.number, branch)

    # ---- the rest -------------------------------------------------------------------------------

    def check_answers(self) -> float:
        """Return how long GitLab took to answer, in seconds."""
        return self._server.ping()

    def list_protected_branches(self, actor: Actor, dataset_id: DatasetId) -> frozenset[str]:
        """Return the names of branches that GitLab protects."""
        return self._protected.get((actor, dataset_id.number))

    def forget_project(self, number: int) -> None:
        """Drop what is known of a project: a hook told of a change."""
        for cache in (self._projects, self._levels, self._granters, self._protected):
            cache.forget_where(partial(_is_about, number))

    def _client(self, actor: Actor, seconds: float | None = None) -> Client:
        return self._server.client(actor.token, *(() if seconds is None else (seconds,)))

    def _cleaner(self, actor: Actor) -> partial[Client]:
        return partial(self._client, actor, creation.CLEAN_UP_SECONDS)

    def _level(
        self, key: _Key, project: Project, at_least: AccessLevel, *, fresh: bool
    ) -> AccessLevel:
        if project.level >= at_least or key[0].is_anonymous:
            return project.level
        full = self._levels.load_now(key) if fresh else self._levels.get(key)
        return max(project.level, full)

    def _change(self, actor: Actor, before: Project, body: dict[str, object]) -> Project:
        dataset = before.dataset
        client = self._client(actor)
        wanted = body.get("visibility")
        if isinstance(wanted, str) and wanted != dataset.visibility.value:
            namespaces.check_room(client, dataset.namespace, Visibility(wanted))
        if not body:
            return before
        name = str(body.get("name", dataset.name))
        try:
            with creation.refusals_in_words(name, dataset.namespace.full_path):
                client.change(f"/projects/{dataset.id}", f"the project {dataset.id}", body)
        finally:  # also where the answer was lost: it may have been done
            self.forget_project(dataset.id.number)
        return self._read_now(actor, dataset.id.number)

    def _delete(self, actor: Actor, number: int, subject: str) -> None:
        try:
            self._client(actor).delete(f"/projects/{number}", subject)
        except Invalid:  # also what was marked for deletion before, and is gone for us
            if self._projects.load_now((actor, number)) is not None:
                raise
        finally:
            self.forget_project(number)

    def _read_now(self, actor: Actor, number: int) -> Project:
        project = self._projects.load_now((actor, number))
        if project is None:
            raise _no_project(number)
        return project

    def _load_token(self, actor: Actor) -> TokenFacts | None:
        """Return the token's facts; None where GitLab has none to tell (OAuth, job tokens)."""
        if actor.is_anonymous:
            return None
        try:
            told = self._client(actor).read("/personal_access_tokens/self", "your token")
        except (Invalid, NotFound, Forbidden, Unauthenticated):
            return None  # 400: no personal token, but OAuth's
        return parse_token(told)

    def _load_number(self, key: tuple[Actor, str]) -> int | None:
        actor, full_path = key
        subject = f"the project {full_path}"
        found = self._client(actor).find(f"/projects/{quote(full_path, safe='')}", subject)
        return None if found is None or is_leaving(found) else number_in(found, "id")

    def _load_person(self, actor: Actor) -> Person:
        return parse_person(self._client(actor).read("/user", "you"))

    def _load_project(self, key: _Key) -> Project | None:
        actor, number = key
        payload = self._client(actor).find(f"/projects/{number}", f"the project {number}")
        if payload is None:
            return None
        if is_filling(payload):
            raise Unavailable(
                "GitLab is still copying the files of this project (a fork or an import); "
                "try again in a moment."
            )
        project = parse_project(payload, anonymous=actor.is_anonymous)
        return project and project.with_namespace(self._told(actor, project.dataset.namespace))

    def _told(self, actor: Actor, namespace: Namespace) -> Namespace:
        """Return the namespace with its own visibility, which a project's answer does not tell."""
        if namespace.kind == "user" or not namespace.id:
            return namespace
        visibility = self._groups.get((actor, namespace.id))
        return namespace if visibility is None else replace(namespace, visibility=visibility)

    def _load_group(self, key: _Key) -> Visibility | None:
        actor, number = key
        query = {"with_projects": "false"}
        found = self._client(actor).find(f"/groups/{number}", f"the group {number}", query)
        return find_visibility(found) if found else None

    def _load_level(self, key: _Key) -> AccessLevel:
        actor, number = key
        return members.read_full_level(self._client(actor), number, self.read_person(actor))

    def _load_granters(self, key: _Key) -> tuple[str, ...] | None:
        actor, number = key
        return members.list_granters(self._client(actor), number)

    def _load_protected(self, key: _Key) -> frozenset[str]:
        actor, number = key
        subject = f"the branches of {number}"
        path = f"/projects/{number}/repository/branches"
        rows, _ = self._client(actor).walk(path, subject, {}, max_rows=_MAX_BRANCHES)
        return frozenset(text_in(row, "name") for row in rows if row.get("protected") is not False)


def _is_about(number: int, key: _Key) -> bool:
    return key[1] == number


def _read(client: Client, number: int) -> Project:
    project = parse_project(client.read(f"/projects/{number}", f"the project {number}"))
    if project is None:
        raise _no_project(number)
    return project


def _no_project(number: int) -> NotFound:
    return NotFound(f"There is no project {number} in GitLab, or you may not see it.")
