from __future__ import annotations

import bz2
import gzip
import lzma
import os
import tarfile
import time
import zipfile
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from app.file_formats import LOOKED_AT_BYTES, recognize
from core.model.assets import FileFormat

UNKNOWN = FileFormat("application/octet-stream")


def picture(kind: str) -> bytes:
    file = BytesIO()
    Image.new("RGB", (64, 32)).save(file, kind)
    return file.getvalue()


def in_zip() -> bytes:
    file = BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(zipfile.ZipInfo("a"), "b")
    return file.getvalue()


def in_tar() -> bytes:
    file = BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("a"))
    return file.getvalue()


@pytest.mark.parametrize(
    ("kind", "media_type"),
    (
        ("PNG", "image/png"),
        ("JPEG", "image/jpeg"),
        ("GIF", "image/gif"),
        ("BMP", "image/bmp"),
        ("TIFF", "image/tiff"),
        ("WEBP", "image/webp"),
        ("AVIF", "image/avif"),
        ("JPEG2000", "image/jp2"),
    ),
)
def test_pictures_are_told_with_their_pixels(kind: str, media_type: str) -> None:
    assert recognize(picture(kind)) == FileFormat(media_type, 64, 32)


@pytest.mark.parametrize(
    ("data", "media_type"),
    (
        (gzip.compress(b"x", mtime=0), "application/gzip"),
        (bz2.compress(b"x"), "application/x-bzip2"),
        (lzma.compress(b"x"), "application/x-xz"),
        (in_zip(), "application/zip"),
        (in_tar(), "application/x-tar"),
        (b"\x28\xb5\x2f\xfd" + bytes(50), "application/zstd"),
        (b"7z\xbc\xaf\x27\x1c" + bytes(50), "application/x-7z-compressed"),
        (b"PAR1" + bytes(50), "application/vnd.apache.parquet"),
        (b"\x89HDF\r\n\x1a\n" + bytes(50), "application/x-hdf5"),
        (b"\x93NUMPY\x01\x00" + bytes(50), "application/x-npy"),
        (b"GGUF\x03\x00\x00\x00", "application/x-gguf"),
        (b"SQLite format 3\x00" + bytes(84), "application/vnd.sqlite3"),
        (b"%PDF-1.7\n", "application/pdf"),
        (b"\x00\x00\x00\x18ftypmp42" + bytes(12), "video/mp4"),
        (b"RIFF\x24\x00\x00\x00WAVEfmt ", "audio/wav"),
        (b"RIFF\x24\x00\x00\x00????", UNKNOWN.media_type),
        (b'{"a": "\xc3\xa4"}', "text/plain"),
        (b"a,b\n1,2\n", "text/plain"),
        ("Grüße".encode()[:-1], "text/plain"),
        ("Grüße".encode("latin-1"), UNKNOWN.media_type),
        (b"\xef\xbb\xbf <!DOCTYPE html><p>", "text/html"),
        (b"<?xml version='1.0'?><a/>", "application/xml"),
        (b"BMW and other words", "text/plain"),
        (b"BM\x00\x01", UNKNOWN.media_type),
        (b"text\x00", UNKNOWN.media_type),
        (b"\x80\x04\x95", UNKNOWN.media_type),
        (b"", UNKNOWN.media_type),
    ),
    ids=lambda value: value[:12].hex() if isinstance(value, bytes) else value,
)
def test_other_files_are_told_by_how_they_begin(data: bytes, media_type: str) -> None:
    assert recognize(data) == FileFormat(media_type)


@pytest.mark.parametrize(
    "drawing",
    (
        b'<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10"/>',
        b'<?xml version="1.0"?>\n<!-- x -->\n<svg width="10" height="10"/>',
        b'<!DOCTYPE svg [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><svg width="1" height="1"/>',
    ),
)
def test_drawings_have_no_pixels_and_are_not_parsed(drawing: bytes) -> None:
    assert recognize(drawing) == FileFormat("image/svg+xml")


@pytest.mark.parametrize("kind", ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "AVIF"))
def test_a_head_that_is_cut_anywhere_is_no_failure(kind: str) -> None:
    data = picture(kind)
    found = {recognize(data[:length]) for length in range(0, len(data), 3)}
    sides = {(one.width, one.height) for one in found}
    assert sides <= {(64, 32), (None, None)}


def test_a_large_picture_is_told_by_its_beginning() -> None:
    file = BytesIO()
    Image.frombytes("RGB", (600, 400), os.urandom(720_000)).save(file, "PNG")
    assert recognize(file.getvalue()[:LOOKED_AT_BYTES]) == FileFormat("image/png", 600, 400)


def test_a_bomb_of_pixels_is_told_and_not_opened() -> None:
    header = picture("PNG")[:16] + (2**31 - 1).to_bytes(4) * 2 + bytes(20)
    assert recognize(header) == FileFormat("image/png", 2**31 - 1, 2**31 - 1)
    beyond = picture("PNG")[:16] + b"\xff" * 8 + bytes(20)
    assert recognize(beyond) == FileFormat("image/png")


def box(kind: bytes, data: bytes) -> bytes:
    return (len(data) + 8).to_bytes(4) + kind + data


BOMBS = {
    "segments": b"\xff\xd8\xff" + b"\xe0\x00\x02" * 80_000,
    "fill bytes": b"\xff\xd8" + b"\xff" * 250_000,
    "boxes": b"\x00\x00\x00\x0cjP  \r\n\x87\n" + b"\x00\x00\x00\x08aaaa" * 30_000,
    "places": box(b"ftyp", b"avif\x00\x00\x00\x00")
    + box(b"meta", bytes(4) + box(b"iloc", bytes(6) + b"\x7f\xff" + b"\0\1\0\0\xff\xff" * 30_000)),
    "tags": b"II+\x00\x08\x00\x00\x00\x10" + bytes(7) + b"\xff" * 8 + b"\x01" * 250_000,
    "digits": b"P6 " + b"1" * 250_000,
    "brackets": b"<" * 250_000,
    "offset": b"II*\x00\xff\xff\xff\xff",
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_no_file_keeps_the_server_busy(bomb: str) -> None:
    began_at = time.process_time()
    assert recognize(BOMBS[bomb]).width is None
    assert time.process_time() - began_at < 1


@given(st.sampled_from(sorted(BOMBS)), st.binary(max_size=300), st.integers(0, 40))
def test_nothing_raises(bomb: str, noise: bytes, cut: int) -> None:
    recognize(noise)
    recognize(BOMBS[bomb][:cut] + noise)
