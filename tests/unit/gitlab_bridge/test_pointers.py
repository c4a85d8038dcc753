from __future__ import annotations

import pytest

from core.model.content import Broken, Pointer
from core.model.names import Md5
from gitlab_bridge.pointers import MAX_POINTER_BYTES, read_pointer, write_pointer

MD5 = "a1b2c3d4" * 4
PLAIN = f"outs:\n- md5: {MD5}\n  size: 3\n  hash: md5\n  path: a.jpg\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    (
        (PLAIN, Pointer(Md5(MD5), 3)),
        (PLAIN.replace("  hash: md5\n", ""), Pointer(Md5(MD5), 3, legacy=True)),
        (PLAIN.replace("  size: 3\n", ""), Pointer(Md5(MD5), None)),
        (PLAIN.replace(MD5, "'" + "1" * 32 + "'"), Pointer(Md5("1" * 32), 3)),
        (PLAIN.replace(MD5, '"' + "1" * 32 + '"'), Pointer(Md5("1" * 32), 3)),
        (PLAIN.replace("a.jpg", "'a.jpg'"), Pointer(Md5(MD5), 3)),
        (PLAIN.replace("a.jpg", "./a.jpg"), Pointer(Md5(MD5), 3)),
        (PLAIN + "meta:\n  who: [x, y]\n", Pointer(Md5(MD5), 3)),
        (PLAIN + "  desc: 'a: b'\n  push: false\n  remote: other\n", Pointer(Md5(MD5), 3)),
        (PLAIN + "frozen: true\ndeps:\n- path: s3://b/a.jpg\n  etag: x\n", Pointer(Md5(MD5), 3)),
        (PLAIN + "wdir: .\n", Pointer(Md5(MD5), 3)),
        ("# a comment\n" + PLAIN, Pointer(Md5(MD5), 3)),
        (PLAIN.replace("\n", "\r\n"), Pointer(Md5(MD5), 3)),
        (PLAIN.replace("- md5", "-   md5").replace("\n  ", "\n    "), Pointer(Md5(MD5), 3)),
        (
            f"outs:\n- md5: {MD5}.dir\n  size: 3\n  nfiles: 2\n  hash: md5\n  path: a.jpg\n",
            Pointer(Md5(MD5, is_directory=True), 3, 2),
        ),
        (f"outs: [{{md5: {MD5}, path: a.jpg, hash: md5}}]", Pointer(Md5(MD5), None)),
    ),
)
def test_what_dvc_reads_is_read_alike(text: str, expected: Pointer) -> None:
    assert read_pointer("a.jpg", text.encode()) == expected


@pytest.mark.parametrize(
    ("text", "reason"),
    (
        (PLAIN.replace(MD5, "1" * 32), "number"),
        (PLAIN.replace(MD5, "1" * 20 + "e" + "1" * 11), "number"),
        (PLAIN.replace(MD5, MD5.upper()), "lower-case"),
        (PLAIN.replace(MD5, MD5[:31]), "32"),
        (PLAIN.replace(MD5, "../" + MD5[:29]), "32"),
        (PLAIN.replace("a.jpg", "b.jpg"), "beside"),
        (PLAIN.replace("a.jpg", "../a.jpg"), "out of its folder"),
        (PLAIN.replace("a.jpg", "/etc/passwd"), "out of its folder"),
        (PLAIN.replace("a.jpg", "x/a.jpg"), "out of its folder"),
        (PLAIN.replace("a.jpg", "123"), "not text"),
        (PLAIN.replace("a.jpg", ".."), "out of its folder"),
        (PLAIN.replace("size: 3", "size: -3"), "size"),
        (PLAIN.replace("size: 3", "size: 3.5"), "size"),
        (PLAIN.replace("size: 3", "size: true"), "size"),
        (PLAIN.replace("size: 3", "size: 1" + "0" * 30), "size"),
        (PLAIN.replace("hash: md5", "hash: sha256"), "hash"),
        (PLAIN + "  cache: false\n", "cache"),
        (PLAIN + "wdir: ..\n", "wdir"),
        (PLAIN + "cmd: rm -rf /\n", "pipeline"),
        (PLAIN + PLAIN[6:], "several"),
        (PLAIN + "  size: 4\n", "YAML"),
        ("outs: &x\n- *x\n", "aliases"),
        ("outs: !!python/object:os.system []\n", "tags"),
        ("outs: " + "[" * 5000 + "]" * 5000, "deep"),
        ("outs: {" * 1500, "deep"),
        ("outs:\nfrozen: true\n- md5: x\n", "YAML"),
        ("outs:\n  md5: x\n", "no outs"),
        ("", "mapping"),
        ("outs:\n", "no outs"),
        ("outs: []\n", "no outs"),
        ("outs: [a]\n", "mapping"),
        ("- outs\n", "mapping"),
        ("outs:\n- path: a.jpg\n  hash: md5\n", "no md5"),
        ("\x00", "YAML"),
        ("x" * (MAX_POINTER_BYTES + 1), "longer"),
    ),
)
def test_what_is_no_pointer_is_broken_with_the_reason(text: str, reason: str) -> None:
    found = read_pointer("a.jpg", text.encode())
    assert isinstance(found, Broken)
    assert reason in found.problem


def test_bytes_that_are_no_text_are_broken() -> None:
    assert isinstance(read_pointer("a.jpg", b"\xff\xfe"), Broken)


def test_notes_of_people_move_to_the_new_pointer_and_origins_do_not() -> None:
    old = PLAIN + "  desc: 'a: b'\n  labels:\n  - x\nfrozen: true\nmeta:\n  who: me\ndeps: []\n"
    new = write_pointer("a.jpg", Pointer(Md5("f" * 32), 9), old.encode()).decode()
    assert new == (
        f"outs:\n- md5: {'f' * 32}\n  size: 9\n  hash: md5\n  path: a.jpg\n"
        "  desc: 'a: b'\n  labels:\n  - x\nmeta:\n  who: me\n"
    )
    assert write_pointer("a.jpg", Pointer(Md5(MD5), 3), b"broken: [") == PLAIN.encode()


def test_a_legacy_pointer_is_written_without_its_hash() -> None:
    text = write_pointer("a.jpg", Pointer(Md5(MD5), 3, legacy=True))
    assert text == PLAIN.replace("  hash: md5\n", "").encode()
