from __future__ import annotations

import pytest

from core.errors import Unavailable
from gitlab_bridge.advert import parse_advert, sentence_of

A, B, C = "a" * 40, "b" * 40, "c" * 40
SERVICE = b"# service=git-upload-pack\n"


def _packets(*lines: bytes) -> bytes:
    return b"".join(b"0000" if line == b"" else b"%04x%s" % (len(line) + 4, line) for line in lines)


def test_branches_and_tags_are_read_and_the_rest_is_passed_over() -> None:
    body = _packets(
        SERVICE,
        b"",
        f"{A} HEAD\0multi_ack symref=HEAD:refs/heads/main\n".encode(),
        f"{A} refs/heads/main\n".encode(),
        f"{B} refs/heads/topic/one\n".encode(),
        f"{B} refs/keep-around/x\n".encode(),
        f"{B} refs/merge-requests/1/head\n".encode(),
        f"{C} refs/tags/v1\n".encode(),
        f"{A} refs/tags/v1^{{}}\n".encode(),
        A.encode() + b" refs/heads/\xff\xfe\n",
        b"",
    )
    advert = parse_advert(body)
    assert advert.heads == {"main": A, "topic/one": B}
    assert advert.tags == {"v1": C}
    assert advert.peeled == {"v1": A}
    assert advert.refs == {
        "refs/heads/main": A,
        "refs/heads/topic/one": B,
        "refs/tags/v1": C,
    }


def test_an_empty_repository_has_no_refs() -> None:
    zero = "0" * 40
    body = _packets(SERVICE, b"", f"{zero} capabilities^{{}}\0agent=git\n".encode(), b"")
    assert parse_advert(body).refs == {}


@pytest.mark.parametrize("body", (b"", b"<html>", b"zzzz", _packets(b"something else"), b"0000"))
def test_what_is_no_advertisement_is_not_taken_for_an_empty_repository(body: bytes) -> None:
    with pytest.raises(Unavailable):
        parse_advert(body)


def test_a_torn_advertisement_is_not_taken_for_fewer_branches() -> None:
    lines = (f"{A} refs/heads/main\n".encode(), f"{B} refs/heads/topic\n".encode())
    whole = _packets(SERVICE, b"", *lines, b"")
    assert len(parse_advert(whole).heads) == 2
    for length in range(len(whole)):
        with pytest.raises(Unavailable):
            parse_advert(whole[:length])


def test_the_first_sentence_of_gitlab_is_found() -> None:
    said = "\n=====\n\nGitLab: You are not allowed to push code to this project.\n\n====\n"
    assert sentence_of(said) == "You are not allowed to push code to this project"
    assert sentence_of("") == "GitLab does not allow this"
