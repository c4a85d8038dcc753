from __future__ import annotations

import pytest

from labset.cli.target import Target
from labset.errors import Misused


@pytest.mark.parametrize(
    ("text", "target"),
    (
        ("4473", Target(4473, None, "")),
        ("4473@v0.1.0", Target(4473, "v0.1.0", "")),
        ("4473@topic/a@b:dir/file.jpg", Target(4473, "topic/a@b", "dir/file.jpg")),
        ("4473:/dir/", Target(4473, None, "dir")),
        ("4473:a:b", Target(4473, None, "a:b")),
        ("4473:mail@x", Target(4473, None, "mail@x")),
    ),
)
def test_a_target_is_read(text: str, target: Target) -> None:
    assert Target.parse(text) == target


@pytest.mark.parametrize("text", ("", "vitvi", "0", "-3", "4473@", "@v1", "4473/dir"))
def test_what_is_none_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(Misused, match="4473@v0"):
        Target.parse(text)
