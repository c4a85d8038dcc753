"""What the verbs need from outside; adapters stand in `gitlab_bridge`, `storage_sites`, `ledger`.

The verb of a method tells its contract: `find_` may answer None, `read_` and `resolve_` raise
NotFound, `list_` answers a sequence, `check_` raises on what is invalid. Every method may raise
Unavailable within 15 seconds; those that act for an Actor may raise Unauthenticated and Forbidden.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from core.model.access import AccessLevel, Actor, Person, Secret
from core.model.content import Entry, Statistics, Text
from core.model.dataset import (
    Dataset,
    DatasetChanges,
    DatasetQuery,
    Namespace,
    NewDataset,
    Page,
)
from core.model.history import Commit, CommitOrder, Committed, Refs
from core.model.jobs import Job, JobState
from core.model.logins import Login
from core.model.names import DatasetId, FilePath, Md5, Ref, Revision, SiteId, UploadId
from core.model.storage import (
    BatchItem,
    ByteRange,
    Link,
    NewSite,
    ObjectFacts,
    OpenObject,
    Placement,
    SiteAddress,
    SiteChanges,
    SiteHealth,
    SiteKeys,
    SiteProject,
    SiteRecord,
    StoredObject,
)
from core.model.uploads import UploadFile, UploadSession, UploadState


class Directory(Protocol):
    """People, namespaces, datasets and sites as GitLab shows them to one caller."""

    def read_person(self, actor: Actor) -> Person:
        """Return the user behind the credential.

        Raises:  Unauthenticated, if nobody asks or GitLab refuses the token.
        """

    def check_may_write(self, actor: Actor) -> None:
        """Refuse a token that its owner made for reading, before bytes are taken with it.

        Raises:  Forbidden, with code `insufficient_scope`. Tokens whose scopes GitLab does not tell
                 pass: GitLab itself refuses what they may not do.
        """

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


class History(Protocol):
    """Revisions of datasets, read from mirrors and extended by commits."""

    def list_refs(self, actor: Actor, dataset_id: DatasetId) -> Refs:
        """Return branches and tags, at most 5 seconds old."""

    def resolve(
        self, actor: Actor, dataset_id: DatasetId, ref: Ref, *, fresh: bool = False
    ) -> Revision:
        """Return the commit that `ref` names: branch, then tag, then full or short commit id (≥ 7).

        Only commits that a branch or tag reaches, or that Labset kept, have names.
        Raises:  NotFound, with code `ref_not_found` (also in an empty repository).
        """

    def list_entries(
        self, dataset_id: DatasetId, revision: Revision, directory: FilePath | None
    ) -> Sequence[Entry]:
        """Return what lies directly in the folder (None: the root), folders first, by name.

        `.dvc` files appear as what they stand for; `.gitignore`, `.dvc/` and `.dvcignore` not at all.
        Raises:  NotFound, if there is no such folder.
        """

    def walk_entries(
        self, dataset_id: DatasetId, revision: Revision, directory: FilePath | None
    ) -> Sequence[Entry]:
        """Return all files (and packed folders) below the folder, by path."""

    def find_entry(self, dataset_id: DatasetId, revision: Revision, path: FilePath) -> Entry | None:
        """Return what lies at `path`; for a path inside a packed folder, that folder's entry."""

    def read_text(self, dataset_id: DatasetId, text: Text) -> bytes:
        """Return the bytes of a small text of git."""

    def statistics(self, dataset_id: DatasetId, revision: Revision) -> Statistics:
        """Count files and bytes of a revision (kept in memory per revision)."""

    def list_commits(
        self,
        dataset_id: DatasetId,
        revision: Revision,
        path: FilePath | None,
        page: int,
        per_page: int,
    ) -> Page[Commit]:
        """Return the history from `revision` backwards, newest first, of one path if given."""

    def last_changes(
        self, dataset_id: DatasetId, revision: Revision, paths: Sequence[FilePath]
    ) -> Mapping[FilePath, Commit]:
        """Return the newest commit that changed each path; looks back over a bounded history."""

    def walk_blobs(
        self, dataset_id: DatasetId, revision: Revision
    ) -> Iterator[tuple[str, int, bytes]]:
        """Yield (path, git mode, bytes) of git's own tree, pointers as the files they are."""

    def commit(self, actor: Actor, dataset_id: DatasetId, order: CommitOrder) -> Committed:
        """Make one commit and push it with the caller's token: one or none.

        Adds and replaces pointers (`.dvc` and `.gitignore` as `dvc add` leaves them) and texts,
        deletes files and folders. The branch is created where it does not exist. If it moved, the
        commit is rebuilt on the new tip; an order whose key is already in the history is answered
        with that commit. An order that changes nothing makes a commit of its own only for the binding.
        Raises:  Conflict with details path and commit, if another commit changed one of our paths
                 since `base`, or a file stands where a folder is needed; Forbidden, if GitLab
                 refuses the push.
        """


class Objects(Protocol):
    """Bytes on storage sites. Only ever under a placement; never overwritten by other bytes."""

    def missing(self, placement: Placement, wanted: Iterable[tuple[Md5, int | None]]) -> set[Md5]:
        """Return those whose bytes the site does not hold (another size counts as missing).

        Shape:   any number; asked in parallel, or by listing where that is cheaper.
        """

    def find_size(self, placement: Placement, md5: Md5, *, legacy: bool = False) -> int | None:
        """Return the object's size in bytes, or None if it is not there."""

    def find_sizes(self, placement: Placement, wanted: Sequence[Md5]) -> Mapping[Md5, int]:
        """Return the sizes in bytes of those that are there, asked in parallel."""

    def put(
        self,
        placement: Placement,
        chunks: Iterable[bytes],
        *,
        expected: Md5 | None = None,
        size_bytes: int | None = None,
    ) -> StoredObject:
        """Store a stream under its md5: hashed on the way, verified, then named.

        Small ones (≤ 8 MiB) in one request, larger ones by a staging key (recorded before it is
        created) and a server-side copy; flat memory.
        Raises:  Invalid with code `wrong_checksum` or `wrong_size`; nothing is left under a name.
        """

    def put_many(self, placement: Placement, items: Iterator[BatchItem]) -> Iterator[BatchResult]:
        """Store small files as they arrive, many at a time; yields one result each, any order."""

    def open(
        self,
        placement: Placement,
        md5: Md5,
        size_bytes: int | None,
        byte_range: ByteRange | None = None,
        *,
        legacy: bool = False,
    ) -> OpenObject:
        """Open verified bytes. `size_bytes` is what the pointer says.

        Raises:  DataMissing, if the site does not hold it; Damaged, also later by the chunks,
                 always before the last block is out.
        """

    def read(self, placement: Placement, md5: Md5, *, limit_bytes: int) -> bytes:
        """Return a whole verified object of at most `limit_bytes`."""

    def link_get(self, placement: Placement, md5: Md5, *, file_name: str) -> Link | None:
        """Return a link of ≤ 60 s to proven bytes, or None where the site cannot give one."""

    def links_put(self, placement: Placement, wanted: Sequence[Md5]) -> Mapping[Md5, Link] | None:
        """Return PUT links with a signed `Content-MD5` to the final keys, or None (see above)."""

    def write_marker(self, placement: Placement, marker: Mapping[str, object]) -> None:
        """Write `<prefix>/labset.json` once."""

    def read_markers(self, site: SiteRecord) -> Sequence[Mapping[str, object]]:
        """Return the markers of all placements on a site, each with its `prefix` (for reindex)."""

    def remove_marker(self, placement: Placement) -> None:
        """Remove the marker of a binding that did not come about."""

    def check(self, address: SiteAddress, keys: SiteKeys | None) -> SiteHealth:
        """Write, read, range, refuse a wrong checksum, copy, list and delete a probe, with timings.

        Raises nothing for a site that fails: its steps say what and why.
        """

    def check_address(self, address: SiteAddress) -> None:
        """Refuse an address that this installation does not allow, in words (Invalid, Forbidden)."""


@dataclass(frozen=True, slots=True)
class BatchResult:
    """How one file of a batch ended: `problem` is None where it is stored."""

    path: FilePath
    stored: StoredObject | None
    problem: str | None = None


class FactsRecords(Protocol):
    """What is known of objects. May forget in a crash: it can be found out again."""

    def find_facts(self, dataset_id: DatasetId, md5: Md5) -> ObjectFacts | None:
        """Return what is known of an object of this dataset."""

    def remember_facts(self, dataset_id: DatasetId, facts: Sequence[ObjectFacts]) -> None:
        """Keep facts; need not be on disk when it returns."""


class StagingRecords(Protocol):
    """Temporary objects, recorded before they are created, so that none is ever orphaned."""

    def record_staging(self, placement: Placement, key: str, multipart_id: str | None) -> None:
        """Note a temporary key (and multipart upload) that is about to exist."""

    def forget_staging(self, placement: Placement, key: str) -> None:
        """Note that it is gone."""

    def list_staging(self, older_than: datetime) -> Sequence[tuple[DatasetId, str, str | None]]:
        """Return temporary objects recorded before `older_than`: dataset, key, multipart id."""


class SiteRecords(Protocol):
    """Storage sites as the ledger knows them."""

    def find_site_record(self, site_id: SiteId) -> SiteRecord | None:
        """Return the site with its decrypted keys."""

    def list_site_records(self, site_ids: Sequence[SiteId] | None = None) -> Sequence[SiteRecord]:
        """Return the given sites that are known, or all."""

    def save_site_record(self, record: SiteRecord) -> None:
        """Insert or replace a site; its address is refused (Conflict) if a dataset is bound."""

    def save_site_health(self, site_id: SiteId, health: SiteHealth) -> None:
        """Keep the last check."""

    def delete_site_record(self, site_id: SiteId) -> None:
        """Forget a site. Raises: Conflict, while a dataset is bound to it."""


@dataclass(frozen=True, slots=True)
class Binding:
    """A reservation or binding of a dataset to a placement. `order_key` names its commit."""

    placement: Placement
    order_key: str
    bound: bool
    token: Secret | None = None


class BindingRecords(Protocol):
    """Which dataset lies where: at most one row per dataset, for ever."""

    def find_placement(self, dataset_id: DatasetId) -> Placement | None:
        """Return where a bound dataset lies (kept in memory: it never changes once bound)."""

    def list_placements(self, dataset_ids: Sequence[DatasetId]) -> Mapping[DatasetId, Placement]:
        """Return the placements of those that are bound."""

    def list_bound_to(self, site_id: SiteId) -> Sequence[DatasetId]:
        """Return the datasets that are bound to the site, or reserve it."""

    def reserve_binding(self, binding: Binding, lease_until: datetime) -> None:
        """Take the one place. Raises: Conflict (code `already_bound`), if it is taken."""

    def confirm_binding(self, dataset_id: DatasetId) -> None:
        """Make a reservation final and drop its token."""

    def release_binding(self, dataset_id: DatasetId) -> None:
        """Give up a reservation whose commit did not come about; a bound one is left alone."""

    def claim_stale_bindings(self, now: datetime, lease_until: datetime) -> Sequence[Binding]:
        """Return reservations whose lease ran out, leased anew to the caller."""

    def restore_binding(self, placement: Placement) -> None:
        """Insert a binding found on a site (`make reindex`)."""


class UploadRecords(Protocol):
    """Upload sessions and their files; every method is one transaction."""

    def create_upload(self, session: UploadSession, files: Sequence[UploadFile]) -> None:
        """Keep a new session."""

    def find_upload(self, dataset_id: DatasetId, upload_id: UploadId) -> UploadSession | None:
        """Return a session of that dataset."""

    def find_upload_file(self, upload_id: UploadId, path: FilePath) -> UploadFile | None:
        """Return one announced file (without its text)."""

    def list_upload_files(self, upload_id: UploadId) -> Sequence[UploadFile]:
        """Return all files by path, texts included."""

    def mark_received(self, upload_id: UploadId, files: Sequence[UploadFile]) -> None:
        """Note files whose bytes are stored (with text, where it belongs in git).

        Moves `open` to `receiving`. Raises: Conflict, if the session no longer receives.
        """

    def begin_commit(
        self, upload_id: UploadId, now: datetime, lease_until: datetime
    ) -> UploadSession | None:
        """Move `open`, `receiving`, `unknown` (or `committing` with a dead lease) to `committing`.

        Returns None where another holds the lease or the session has ended.
        """

    def end_upload(
        self,
        upload_id: UploadId,
        state: UploadState,
        *,
        revision: Revision | None = None,
        reason: str | None = None,
    ) -> None:
        """Record the outcome; ended states drop token and texts; `receiving` reopens."""

    def release_commit(self, upload_id: UploadId) -> None:
        """Drop the lease of a commit whose outcome is not known: whoever comes next settles it."""

    def list_stale_uploads(self, now: datetime) -> Sequence[tuple[DatasetId, UploadId]]:
        """Return `committing` sessions with a dead lease, and open ones that have expired."""


class JobRecords(Protocol):
    """Long work."""

    def create_job(self, job: Job) -> None:
        """Keep a new job."""

    def find_job(self, job_id: str) -> Job | None:
        """Return a job."""

    def claim_job(self, job_id: str, now: datetime, lease_until: datetime) -> Job | None:
        """Take a queued job, or a running one with a dead lease; None if there is nothing to do."""

    def save_progress(
        self, job_id: str, *, done: int, total: int, message: str, lease_until: datetime
    ) -> None:
        """Keep how far it is, and the lease alive."""

    def end_job(
        self,
        job_id: str,
        state: JobState,
        *,
        message: str,
        result: Mapping[str, object],
    ) -> None:
        """Record the outcome."""

    def list_waiting_jobs(self, now: datetime) -> Sequence[Job]:
        """Return what is queued or has a dead lease."""


class LoginRecords(Protocol):
    """Log-in sessions of browsers; tokens and names are kept encrypted, ids as their sha256."""

    def create_login(self, login: Login) -> None:
        """Keep a new log-in."""

    def find_login(self, login_id: Secret, now: datetime) -> Login | None:
        """Return a log-in that was seen within the last 14 days."""

    def touch_login(self, login: Login, now: datetime) -> None:
        """Note that the person was here; written at most every 5 minutes."""

    def claim_refresh(self, login: Login, now: datetime, lease_until: datetime) -> bool:
        """Take the one right to refresh the tokens of this generation, across processes.

        False where another is at it, has done it or the log-in is gone: look again (`find_login`).
        """

    def replace_tokens(
        self, login: Login, access: Secret, refresh: Secret | None, expires_at: datetime | None
    ) -> bool:
        """Keep refreshed tokens as the next generation and end the claim.

        False where the log-in is gone or of another generation: nothing was kept.
        """

    def release_refresh(self, login: Login) -> None:
        """End a claim that brought no tokens (GitLab did not answer)."""

    def delete_login(self, login_id: Secret) -> None:
        """Log out, at once and everywhere."""

    def sweep_logins(self, now: datetime) -> int:
        """Forget log-ins that were not seen for 14 days; return how many."""


class Clock(Protocol):
    """What time it is."""

    def now(self) -> datetime:
        """Return the time in UTC, with its zone."""

    def sleep(self, seconds: float) -> None:
        """Let some time pass."""


@dataclass(frozen=True, slots=True)
class Platform:
    """Everything that the verbs reach, put together in `app/wiring.py`."""

    directory: Directory
    history: History
    objects: Objects
    sites: SiteRecords
    bindings: BindingRecords
    uploads: UploadRecords
    jobs: JobRecords
    staging: StagingRecords
    clock: Clock
    dvc_base_url: str
