from __future__ import annotations

import pytest
from flask import Flask

from app.pages.assets.filters import Row
from app.pages.assets.searches import read_asked


@pytest.mark.parametrize(
    ("address", "rows", "is_tidy"),
    (
        ("/?field=iso&op=gt&value=1", (Row("iso", "gt", "1"),), True),
        ("/?field=&op=is&value=abc", (Row("", "is", "abc"),), True),
        ("/?field=iso&op=gt&value=1&field=&op=is&value=", (Row("iso", "gt", "1"),), False),
        ("/?field=iso&op=exists&value=", (Row("iso", "exists", ""),), True),
        ("/?search=", (), False),
    ),
)
def test_a_line_in_which_nothing_stands_is_idle_and_a_value_alone_is_kept(
    address: str, rows: tuple[Row, ...], *, is_tidy: bool
) -> None:
    with Flask(__name__).test_request_context(address):
        asked, tidy = read_asked()
    assert asked.rows == rows
    assert tidy is is_tidy
    with Flask(__name__).test_request_context("/", query_string=asked.arguments()):
        assert read_asked() == (asked, True)
