from __future__ import annotations

import pytest

from core.errors import NotFound
from core.model.content import Broken, Pointer, Text
from core.model.names import FilePath, Md5, Ref
from gitlab_bridge.history import GitHistory
from tests.integration.git.forge import Forge, Project, order, pointer, pointer_text, put

PACKED = f"outs:\n- md5: {'b' * 32}.dir\n  size: 30\n  nfiles: 3\n  hash: md5\n  path: packed\n"


@pytest.fixture
def mixed(project: Project) -> Project:
    """Return a project with everything that a folder can hold."""
    assert project.clone is not None
    (project.clone / "b").mkdir()
    (project.clone / "link").symlink_to("/etc/passwd")
    (project.clone / "sly.dvc").symlink_to("elsewhere")
    project.push(
        {
            ".gitignore": b"/a.jpg\n",
            ".dvc/config": b"",
            ".dvcignore": b"",
            "README.md": b"hello\n",
            "a.jpg.dvc": pointer_text("a.jpg", 7),
            "packed.dvc": PACKED.encode(),
            "broken.csv.dvc": b"outs: [1, 2]\n",
            "foreign.csv.dvc": pointer_text("../etc/passwd"),
            "b/c/deep 1.png.dvc": pointer_text("deep 1.png", 9),
            "b/notes.txt": b"x",
            "odd\\name.txt": b"x",
            "e\u0301.txt": b"x",
        }
    )
    return project


def test_a_folder_shows_files_for_pointers_and_hides_what_is_dvcs_own(
    forge: Forge, history: GitHistory, mixed: Project
) -> None:
    tip = history.resolve(forge.root, mixed.id, Ref("main"))
    entries = {entry.path.text: entry for entry in history.list_entries(mixed.id, tip, None)}
    assert entries["a.jpg"].content == Pointer(Md5("a" + f"{7:031x}"), 7)
    assert isinstance(entries["README.md"].content, Text)
    assert entries["b"].type == "directory"
    assert entries["packed"].packed == Pointer(Md5("b" * 32, is_directory=True), 30, 3)
    for name in ("broken.csv", "foreign.csv", "link", "odd_name.txt_", "\u00e9.txt_"):
        found = [entry for path, entry in entries.items() if path.startswith(name)]
        assert [type(entry.content) for entry in found] == [Broken], name
    assert not [name for name in entries if name.startswith(".") or name.endswith(".dvc")]
    assert [entry.type for entry in entries.values()][:2] == ["directory", "directory"]


def test_a_walk_names_all_files_once_and_in_order(
    forge: Forge, history: GitHistory, mixed: Project
) -> None:
    tip = history.resolve(forge.root, mixed.id, Ref("main"))
    paths = [entry.path.text for entry in history.walk_entries(mixed.id, tip, None)]
    assert paths == sorted(paths)
    assert {"a.jpg", "b/c/deep 1.png", "b/notes.txt", "packed", "README.md"} <= set(paths)
    below = history.walk_entries(mixed.id, tip, FilePath("b"))
    assert [entry.path.text for entry in below] == ["b/c/deep 1.png", "b/notes.txt"]
    numbers = history.statistics(mixed.id, tip)
    assert numbers.size_bytes == 7 + 9 + 30 + 6 + 1
    assert numbers.files == 1 + 1 + 3 + 1 + 1 + len(
        ["broken", "foreign", "link", "sly", "odd", "é"]
    )


def test_entries_are_found_by_path_also_inside_a_packed_folder(
    forge: Forge, history: GitHistory, mixed: Project
) -> None:
    tip = history.resolve(forge.root, mixed.id, Ref("main"))
    inside = history.find_entry(mixed.id, tip, FilePath("packed/x/y.jpg"))
    assert inside is not None
    assert (inside.path.text, inside.type) == ("packed", "directory")
    folder = history.find_entry(mixed.id, tip, FilePath("b/c"))
    assert folder is not None
    assert (folder.type, folder.content) == ("directory", None)
    for absent in ("a.jpg/x", "nothing", "b/nothing", "README.md/x", "link/x"):
        assert history.find_entry(mixed.id, tip, FilePath(absent)) is None, absent
    text = history.find_entry(mixed.id, tip, FilePath("README.md"))
    assert text is not None
    assert isinstance(text.content, Text)
    assert history.read_text(mixed.id, text.content) == b"hello\n"


def test_a_folder_that_is_not_there_is_not_found(
    forge: Forge, history: GitHistory, mixed: Project
) -> None:
    tip = history.resolve(forge.root, mixed.id, Ref("main"))
    for absent in ("nothing", "README.md", "packed", "link"):
        with pytest.raises(NotFound):
            history.list_entries(mixed.id, tip, FilePath(absent))


def test_submodules_are_listed_and_never_followed(
    forge: Forge, history: GitHistory, project: Project
) -> None:
    project.push({"a.txt": b"x"})
    head = project.git("rev-parse", "HEAD")
    project.git("update-index", "--add", "--cacheinfo", f"160000,{head},module")
    project.git("commit", "--quiet", "-m", "module")
    project.git("push", "--quiet", "origin", "HEAD:main")
    tip = history.resolve(forge.root, project.id, Ref("main"))
    entries = {entry.path.text: entry for entry in history.walk_entries(project.id, tip, None)}
    assert isinstance(entries["module"].content, Broken)
    assert history.find_entry(project.id, tip, FilePath("module/a")) is None
    assert ("module", 0o160000, b"") in list(history.walk_blobs(project.id, tip))


def test_the_git_tree_is_walked_as_it_is(forge: Forge, history: GitHistory, mixed: Project) -> None:
    tip = history.resolve(forge.root, mixed.id, Ref("main"))
    blobs = {path: (mode, data) for path, mode, data in history.walk_blobs(mixed.id, tip)}
    assert blobs["a.jpg.dvc"] == (0o100644, pointer_text("a.jpg", 7))
    assert blobs["link"] == (0o120000, b"/etc/passwd")
    assert blobs["b/c/deep 1.png.dvc"][1] == pointer_text("deep 1.png", 9)
    assert len(blobs) == len(mixed.git("ls-files").splitlines())


def test_history_is_paged_and_can_follow_one_path(
    forge: Forge, history: GitHistory, project: Project
) -> None:
    first = history.commit(forge.root, project.id, order(put("a.jpg", pointer(1)), base=None))
    second = history.commit(
        forge.root, project.id, order(put("d/b.jpg", pointer(2)), base=first.revision)
    )
    third = history.commit(
        forge.root,
        project.id,
        order(put("a.jpg", pointer(3)), base=second.revision, message="Third\n\nwith a body"),
    )
    page = history.list_commits(project.id, third.revision, None, 1, 2)
    assert [commit.revision for commit in page.items] == [third.revision, second.revision]
    assert (page.total, page.has_next) == (3, True)
    assert page.items[0].title == "Third"
    assert page.items[0].author_name == "Ann Otator"
    of_path = history.list_commits(project.id, third.revision, FilePath("a.jpg"), 1, 20)
    assert [commit.revision for commit in of_path.items] == [third.revision, first.revision]
    paths = [FilePath("a.jpg"), FilePath("d/b.jpg"), FilePath("d"), FilePath("nothing")]
    changes = history.last_changes(project.id, third.revision, paths)
    assert {path.text: commit.revision for path, commit in changes.items()} == {
        "a.jpg": third.revision,
        "d/b.jpg": second.revision,
        "d": second.revision,
    }


def test_what_dvc_added_and_git_pushed_is_read(
    forge: Forge, history: GitHistory, project: Project
) -> None:
    project.push(
        {
            "dir/it's #1: ü.jpg.dvc": b"outs:\n- md5: '%s'\n  size: 3\n  hash: md5\n  path: 'it''s #1: \xc3\xbc.jpg'\n"
            % (b"1" * 32)
        }
    )
    tip = history.resolve(forge.root, project.id, Ref("main"))
    found = history.find_entry(project.id, tip, FilePath("dir/it's #1: ü.jpg"))
    assert found is not None
    assert found.content == Pointer(Md5("1" * 32), 3)
