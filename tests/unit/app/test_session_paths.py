from __future__ import annotations

import pytest

from app.pages.session import own_path


@pytest.mark.parametrize("text", ("/", "/datasets/1", "/datasets/1?ref=a%20b", "/a//b"))
def test_own_paths_are_followed_after_log_in(text: str) -> None:
    assert own_path(text) == text


@pytest.mark.parametrize(
    "text",
    (
        "",
        "//evil.example",
        "/\\evil.example",
        "https://evil.example",
        "javascript:alert(1)",
        "/a\\..\\b",
        "/a\r\nSet-Cookie: x=1",
        "/\t/evil.example",
        "evil",
        "/" + "a" * 3000,
    ),
)
def test_everything_else_leads_to_the_start_page(text: str) -> None:
    assert own_path(text) == "/"
