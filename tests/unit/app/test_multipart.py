from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.api.assets.multipart import MAX_PARTS, ArrivingForm
from app.bodies import MAX_FIELDS_BYTES
from core.errors import Invalid, LabsetError, TooLarge

MARK = b"--------------------------d74496d66958873e"
FILE = b'Content-Disposition: form-data; name="asset"; filename="a.bin"'
FIELD = b'Content-Disposition: form-data; name="asset_metadata"'
ABOUT_IT = b'{"asset_name": "Lamp"}'


def form_bytes(*parts: tuple[bytes, bytes]) -> bytes:
    body = b"".join(b"--%b\r\n%b\r\n\r\n%b\r\n" % (MARK, head, data) for head, data in parts)
    return body + b"--%b--\r\n" % MARK


def arriving(body: bytes, chunk_bytes: int = 1 << 20) -> ArrivingForm:
    def chunks() -> Iterator[bytes]:
        for start in range(0, len(body), chunk_bytes):
            yield body[start : start + chunk_bytes]

    return ArrivingForm(chunks(), MARK, file_field="asset", texts=["asset_metadata"])


def read_all(form: ArrivingForm) -> tuple[str | None, bytes, dict[str, bytes]]:
    name = form.find_file()
    data = b"".join(form.file_chunks()) if name is not None else b""
    return name, data, dict(form.read_fields())


LIKE_A_BOUNDARY = st.sampled_from(
    [b"\r", b"\n", b"\r\n", b"--", b"\r\n--" + MARK[:-1], b"\n--" + MARK[:5], MARK, b"--" + MARK]
)
NASTY = st.lists(LIKE_A_BOUNDARY | st.binary(max_size=40), max_size=12).map(b"".join)


@given(NASTY, st.integers(1, 90), st.sampled_from(["before", "behind"]))
def test_a_file_arrives_as_it_is_however_the_form_is_cut(
    data: bytes, chunk_bytes: int, fields: str
) -> None:
    if any(b"%b--%b" % (mark, MARK) in b"\r\n" + data for mark in (b"\r", b"\n")):
        return  # this would be a boundary
    parts = (
        [(FILE, data), (FIELD, ABOUT_IT)]
        if fields == "behind"
        else [(FIELD, ABOUT_IT), (FILE, data)]
    )
    found = read_all(arriving(form_bytes(*parts), chunk_bytes))
    assert found == ("a.bin", data, {"asset_metadata": ABOUT_IT})


def test_most_of_a_file_is_passed_on_without_a_copy() -> None:
    chunks = [form_bytes((FILE, b""))[: -len(MARK) - 8], b"x" * 1000, b"\r\n--%b--\r\n" % MARK]
    form = ArrivingForm(iter(chunks), MARK, file_field="asset", texts=[])
    assert form.find_file() == "a.bin"
    assert any(chunk is chunks[1] for chunk in form.file_chunks())


def test_fields_may_come_as_files() -> None:
    sent = FIELD + b'; filename="about.json"'
    assert read_all(arriving(form_bytes((sent, ABOUT_IT), (FILE, b"x"))))[2] == {
        "asset_metadata": ABOUT_IT
    }


def test_a_form_without_the_file_has_none() -> None:
    assert arriving(form_bytes((FIELD, ABOUT_IT))).find_file() is None
    as_text = b'Content-Disposition: form-data; name="asset"'
    assert arriving(form_bytes((as_text, b"x"))).find_file() is None


OTHER = b'Content-Disposition: form-data; name="other"; filename="b.bin"'


@pytest.mark.parametrize(
    "body",
    (
        form_bytes((FILE, b"x"), (FILE, b"y")),
        form_bytes((FILE, b"x"), (OTHER, b"y")),
        form_bytes((OTHER, b"y")),
        form_bytes((FIELD, b"{}"), (FIELD, b"{}"), (FILE, b"x")),
        form_bytes((FILE, b"x" * 100))[:-10],
        form_bytes((FILE, b"x" * 100))[:90],
        form_bytes((FILE, b"x")).replace(MARK, b"another"),
        form_bytes((b"Content-Type: text/plain", b"x")),
        form_bytes((FILE + b"\r\nContent-Transfer-Encoding: base64", b"eA==")),
        form_bytes((FILE.replace(b"a.bin", b"\xff"), b"x")),
        b"",
        b"--" + MARK,
    ),
)
def test_what_is_no_form_with_one_file_is_refused(body: bytes) -> None:
    with pytest.raises(Invalid):
        read_all(arriving(body))


@pytest.mark.parametrize(
    "body",
    (
        form_bytes((FIELD, b"x" * (MAX_FIELDS_BYTES + 1)), (FILE, b"x")),
        form_bytes((FILE, b"x"), (FIELD, b"x" * (MAX_FIELDS_BYTES + 1))),
        form_bytes(*[(FIELD.replace(b"asset", b"%d" % n), b"") for n in range(MAX_PARTS + 1)]),
        b"x" * (4 << 20),
        form_bytes((FILE + b"\r\nX: " + b"x" * (4 << 20), b"x")),
        form_bytes((FILE, b"x")) + b"x" * (4 << 20),
    ),
)
def test_what_would_have_to_wait_in_memory_is_bounded(body: bytes) -> None:
    with pytest.raises(TooLarge):
        read_all(arriving(body))


@given(st.binary(max_size=300), st.integers(1, 50))
def test_any_bytes_are_read_or_refused_in_words(noise: bytes, chunk_bytes: int) -> None:
    body = form_bytes((FILE, b"x"))
    for sent in (noise, body[:40] + noise + body[40:], body[:-20] + noise):
        with suppress(LabsetError):
            read_all(arriving(sent, chunk_bytes))
