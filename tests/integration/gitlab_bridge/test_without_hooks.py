"""A GitLab that tells nothing: no hook ever comes, and what people and editors write is read as it is."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from core.errors import Unavailable
from core.model.access import AccessLevel, Actor, Secret, Visibility
from core.model.content import Pointer
from core.model.names import DatasetId, FilePath, Md5, Ref, Revision
from core.model.storage import NewSite, SiteAddress, SiteKind
from gitlab_bridge.directory import GitLabDirectory
from gitlab_bridge.history import GitHistory
from tests.integration.git.forge import Forge, Project, order, pointer, pointer_text, put
from tests.integration.gitlab_bridge.conftest import RealClock, World
from tests.integration.gitlab_bridge.faulty import Step, faulty_gitlab
from tests.servers import GitLabServer

FRESH_SECONDS = 5.0
ROOM_SECONDS = 3.0  # for a busy machine


@pytest.fixture(scope="module")
def forge(world: World) -> Forge:
    assert world.root.token is not None
    return Forge(GitLabServer(world.url, world.root.token.reveal()))


@pytest.fixture
def history(forge: Forge, tmp_path: Path) -> GitHistory:
    return forge.history(tmp_path / "mirrors")


@pytest.fixture
def project(forge: Forge, tmp_path: Path) -> Project:
    made = forge.project()
    made.clone_into(tmp_path / "clone")
    return made


def soon(holds: Callable[[], bool]) -> None:
    limit = time.monotonic() + FRESH_SECONDS + ROOM_SECONDS
    while not holds():
        assert time.monotonic() < limit, "not seen within five seconds"
        time.sleep(0.1)


# ---- no hooks -------------------------------------------------------------------------------


def test_a_push_of_many_branches_and_tags_is_seen_without_a_hook(
    forge: Forge, history: GitHistory, project: Project
) -> None:
    first = project.push({"a.txt": b"1"})
    assert history.resolve(forge.root, project.id, Ref("main")) == first
    assert len(history.list_refs(forge.root, project.id).branches) == 1
    project.git("commit", "--quiet", "--allow-empty", "-m", "second")
    second = Revision(project.git("rev-parse", "HEAD"))
    names = [f"b{number}" for number in range(5)]
    for name in names:
        project.git("tag", f"v-{name}")
    refs = [f"HEAD:refs/heads/{name}" for name in ("main", *names)]
    project.git("push", "--quiet", "--tags", "origin", *refs)

    def all_seen() -> bool:
        refs = history.list_refs(forge.root, project.id)
        return len(refs.branches) == 6 and len(refs.tags) == 5

    assert history.resolve(forge.root, project.id, Ref("b4")) == second  # a new name: at once
    soon(all_seen)
    assert history.resolve(forge.root, project.id, Ref("main")) == second
    project.git("push", "--quiet", "origin", *(f":refs/heads/{name}" for name in names))
    soon(lambda: len(history.list_refs(forge.root, project.id).branches) == 1)


def test_a_forced_push_is_seen_and_what_was_public_stays(
    forge: Forge, history: GitHistory, project: Project
) -> None:
    project.push({"a.txt": b"1"})
    lost = project.push({"a.txt": b"2"}, branch="draft")
    assert history.resolve(forge.root, project.id, Ref("draft")) == lost
    project.git("reset", "--quiet", "--hard", "HEAD~1")
    project.git("push", "--quiet", "--force", "origin", "HEAD:refs/heads/draft")
    soon(lambda: history.resolve(forge.root, project.id, Ref("draft")) != lost)
    assert history.resolve(forge.root, project.id, Ref(lost.sha)) == lost


def test_a_change_in_gitlab_itself_is_seen_without_a_hook(world: World) -> None:
    directory, alice, bob = world.directory(), world.user(), world.user()
    made = world.dataset(alice, visibility=Visibility.PUBLIC)

    def seen() -> bool:
        found = directory.find_dataset(
            bob.actor, made.id, at_least=AccessLevel.REPORTER, fresh=False
        )
        return found is not None

    assert seen()
    world.admin.projects.update(made.id.number, {"visibility": "private"})
    soon(lambda: not seen())
    world.join(made.id, bob, AccessLevel.REPORTER)
    soon(seen)


# ---- lines that end as on Windows -----------------------------------------------------------


def commit_text(forge: Forge, project: Project, files: dict[str, bytes]) -> Revision:
    """Commit as an editor in GitLab's pages does."""
    actions = [
        {"action": "create", "file_path": path, "content": data.decode()}
        for path, data in files.items()
    ]
    body = {"branch": "main", "commit_message": "in the browser", "actions": actions}
    made = forge.api("POST", f"/projects/{project.id}/repository/commits", **body)
    return Revision(made["id"])


def windows(text: bytes) -> bytes:
    return text.replace(b"\n", b"\r\n")


def test_pointers_with_windows_line_ends_are_read_replaced_and_deleted(
    forge: Forge, history: GitHistory, project: Project
) -> None:
    files = {
        "a.jpg.dvc": windows(pointer_text("a.jpg", 7)),
        "d/b.jpg.dvc": windows(pointer_text("b.jpg", 9)),
        ".gitignore": b"/a.jpg\r\n/other\r\n",
        ".dvc/config": b"[core]\r\n    remote = labset\r\n",
    }
    tip = commit_text(forge, project, files)
    assert history.resolve(forge.root, project.id, Ref("main")) == tip
    entries = history.walk_entries(project.id, tip, None)
    assert [(entry.path.text, entry.content) for entry in entries] == [
        ("a.jpg", Pointer(Md5("a" + f"{7:031x}"), 7)),
        ("d/b.jpg", Pointer(Md5("a" + f"{9:031x}"), 9)),
    ]
    same = put("a.jpg", Pointer(Md5("a" + f"{7:031x}"), 7))
    assert history.commit(forge.root, project.id, order(same, base=tip)).revision == tip
    new = order(put("a.jpg", pointer(5)), put("c.jpg", pointer(6)), base=tip)
    after = history.commit(forge.root, project.id, new).revision
    found = history.find_entry(project.id, after, FilePath("a.jpg"))
    assert found is not None
    assert found.content == pointer(5)
    texts = {path: data for path, _, data in history.walk_blobs(project.id, after)}
    assert texts[".gitignore"] == b"/a.jpg\r\n/other\r\n/c.jpg\n"
    assert texts[".dvc/config"] == files[".dvc/config"]
    assert texts["d/b.jpg.dvc"] == files["d/b.jpg.dvc"]
    assert b"\r" not in texts["a.jpg.dvc"]
    gone = order(put("a.jpg", None), put("c.jpg", None), base=after)
    last = history.commit(forge.root, project.id, gone).revision
    texts = {path: data for path, _, data in history.walk_blobs(project.id, last)}
    assert texts[".gitignore"] == b"/other\r\n"
    assert set(texts) == {".gitignore", ".dvc/config", "d/b.jpg.dvc"}


def test_what_is_noted_in_a_pointer_with_windows_line_ends_is_kept(
    forge: Forge, history: GitHistory, project: Project
) -> None:
    noted = pointer_text("a.jpg", 7) + b"desc: seam 41\n"
    tip = commit_text(forge, project, {"a.jpg.dvc": windows(noted)})
    after = history.commit(forge.root, project.id, order(put("a.jpg", pointer(5)), base=tip))
    texts = {path: data for path, _, data in history.walk_blobs(project.id, after.revision)}
    assert b"desc: seam 41\n" in texts["a.jpg.dvc"]


def test_a_site_file_with_windows_line_ends_says_where_the_site_is(
    world: World, directory: GitLabDirectory
) -> None:
    alice = world.user()
    address = SiteAddress(SiteKind.S3, "s3://bucket/prefix", "http://127.0.0.1:9000", region="eu")
    new = NewSite("site", alice.name, "", Visibility.PRIVATE, (), address, None)
    made = directory.create_site(alice.actor, new)
    file = world.project(made.id).files.get("site.yaml", ref="main")
    file.content = windows(file.decode()).decode()
    file.save(branch="main", commit_message="edited on Windows")
    assert world.project(made.id).files.raw("site.yaml", ref="main").count(b"\r\n") > 2
    assert directory.find_site(alice.actor, made.id, fresh=True)
    assert directory.find_site_address(alice.actor, made.id) == address


# ---- git that asks for a pause --------------------------------------------------------------


@pytest.mark.parametrize("status", (429, 503))
@pytest.mark.parametrize(
    ("header", "told"),
    (("17", {17}), ("0", {5}), (None, {5}), ("²", {5}), ("99999999", {3600}), ("date", {59, 60})),
)
def test_a_pause_that_gitlab_asks_of_git_is_passed_on(
    tmp_path: Path, status: int, header: str | None, told: set[int]
) -> None:
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    text = later if header == "date" else header
    headers = {} if text is None else {"Retry-After": text}
    with faulty_gitlab() as gitlab:
        gitlab.otherwise = Step(status, b"Retry later", headers)
        history = GitHistory(
            tmp_path, RealClock(), locate=lambda *_: f"{gitlab.url}/lab/steady.git"
        )
        with pytest.raises(Unavailable) as caught:
            history.resolve(Actor(Secret("glpat-canary")), DatasetId(7), Ref("main"))
    assert caught.value.retry_after_seconds in told
