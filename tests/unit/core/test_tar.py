from __future__ import annotations

import io
import tarfile
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from core.model.tar import END, RECORD_BYTES, header, header_bytes

MOMENT = int(datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC).timestamp())
NAMES = st.text(st.characters(exclude_characters="\0/", codec="utf-8"), min_size=1, max_size=300)


def written(name: str, data: bytes) -> bytes:
    head = header(name, len(data), MOMENT)
    assert len(head) == header_bytes(name, len(data))
    return head + data + bytes(-len(data) % RECORD_BYTES) + END


@given(NAMES, st.binary(max_size=1500))
def test_pythons_own_reader_finds_what_was_written(name: str, data: bytes) -> None:
    with tarfile.open(fileobj=io.BytesIO(written(f"top/{name}", data)), mode="r:") as packed:
        (member,) = packed.getmembers()
        held = packed.extractfile(member)
        assert held is not None
        assert (member.name, held.read(), member.mtime) == (f"top/{name}", data, MOMENT)
        assert member.isreg()
        assert member.mode == 0o644


def test_a_size_that_eleven_octal_digits_cannot_tell_is_told() -> None:
    size_bytes = 8**11 + 5
    head = header("top/large", size_bytes, MOMENT)
    assert len(head) == header_bytes("top/large", size_bytes)
    told = tarfile.open(fileobj=io.BytesIO(head), mode="r|").next()  # noqa: SIM115 - it is only a head
    assert told is not None
    assert (told.name, told.size) == ("top/large", size_bytes)


def test_the_length_of_a_record_counts_its_own_digits() -> None:
    for length in range(80, 120):
        name = "ä" * length
        with tarfile.open(fileobj=io.BytesIO(written(name, b"")), mode="r:") as packed:
            assert packed.getnames() == [name]
