from __future__ import annotations

import shutil
import subprocess
import time
from pathlib import Path

import pytest

from core.errors import Forbidden, LabsetError, NotFound, Unauthenticated
from core.model.access import ANONYMOUS, Actor, Secret
from core.model.names import FilePath, Ref
from gitlab_bridge.history import GitHistory
from tests.integration.git.forge import Forge, Project, order, put


def _mirror(tmp_path: Path, project: Project) -> Path:
    return tmp_path / "mirrors" / f"{project.id}.git"


def test_a_fresh_tag_is_found_in_under_a_second(
    forge: Forge, history: GitHistory, project: Project
) -> None:
    tip = project.push({"a.txt": b"x"})
    history.resolve(forge.root, project.id, Ref("main"))
    project.git("tag", "-a", "v1", "-m", "first release")
    project.git("tag", "light")
    project.git("push", "--quiet", "--tags")
    began = time.monotonic()
    assert history.resolve(forge.root, project.id, Ref("v1")) == tip
    assert time.monotonic() - began < 1
    tags = {tag.name: tag for tag in history.list_refs(forge.root, project.id).tags}
    assert tags["v1"].message == "first release"
    assert tags["v1"].released_at is not None
    assert (tags["light"].revision, tags["light"].released_at) == (tip, None)


def test_a_moved_branch_is_seen_within_five_seconds(
    forge: Forge, history: GitHistory, project: Project
) -> None:
    project.push({"a.txt": b"1"})
    history.resolve(forge.root, project.id, Ref("main"))
    tip = project.push({"a.txt": b"2"})
    pushed = time.monotonic()
    while history.resolve(forge.root, project.id, Ref("main")) != tip:
        assert time.monotonic() - pushed < 5.2
        time.sleep(0.05)


def test_a_hook_shortens_the_wait_in_every_process(
    forge: Forge, history: GitHistory, project: Project, tmp_path: Path
) -> None:
    history.forget(project.id)  # also before anybody has looked
    other = forge.history(tmp_path / "mirrors")
    project.push({"a.txt": b"1"})
    other.resolve(forge.root, project.id, Ref("main"))
    tip = project.push({"a.txt": b"2"})
    history.forget(project.id)
    assert other.resolve(forge.root, project.id, Ref("main")) == tip


def test_one_process_sees_at_once_what_another_committed(
    forge: Forge, history: GitHistory, project: Project, tmp_path: Path
) -> None:
    other = forge.history(tmp_path / "mirrors")
    base = project.push({"a.txt": b"1"})
    assert other.resolve(forge.root, project.id, Ref("main")) == base
    made = history.commit(forge.root, project.id, order(put("b.txt", b"x"), base=base))
    assert other.resolve(forge.root, project.id, Ref("main")) == made.revision
    assert other.find_entry(project.id, made.revision, FilePath("b.txt")) is not None


def test_a_branch_goes_before_a_tag_of_the_same_name(
    forge: Forge, history: GitHistory, project: Project
) -> None:
    first = project.push({"a.txt": b"1"})
    project.git("tag", "same")
    project.git("push", "--quiet", "origin", "refs/tags/same")
    second = project.push({"a.txt": b"2"}, branch="same")
    look = history.resolve
    assert look(forge.root, project.id, Ref("same")) == second
    assert look(forge.root, project.id, Ref("refs/heads/same")) == second
    assert look(forge.root, project.id, Ref("refs/tags/same")) == first


def test_shortened_ids_name_commits_only(
    forge: Forge, history: GitHistory, project: Project
) -> None:
    tip = project.push({"a.txt": b"1"})
    blob = project.git("rev-parse", "HEAD:a.txt")
    look = history.resolve
    assert look(forge.root, project.id, Ref(tip.sha[:7])) == tip
    assert look(forge.root, project.id, Ref(tip.sha[:20])) == tip
    for nonsense in (tip.sha[:6], blob[:10], blob, "0" * 40, "deadbeef", "HEAD", "FETCH_HEAD"):
        with pytest.raises(NotFound) as caught:
            look(forge.root, project.id, Ref(nonsense))
        assert caught.value.code == "ref_not_found"


def test_an_empty_repository_has_no_names(
    forge: Forge, history: GitHistory, project: Project
) -> None:
    refs = history.list_refs(forge.root, project.id)
    assert (refs.branches, refs.tags) == ((), ())
    with pytest.raises(NotFound) as caught:
        history.resolve(forge.root, project.id, Ref("main"))
    assert caught.value.code == "ref_not_found"


def test_a_pinned_commit_outlives_force_push_branch_deletion_and_gc(
    forge: Forge, history: GitHistory, project: Project, tmp_path: Path
) -> None:
    root = project.push({"keep.txt": b"0"})
    seen = project.push({"a.txt": b"pinned"}, branch="work")
    assert history.resolve(forge.root, project.id, Ref("work")) == seen
    project.git("reset", "--quiet", "--hard", root.sha)
    project.push({"a.txt": b"other"})
    project.git("push", "--quiet", "--force", "origin", "HEAD:work")
    history.resolve(forge.root, project.id, Ref("work"), fresh=True)
    gone = project.push({"b.txt": b"x"}, branch="short-lived")
    history.resolve(forge.root, project.id, Ref("short-lived"), fresh=True)
    project.git("push", "--quiet", "origin", ":short-lived")
    history.resolve(forge.root, project.id, Ref("main"), fresh=True)
    subprocess.run(
        ["git", "-C", str(_mirror(tmp_path, project)), "gc", "--quiet", "--prune=now"], check=True
    )
    other = forge.history(tmp_path / "mirrors")
    for revision in (seen, gone):
        assert other.resolve(forge.root, project.id, Ref(revision.sha)) == revision
    assert other.find_entry(project.id, seen, FilePath("a.txt")) is not None
    with pytest.raises(NotFound):
        other.resolve(forge.root, project.id, Ref("short-lived"))


def test_a_dangling_commit_has_no_name(
    forge: Forge, history: GitHistory, project: Project, tmp_path: Path
) -> None:
    tip = project.push({"a.txt": b"1"})
    history.resolve(forge.root, project.id, Ref("main"))
    tree = project.git("rev-parse", "HEAD^{tree}")
    who = ["-c", "user.name=x", "-c", "user.email=x@example.com"]
    made = subprocess.run(
        ["git", "-C", str(_mirror(tmp_path, project)), *who, "commit-tree", tree, "-m", "dangling"],
        check=True,
        capture_output=True,
    )
    dangling = made.stdout.decode().strip()
    assert dangling != tip.sha
    for name in (dangling, dangling[:12]):
        with pytest.raises(NotFound):
            history.resolve(forge.root, project.id, Ref(name))


def test_a_branch_may_become_a_folder_of_branches(
    forge: Forge, history: GitHistory, project: Project
) -> None:
    project.push({"a.txt": b"1"})
    project.git("push", "--quiet", "origin", "HEAD:topic")
    history.resolve(forge.root, project.id, Ref("topic"))
    project.git("push", "--quiet", "origin", ":topic")
    tip = project.push({"a.txt": b"2"}, branch="topic/one")
    assert history.resolve(forge.root, project.id, Ref("topic/one"), fresh=True) == tip


def test_a_renamed_project_is_found_again(
    forge: Forge, history: GitHistory, project: Project
) -> None:
    tip = project.push({"a.txt": b"1"})
    history.resolve(forge.root, project.id, Ref("main"))
    forge.api("PUT", f"/projects/{project.id}", path=f"renamed-{project.id}")
    assert history.resolve(forge.root, project.id, Ref("main"), fresh=True) == tip


@pytest.mark.parametrize(
    "damage", ("pack", "no-objects", "no-head", "cut-pack", "empty-folder", "gone", "bad-ref")
)
def test_a_damaged_copy_is_made_anew_and_the_request_answered(
    forge: Forge, history: GitHistory, project: Project, tmp_path: Path, damage: str
) -> None:
    root = project.push({"a.txt": b"0"})
    old = project.push({"a.txt": b"1"}, branch="work")
    history.resolve(forge.root, project.id, Ref("work"))
    project.git("reset", "--quiet", "--hard", root.sha)
    project.push({"b.txt": b"2"})
    project.git("push", "--quiet", "--force", "origin", "HEAD:work")
    tip = history.resolve(forge.root, project.id, Ref("work"), fresh=True)
    _damage(_mirror(tmp_path, project), damage)
    other = forge.history(tmp_path / "mirrors")
    assert other.resolve(forge.root, project.id, Ref("work")) == tip
    paths = [entry.path.text for entry in other.walk_entries(project.id, tip, None)]
    assert paths == ["a.txt", "b.txt"]
    if damage in {"bad-ref", "no-head"}:  # what was kept is taken over, as far as it can be read
        assert other.resolve(forge.root, project.id, Ref(old.sha)) == old


def _damage(mirror: Path, kind: str) -> None:
    packs = list((mirror / "objects" / "pack").glob("*.pack"))
    assert packs
    if kind == "pack":
        for pack in packs:
            pack.chmod(0o600)
            data = bytearray(pack.read_bytes())
            data[20 : len(data) - 20] = b"\0" * (len(data) - 40)
            pack.write_bytes(data)
    elif kind == "cut-pack":
        for pack in packs:
            pack.chmod(0o600)
            pack.write_bytes(pack.read_bytes()[:40])
    elif kind == "no-objects":
        shutil.rmtree(mirror / "objects" / "pack")
    elif kind == "no-head":
        (mirror / "HEAD").unlink()
    elif kind == "bad-ref":
        (mirror / "refs" / "heads" / "work").write_text("nonsense\n")
    else:
        shutil.rmtree(mirror)
        if kind == "empty-folder":
            mirror.mkdir()


def test_reading_survives_a_repack_by_another_process(
    forge: Forge, history: GitHistory, project: Project, tmp_path: Path
) -> None:
    revisions = [project.push({f"f{n}.txt": b"%d" % n}) for n in range(4)]
    for revision in revisions:
        history.resolve(forge.root, project.id, Ref(revision.sha), fresh=True)
    mirror = str(_mirror(tmp_path, project))
    subprocess.run(["git", "-C", mirror, "repack", "-q", "-a", "-d"], check=True)
    for revision in revisions:
        assert history.walk_entries(project.id, revision, None)


def test_strangers_get_nothing_and_know_not_why(
    forge: Forge, history: GitHistory, project: Project
) -> None:
    project.push({"a.txt": b"1"})
    _, stranger = forge.person()
    _, guest = forge.person(project.id, level=10)
    cases: list[tuple[Actor, type[LabsetError]]] = [
        (ANONYMOUS, NotFound),
        (stranger, NotFound),
        (guest, Forbidden),
        (Actor(Secret("glpat-wrong")), Unauthenticated),
    ]
    for actor, error in cases:
        with pytest.raises(error):
            history.resolve(actor, project.id, Ref("main"), fresh=True)
    history.resolve(forge.root, project.id, Ref("main"))


def test_a_refusal_of_one_caller_is_not_passed_on_to_another(
    forge: Forge, history: GitHistory, project: Project
) -> None:
    tip = project.push({"a.txt": b"1"})
    with pytest.raises(Unauthenticated):
        history.resolve(Actor(Secret("glpat-wrong")), project.id, Ref("main"))
    assert history.resolve(forge.root, project.id, Ref("main")) == tip


def test_a_public_project_is_read_by_nobody_in_particular(
    forge: Forge, history: GitHistory, tmp_path: Path
) -> None:
    project = forge.project(visibility="public")
    project.clone_into(tmp_path / "clone")
    tip = project.push({"a.txt": b"1"})
    assert history.resolve(ANONYMOUS, project.id, Ref("main")) == tip
