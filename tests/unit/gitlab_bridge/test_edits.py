from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Invalid, NotFound
from core.model.content import Pointer
from core.model.history import Change
from core.model.names import FilePath, Md5
from gitlab_bridge.edits import Clash, TreeEdit
from gitlab_bridge.packs import BLOB_MODE, TREE_MODE, NewObjects, TreeItem, format_tree, parse_tree

Files = dict[str, bytes]


class Store:
    """Trees and blobs in memory."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}

    def add(self, kind: str, data: bytes) -> str:
        oid = NewObjects().add(kind, data)
        self.objects[oid] = data
        return oid

    def tree(self, files: Files) -> str:
        items: dict[bytes, TreeItem] = {}
        below: dict[str, Files] = {}
        for path, data in files.items():
            head, slash, rest = path.partition("/")
            if slash:
                below.setdefault(head, {})[rest] = data
            else:
                items[head.encode()] = TreeItem(BLOB_MODE, self.add("blob", data))
        for name, part in below.items():
            items[name.encode()] = TreeItem(TREE_MODE, self.tree(part))
        return self.add("tree", format_tree(items))

    def files(self, oid: str, edit: TreeEdit, prefix: str = "") -> Files:
        found: Files = {}
        for name, item in parse_tree(self._read(oid, edit)).items():
            path = prefix + name.decode()
            if item.is_tree:
                found |= self.files(item.oid, edit, f"{path}/")
            else:
                found[path] = self._read(item.oid, edit)
        return found

    def _read(self, oid: str, edit: TreeEdit) -> bytes:
        data = edit.new.find(oid)
        return self.objects[oid] if data is None else data


def _edit(before: Files, *changes: Change) -> tuple[Files, TreeEdit]:
    store = Store()
    root = store.tree(before)
    edit = TreeEdit(root, store.objects.__getitem__)
    return store.files(edit.apply(changes), edit), edit


def _put(path: str, content: Pointer | bytes | None) -> Change:
    return Change(FilePath(path), content)


def _pointer(number: int) -> Pointer:
    return Pointer(Md5(f"a{number:031x}"), number)


def _text(name: str, number: int) -> bytes:
    return f"outs:\n- md5: a{number:031x}\n  size: {number}\n  hash: md5\n  path: {name}\n".encode()


def test_a_delete_takes_the_ignore_line_and_the_empty_folder_along() -> None:
    before = {"d/a.jpg.dvc": _text("a.jpg", 1), "d/.gitignore": b"/a.jpg\n", "x.md": b"x"}
    after, edit = _edit(before, _put("d/a.jpg", None))
    assert after == {"x.md": b"x"}
    assert edit.replaced == {"d/a.jpg"}


def test_deletes_go_first_so_that_a_file_may_become_a_folder() -> None:
    after, _ = _edit({"a.md": b"x"}, _put("a.md", None), _put("a.md/b.md", b"y"))
    assert after == {"a.md/b.md": b"y"}
    after, _ = _edit({"d/b.md": b"x"}, _put("d", b"y"), _put("d/b.md", None))
    assert after == {"d": b"y"}


def test_a_pointer_that_stands_already_is_left_as_it_is() -> None:
    kept = _text("a.jpg", 1) + b"  desc: x\n"
    after, edit = _edit({"a.jpg.dvc": kept}, _put("a.jpg", _pointer(1)))
    assert after == {"a.jpg.dvc": kept}
    assert edit.replaced == {"a.jpg"}


def test_own_paths_are_written_and_removed_as_they_are() -> None:
    after, edit = _edit({".dvc/config": b"old"}, Change(".dvc/config", b"new"))
    assert after == {".dvc/config": b"new"}
    assert edit.replaced == {".dvc/config"}
    after, _ = _edit({".dvc/config": b"old"}, Change(".dvc/config", None))
    assert after == {}


@pytest.mark.parametrize("path", ("", "../x", ".git/config", "a/.GIT/x", "/x", "a//b", "./a"))
def test_own_paths_stay_inside_the_repository(path: str) -> None:
    with pytest.raises(Invalid):
        _edit({}, Change(path, b"x"))


def test_what_is_not_there_cannot_be_deleted() -> None:
    for path in ("a.md", "d/a.md", "d"):
        with pytest.raises(NotFound):
            _edit({"b.md": b"x"}, _put(path, None))


def test_a_link_in_the_place_of_ignores_is_not_followed() -> None:
    store = Store()
    link = TreeItem(0o120000, store.add("blob", b"/etc/passwd"))
    root = store.add("tree", format_tree({b".gitignore": link}))
    edit = TreeEdit(root, store.objects.__getitem__)
    tree = edit.apply([_put("a.jpg", _pointer(1))])
    data = edit.new.find(tree)
    assert data is not None
    assert parse_tree(data)[b".gitignore"] == link


@pytest.mark.parametrize(
    ("standing", "path"),
    (("A.jpg.dvc", "a.jpg"), ("A.md", "a.md"), ("D/x.md", "d/y.md"), ("\u00e9.md", "\u00c9.md")),
)
def test_names_that_differ_only_in_case_do_not_come_side_by_side(standing: str, path: str) -> None:
    with pytest.raises(Clash) as caught:
        _edit({standing: _text("A.jpg", 1)}, _put(path, b"x"))
    assert caught.value.path == path


def test_what_collides_already_does_not_stop_others() -> None:
    after, _ = _edit({"A.md": b"1", "a.md": b"2"}, _put("b.md", b"x"), _put("a.md", b"3"))
    assert after == {"A.md": b"1", "a.md": b"3", "b.md": b"x"}


names = st.sampled_from(["a.jpg", "b.md", "c", "d/a.jpg", "d/e/f.png", "d/g.md", "h/i.jpg"])
contents = st.one_of(st.integers(1, 3).map(_pointer), st.sampled_from([b"x", b"y", b""]))


@given(st.dictionaries(names, contents), st.dictionaries(names, contents))
def test_any_two_orders_leave_what_the_last_one_said(
    first: dict[str, Pointer | bytes], second: dict[str, Pointer | bytes]
) -> None:
    second = {
        path: content
        for path, content in second.items()
        if not (isinstance(first.get(path), Pointer) and isinstance(content, bytes))
    }
    before, _ = _edit({}, *(_put(path, content) for path, content in first.items()))
    after, edit = _edit(before, *(_put(path, content) for path, content in second.items()))
    for path, content in (first | second).items():
        folder, _, name = path.rpartition("/")
        ignored = after.get(f"{folder}/.gitignore".lstrip("/"), b"").splitlines()
        if isinstance(content, Pointer):
            assert after[f"{path}.dvc"] == _text(name, content.size_bytes or 0)
            assert path not in after
            assert ignored.count(f"/{name}".encode()) == 1
        else:
            assert after[path] == content
            assert f"/{name}".encode() not in ignored
    assert edit.replaced == first.keys() & second.keys()
    emptied, _ = _edit(after, *(_put(path, None) for path in first | second))
    assert emptied == {}


@given(
    st.dictionaries(
        st.binary(min_size=1, max_size=8).filter(lambda n: b"\0" not in n and b"/" not in n),
        st.booleans(),
        max_size=8,
    )
)
def test_trees_are_read_as_they_were_written(items: dict[bytes, bool]) -> None:
    wanted = {
        name: TreeItem(TREE_MODE if folder else BLOB_MODE, hashlib.sha1(name).hexdigest())  # noqa: S324
        for name, folder in items.items()
    }
    assert parse_tree(format_tree(wanted)) == wanted


def test_a_pointer_that_moves_takes_its_notes_along() -> None:
    md5 = hashlib.md5(b"x", usedforsecurity=False).hexdigest()
    noted = (
        f"outs:\n- md5: {md5}\n  size: 1\n  hash: md5\n  path: a.bin\n  desc: seam 41\n".encode()
    )
    before = {"a.bin.dvc": noted, ".gitignore": b"/a.bin\n"}
    moved = Change(FilePath("deep/b.bin"), Pointer(Md5(md5), 1), moved_from=FilePath("a.bin"))
    after, _ = _edit(before, Change(FilePath("a.bin"), None), moved)
    assert set(after) == {"deep/b.bin.dvc", "deep/.gitignore"}
    assert b"path: b.bin" in after["deep/b.bin.dvc"]
    assert b"desc: seam 41" in after["deep/b.bin.dvc"]
