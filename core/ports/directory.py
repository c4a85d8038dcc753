"""People, namespaces, datasets and sites as GitLab shows them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from core.model.access import AccessLevel, Actor, Person, TokenFacts
from core.model.dataset import Dataset, DatasetChanges, DatasetQuery, Namespace, NewDataset, Page
from core.model.names import DatasetId, Ref, Revision, SiteId
from core.model.storage import NewSite, SiteAddress, SiteChanges, SiteProject


class Directory(Protocol):
    """People, namespaces, datasets and sites as GitLab shows them to one caller."""

    def read_person(self, actor: Actor, *, fresh: bool = False) -> Person:
        """Return the user behind the credential.

        `fresh` asks GitLab now; otherwise an answer of at most 5 seconds' age serves.
        Raises:  Unauthenticated, if nobody asks or GitLab refuses the token.
        """

    def check_may_write(self, actor: Actor) -> None:
        """Refuse a token that its owner made for reading, before bytes are taken with it.

        Raises:  Forbidden, with code `insufficient_scope`. Tokens whose scopes GitLab does not tell
                 pass: GitLab itself refuses what they may not do.
        """

    def find_token(self, actor: Actor) -> TokenFacts | None:
        """Return what GitLab tells of the caller's token; None of those of which it tells nothing."""

    def list_namespaces(self, actor: Actor) -> Sequence[Namespace]:
        """Return where the caller may create projects: the own one first, then groups by path."""

    def find_dataset(
        self, actor: Actor, dataset_id: DatasetId, *, at_least: AccessLevel, fresh: bool
    ) -> Dataset | None:
        """Return the dataset with the caller's effective role, or None where GitLab shows nothing.

        `at_least` is what the caller will need: only if the project's own answer says less, the
        bridge asks GitLab for inherited and shared roles too. `fresh` asks GitLab now; otherwise an
        answer of at most 5 seconds' age serves (single flight, refreshed ahead of time).
        """

    def find_dataset_id(self, actor: Actor, full_path: str) -> DatasetId | None:
        """Return the id of the project at `full_path` (`group/name`), None where GitLab shows none.

        A name is no permission: the dataset itself is asked for by its id. At most 5 seconds old.
        """

    def list_datasets(self, actor: Actor, query: DatasetQuery) -> Page[Dataset]:
        """Return the datasets that the caller may see."""

    def create_dataset(self, actor: Actor, new: NewDataset) -> Dataset:
        """Create the project with our topics, `main` protected for Developers before any commit.

        Raises:  Invalid (name taken, namespace unknown or not writable, visibility above the
                 namespace's), Forbidden. Nothing stays half made.
        """

    def change_dataset(
        self, actor: Actor, dataset_id: DatasetId, changes: DatasetChanges
    ) -> Dataset:
        """Change what is asked; topics that are neither ours nor tags of ours stay."""

    def delete_dataset(self, actor: Actor, dataset_id: DatasetId) -> None:
        """Delete the project (GitLab may only mark it)."""

    def list_granters(self, actor: Actor, project: DatasetId | SiteId) -> Sequence[str]:
        """Return user names of Maintainers and Owners, as far as the caller may know them."""

    def find_site(self, actor: Actor, site_id: SiteId, *, fresh: bool) -> SiteProject | None:
        """Return the site's project with the caller's role, or None (cached like datasets)."""

    def list_sites(self, actor: Actor, search: str, tags: Sequence[str]) -> Sequence[SiteProject]:
        """Return all sites that the caller may see, by name."""

    def create_site(self, actor: Actor, new: NewSite) -> SiteProject:
        """Create the project with our topic and a committed `site.yaml` without secrets."""

    def change_site(self, actor: Actor, site_id: SiteId, changes: SiteChanges) -> SiteProject:
        """Change the project's facts and its `site.yaml`."""

    def delete_site(self, actor: Actor, site_id: SiteId) -> None:
        """Delete the site's project."""

    def find_site_address(self, actor: Actor, site_id: SiteId) -> SiteAddress | None:
        """Return what `site.yaml` says now, to show drift; None if it cannot be read."""

    def create_tag(
        self,
        actor: Actor,
        dataset_id: DatasetId,
        name: Ref,
        revision: Revision,
        message: str,
    ) -> None:
        """Make an annotated tag (a light one without message).

        Raises:  Conflict, if it exists; Forbidden, if the role is too low.
        """

    def check_answers(self) -> float:
        """Return how long GitLab took to answer, in seconds; Unavailable if it did not."""
