from __future__ import annotations

import pytest

from gitlab_bridge.ignores import edit_ignores


@pytest.mark.parametrize(
    ("before", "added", "removed", "after"),
    (
        (None, ["a.jpg"], [], b"/a.jpg\n"),
        (None, [], ["a.jpg"], None),
        (b"*.tmp", ["a.jpg"], [], b"*.tmp\n/a.jpg\n"),
        (b"/a.jpg\n", ["a.jpg"], [], b"/a.jpg\n"),
        (b"/a.jpg", ["a.jpg"], [], b"/a.jpg"),
        (b"/a.jpg\r\n*.x\r\n", ["a.jpg", "b.jpg"], [], b"/a.jpg\r\n*.x\r\n/b.jpg\n"),
        (b"/a.jpg\n/b.jpg\n", [], ["a.jpg"], b"/b.jpg\n"),
        (b"/\\[a\\].jpg\n/[a].jpg\n", [], ["[a].jpg"], None),
        (b"# ours\n\n/a.jpg\n", [], ["a.jpg"], b"# ours\n\n"),
        (b"\xff\n/a.jpg\n", [], ["a.jpg"], b"\xff\n"),
        (None, ["\u00fc.jpg", "\u00fc.jpg"], [], "/\u00fc.jpg\n".encode()),
    ),
)
def test_lines_come_and_go_and_those_of_others_stay(
    before: bytes | None, added: list[str], removed: list[str], after: bytes | None
) -> None:
    assert edit_ignores(before, added=added, removed=removed) == after
