from __future__ import annotations

import pytest

from core.model.licenses import is_license_name, spdx_identifier
from core.model.names import FilePath
from core.usecases.exporting.croissant import Column, ColumnKind, read_columns

TEXT, INTEGER, FLOAT = ColumnKind.TEXT, ColumnKind.INTEGER, ColumnKind.FLOAT
TABLE = b"name,count,mean,mixed\na,1,0.5,1\nb,-2,1e3,\n"


def kinds(columns: tuple[Column, ...]) -> list[ColumnKind]:
    return [column.kind for column in columns]


def test_columns_are_what_all_their_values_are() -> None:
    columns = read_columns(TABLE, ",", is_whole=True)
    assert [column.name for column in columns] == ["name", "count", "mean", "mixed"]
    assert kinds(columns) == [TEXT, INTEGER, FLOAT, TEXT]


def test_whole_numbers_are_not_promised_for_rows_that_nobody_saw() -> None:
    assert kinds(read_columns(TABLE + b"c,3", ",", is_whole=False)) == [TEXT, FLOAT, FLOAT, TEXT]


@pytest.mark.parametrize(
    "head",
    (b"", b"\xff\xfe\x00", b"a,a\n1,2\n", b"a,\n1,2\n", b"a\0b\n\0\n", b"x," * 600),
    ids=("empty", "binary", "twice", "unnamed", "nul", "many"),
)
def test_what_is_no_table_has_no_columns(head: bytes) -> None:
    columns = read_columns(head, ",", is_whole=True)
    assert all(column.kind is TEXT for column in columns)
    assert len(columns) <= 1


def test_a_byte_order_mark_and_quotes_belong_to_no_name() -> None:
    (first, second) = read_columns(b'\xef\xbb\xbf"a, b"\tc\n1\t2\n', "\t", is_whole=True)
    assert (first.name, second.name) == ("a, b", "c")


@pytest.mark.parametrize("name", ("LICENSE", "License.md", "licence.txt", "COPYING"))
def test_a_license_is_known_by_its_name(name: str) -> None:
    assert is_license_name(FilePath(name))


@pytest.mark.parametrize("name", ("docs/LICENSE", "license.csv", "licenses.md", "my license"))
def test_other_files_are_no_license(name: str) -> None:
    assert not is_license_name(FilePath(name))


@pytest.mark.parametrize(
    ("text", "identifier"),
    (
        ("SPDX-License-Identifier: CC-BY-4.0\n", "CC-BY-4.0"),
        ("                Apache License\n          Version 2.0, January 2004", "Apache-2.0"),
        ("Creative Commons Attribution-NonCommercial 4.0 International", "CC-BY-NC-4.0"),
        ("Creative Commons Attribution 4.0 International Public License", "CC-BY-4.0"),
        ("Ask us first.", None),
    ),
)
def test_a_license_is_known_by_its_first_lines(text: str, identifier: str | None) -> None:
    assert spdx_identifier(text) == identifier
