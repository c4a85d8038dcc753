from __future__ import annotations

import time
from pathlib import Path

import pytest

from core.errors import Conflict, Forbidden, NotFound, Unauthenticated
from core.model.access import Actor, Secret
from core.model.content import Pointer, Text
from core.model.history import Change
from core.model.names import FilePath, Md5, Ref
from gitlab_bridge.history import GitHistory
from tests.integration.git.forge import Forge, Project, order, pointer, pointer_text, put

CONFIG = (Change(".dvc/config", b"[core]\n"), Change(".dvcignore", b"#\n"))


def _files(project: Project) -> dict[str, str]:
    """Return what a fresh look at GitLab's `main` holds."""
    project.git("fetch", "--quiet", "origin")
    names = project.git("ls-tree", "-r", "--name-only", "-z", "origin/main").split("\0")
    return {name: project.git("show", f"origin/main:{name}") for name in names if name}


def _count(project: Project) -> int:
    project.git("fetch", "--quiet", "origin")
    return int(project.git("rev-list", "--count", "origin/main"))


def test_the_first_commit_makes_the_branch_in_an_empty_repository(
    forge: Forge, history: GitHistory, project: Project
) -> None:
    made = history.commit(forge.root, project.id, order(*CONFIG, base=None, key="ab" * 16))
    assert made.replaced == frozenset()
    assert history.resolve(forge.root, project.id, Ref("main")) == made.revision
    assert set(_files(project)) == {".dvc/config", ".dvcignore"}
    message = project.git("log", "-1", "--format=%B", "origin/main")
    assert message == f"change\n\nUpload-Session: {'ab' * 16}"
    who = project.git("log", "-1", "--format=%an %ae %cn %ce", "origin/main")
    assert who == "Ann Otator ann@example.com Ann Otator ann@example.com"


def test_pointers_and_ignore_lines_are_as_dvc_add_leaves_them(
    forge: Forge, history: GitHistory, project: Project
) -> None:
    base = project.push({"d/.gitignore": b"*.tmp"})
    changes = [put("d/a.jpg", pointer(1)), put("d/[b].jpg", pointer(2)), put("top.csv", pointer(3))]
    made = history.commit(forge.root, project.id, order(*changes, base=base))
    files = _files(project)
    assert files["d/.gitignore"] == "*.tmp\n/\\[b\\].jpg\n/a.jpg"
    assert files[".gitignore"] == "/top.csv"
    assert "path: a.jpg" in files["d/a.jpg.dvc"]
    rest = history.commit(
        forge.root,
        project.id,
        order(put("d/[b].jpg", None), put("top.csv", None), base=made.revision),
    )
    files = _files(project)
    assert files["d/.gitignore"] == "*.tmp\n/a.jpg"
    assert ".gitignore" not in files
    assert rest.replaced == {"d/[b].jpg", "top.csv"}


def test_a_replaced_pointer_keeps_what_people_noted_in_it(
    forge: Forge, history: GitHistory, project: Project
) -> None:
    noted = pointer_text("a.jpg") + b"  desc: a weld\n  labels:\n  - weld\n  meta:\n    line: 7\n"
    base = project.push({"a.jpg.dvc": noted + b"frozen: true\n"})
    made = history.commit(forge.root, project.id, order(put("a.jpg", pointer(5)), base=base))
    text = _files(project)["a.jpg.dvc"]
    assert "desc: a weld" in text
    assert "line: 7" in text
    assert "frozen" not in text
    assert made.replaced == {"a.jpg"}
    found = history.find_entry(project.id, made.revision, FilePath("a.jpg"))
    assert found is not None
    assert found.content == pointer(5)


def test_a_text_moves_to_the_site_in_one_commit_and_never_back(
    forge: Forge, history: GitHistory, project: Project
) -> None:
    base = project.push({"notes.md": b"small"})
    made = history.commit(forge.root, project.id, order(put("notes.md", pointer(9)), base=base))
    assert set(_files(project)) == {".gitignore", "notes.md.dvc"}
    assert made.replaced == {"notes.md"}
    with pytest.raises(Conflict, match="does not move back"):
        history.commit(forge.root, project.id, order(put("notes.md", b"s"), base=made.revision))


def test_nothing_to_change_makes_no_commit_but_for_the_binding(
    forge: Forge, history: GitHistory, project: Project
) -> None:
    changes = (put("a.jpg", pointer(1)), put("b.md", b"text"))
    first = history.commit(forge.root, project.id, order(*changes, *CONFIG, base=None))
    again = history.commit(forge.root, project.id, order(*changes, base=first.revision))
    assert again.revision == first.revision
    assert again.replaced == {"a.jpg", "b.md"}
    assert _count(project) == 1
    bound = history.commit(forge.root, project.id, order(*CONFIG, base=first.revision))
    assert bound.revision != first.revision
    assert _count(project) == 2


def test_an_order_given_twice_is_one_commit(
    forge: Forge, history: GitHistory, project: Project, tmp_path: Path
) -> None:
    base = project.push({"a.txt": b"1"})
    wanted = order(put("b.jpg", pointer(1)), put("a.txt", b"2"), base=base)
    made = history.commit(forge.root, project.id, wanted)
    later = project.git("rev-parse", "HEAD")
    assert later
    other = forge.history(tmp_path / "elsewhere")
    assert other.commit(forge.root, project.id, wanted) == made
    project.git("pull", "--quiet", "origin", "main")
    project.push({"b.jpg.dvc": pointer_text("b.jpg", 99)})
    history.forget(project.id)
    assert history.commit(forge.root, project.id, wanted) == made
    assert _count(project) == 3


def test_a_branch_that_moved_elsewhere_takes_the_commit_on_its_new_tip(
    forge: Forge, history: GitHistory, project: Project
) -> None:
    base = project.push({"a.txt": b"1"})
    history.resolve(forge.root, project.id, Ref("main"))
    moved = project.push({"other.txt": b"1"})
    made = history.commit(forge.root, project.id, order(put("b.jpg", pointer(1)), base=base))
    assert history.list_commits(project.id, made.revision, None, 1, 1).items[0].parents == (moved,)
    assert {"other.txt", "a.txt", "b.jpg.dvc"} <= set(_files(project))


def test_a_base_that_is_younger_than_what_is_known_is_no_conflict(
    forge: Forge, history: GitHistory, project: Project
) -> None:
    project.push({"a.txt": b"1"})
    history.resolve(forge.root, project.id, Ref("main"))
    younger = project.push({"a.txt": b"2"})
    made = history.commit(forge.root, project.id, order(put("a.txt", b"3"), base=younger))
    assert _files(project)["a.txt"] == "3"
    assert made.replaced == {"a.txt"}


def test_a_path_that_somebody_changed_is_a_conflict_naming_the_commit(
    forge: Forge, history: GitHistory, project: Project
) -> None:
    base = project.push({"a.txt": b"1", "d/x.txt": b"1"})
    history.resolve(forge.root, project.id, Ref("main"))
    winner = project.push({"a.txt": b"2", "d/x.txt": b"2"})
    project.push({"unrelated.txt": b"1"})
    for change in (
        put("a.txt", b"3"),
        put("a.txt", None),
        put("a.txt", pointer(1)),
        put("d", None),
    ):
        with pytest.raises(Conflict) as caught:
            history.commit(forge.root, project.id, order(change, base=base))
        assert caught.value.code == "conflict"
        assert caught.value.details == {"path": str(change.path), "commit": winner.sha}
    assert _count(project) == 3


@pytest.mark.parametrize(
    ("path", "content"),
    (
        ("folder", pointer(1)),
        ("folder", b"text"),
        ("a.jpg/below.jpg", pointer(1)),
        ("plain.md/below.md", b"x"),
        ("A.JPG", pointer(1)),
        ("FOLDER/other.jpg", pointer(1)),
        ("stra\u00dfe.md", b"x"),
        ("packed/inside.jpg", pointer(1)),
        ("packed", pointer(1)),
        ("a.jpg", Pointer(Md5("c" * 32, is_directory=True), 1, 1)),
    ),
)
def test_what_cannot_stand_beside_the_rest_is_a_conflict(
    forge: Forge, history: GitHistory, project: Project, path: str, content: Pointer | bytes
) -> None:
    packed = b"outs:\n- md5: %s.dir\n  size: 3\n  nfiles: 1\n  hash: md5\n  path: packed\n"
    base = project.push(
        {
            "folder/x.txt": b"x",
            "a.jpg.dvc": pointer_text("a.jpg"),
            "plain.md": b"x",
            "STRASSE.md": b"x",
            "packed.dvc": packed % (b"b" * 32),
        }
    )
    with pytest.raises(Conflict) as caught:
        history.commit(forge.root, project.id, order(put(path, content), base=base))
    assert caught.value.details == {"path": path, "commit": base.sha}


def test_a_packed_folder_is_replaced_and_deleted_as_a_whole(
    forge: Forge, history: GitHistory, project: Project
) -> None:
    whole = Pointer(Md5("b" * 32, is_directory=True), 3, 2)
    first = history.commit(forge.root, project.id, order(put("p", whole), base=None))
    newer = Pointer(Md5("c" * 32, is_directory=True), 4, 3)
    second = history.commit(forge.root, project.id, order(put("p", newer), base=first.revision))
    found = history.find_entry(project.id, second.revision, FilePath("p/q"))
    assert found is not None
    assert found.packed == newer
    with pytest.raises(Conflict, match="packed folder"):
        history.commit(forge.root, project.id, order(put("p/q", None), base=second.revision))
    last = history.commit(forge.root, project.id, order(put("p", None), base=second.revision))
    assert history.list_entries(project.id, last.revision, None) == ()


def test_folders_are_deleted_with_all_below_and_may_be_filled_anew(
    forge: Forge, history: GitHistory, project: Project
) -> None:
    changes = (put("d/a.jpg", pointer(1)), put("d/e/b.jpg", pointer(2)), put("c.md", b"x"))
    first = history.commit(forge.root, project.id, order(*changes, base=None))
    second = history.commit(
        forge.root,
        project.id,
        order(put("d", None), put("d/new.jpg", pointer(3)), base=first.revision),
    )
    assert set(_files(project)) == {"c.md", "d/new.jpg.dvc", "d/.gitignore"}
    with pytest.raises(NotFound):
        history.commit(forge.root, project.id, order(put("d/e", None), base=second.revision))


def test_a_new_branch_begins_at_its_base(
    forge: Forge, history: GitHistory, project: Project
) -> None:
    base = project.push({"a.txt": b"1"})
    tip = project.push({"a.txt": b"2"})
    made = history.commit(
        forge.root, project.id, order(put("b.txt", b"x"), base=base, branch="topic/one")
    )
    assert history.resolve(forge.root, project.id, Ref("topic/one")) == made.revision
    assert history.resolve(forge.root, project.id, Ref("main")) == tip
    parents = history.list_commits(project.id, made.revision, None, 1, 1).items[0].parents
    assert parents == (base,)
    with pytest.raises(Conflict):
        history.commit(forge.root, project.id, order(put("c.txt", b"x"), base=None, branch="new"))


def test_gitlabs_refusals_are_told_in_its_own_words(
    forge: Forge, history: GitHistory, project: Project
) -> None:
    base = project.push({"a.txt": b"1"})
    _, reporter = forge.person(project.id, level=20)
    _, developer = forge.person(project.id, level=30)
    _, stranger = forge.person()
    history.resolve(forge.root, project.id, Ref("main"))
    wanted = order(put("b.txt", b"x"), base=base)
    with pytest.raises(Forbidden) as caught:
        history.commit(reporter, project.id, wanted)
    assert caught.value.why == "You are not allowed to push code to this project"
    with pytest.raises(Forbidden) as caught:
        history.commit(developer, project.id, wanted)
    assert "protected branches" in caught.value.why
    assert caught.value.ask == ()
    with pytest.raises(NotFound):
        history.commit(stranger, project.id, wanted)
    with pytest.raises(Unauthenticated):
        history.commit(Actor(Secret("glpat-wrong")), project.id, wanted)
    assert _count(project) == 1
    history.commit(developer, project.id, order(put("b.txt", b"x"), base=base, branch="mine"))


def test_two_thousand_files_are_one_quick_commit(
    forge: Forge, history: GitHistory, project: Project
) -> None:
    base = project.push({"a.txt": b"1"})
    history.resolve(forge.root, project.id, Ref("main"))
    changes = [put(f"d/{n:04}.jpg", pointer(n)) for n in range(2000)]
    began = time.monotonic()
    made = history.commit(forge.root, project.id, order(*changes, base=base))
    assert time.monotonic() - began < 5  # about 0.4 s on an idle machine; the bench has the figure
    assert len(history.list_entries(project.id, made.revision, FilePath("d"))) == 2000


def test_an_executable_text_stays_executable(
    forge: Forge, history: GitHistory, project: Project
) -> None:
    assert project.clone is not None
    (project.clone / "run.md").write_text("x")
    (project.clone / "run.md").chmod(0o755)
    base = project.push({})
    made = history.commit(forge.root, project.id, order(put("run.md", b"y"), base=base))
    assert ("run.md", 0o100755, b"y") in list(history.walk_blobs(project.id, made.revision))
    found = history.find_entry(project.id, made.revision, FilePath("run.md"))
    assert found is not None
    assert isinstance(found.content, Text)
