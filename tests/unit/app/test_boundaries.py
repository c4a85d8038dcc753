from __future__ import annotations

import io

import pytest
from werkzeug.test import EnvironBuilder

from app.form_files import FormRequest

MARK = b"-" * 26 + b"0123456789abcdef"
FIRST = b'--%b\r\nContent-Disposition: form-data; name="a"; filename="a"\r\n\r\n' % MARK
AT_ONCE = 64 * 1024  # what werkzeug reads


@pytest.mark.parametrize("end", (b"--\r\n", b"--", b"--  \r\n"))
@pytest.mark.parametrize("beyond", range(-12, len(MARK) + 12))
def test_a_form_gives_its_file_as_it_is_wherever_a_read_ends(end: bytes, beyond: int) -> None:
    data = b"x" * (AT_ONCE - len(FIRST) - beyond)
    body = FIRST + data + b"\r\n--" + MARK + end
    builder = EnvironBuilder(
        method="POST",
        content_type=f"multipart/form-data; boundary={MARK.decode()}",
        input_stream=io.BytesIO(body),
        content_length=len(body),
    )
    with FormRequest(builder.get_environ()) as request:
        assert request.files["a"].read() == data
