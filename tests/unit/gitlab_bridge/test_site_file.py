from __future__ import annotations

import pytest

from core.errors import Invalid
from core.model.storage import SiteAddress, SiteKind
from gitlab_bridge.site_file import MAX_SITE_FILE_BYTES, read_site_file, write_site_file

S3 = SiteAddress(
    SiteKind.S3,
    "s3://bucket/prefix",
    endpoint="http://127.0.0.1:9000",
    public_endpoint="https://s3.example",
    region="eu-1",
)
LOCAL = SiteAddress(SiteKind.LOCAL, "file:///srv/lab: data #1")


@pytest.mark.parametrize("address", (S3, LOCAL), ids=["s3", "local"])
def test_what_was_written_is_read_back(address: SiteAddress) -> None:
    assert read_site_file(write_site_file("lab-minio: no #1 'yes'", address).encode()) == address


def test_the_file_is_readable_for_people() -> None:
    assert write_site_file("minio", S3) == (
        "name: minio\nkind: s3\nurl: s3://bucket/prefix\nendpoint: http://127.0.0.1:9000\n"
        "public_endpoint: https://s3.example\nregion: eu-1\n"
    )


@pytest.mark.parametrize(
    "text",
    (
        "",
        "just text",
        "- a\n- b\n",
        "kind: s3\n",
        "kind: tape\nurl: s3://b\n",
        "kind: s3\nurl: 12\n",
        "kind: s3\nurl: s3://b\nsecret_key: x\n",
        "kind: s3\nurl: s3://b\nurl: s3://c\n",
        "kind: s3\nurl: &a s3://b\nendpoint: *a\n",
        "kind: s3\nurl: !!python/object/apply:os.system [id]\n",
        "kind: s3\nurl: s3://b\n---\nkind: s3\n",
        "a: [" * 3000,
        "kind: s3\nurl: s3://b\n#" + "x" * MAX_SITE_FILE_BYTES,
    ),
    ids=range(13),
)
def test_anything_else_is_not_read(text: str) -> None:
    assert read_site_file(text.encode()) is None


def test_bytes_that_are_no_text_are_not_read() -> None:
    assert read_site_file(b"\xff\xfe\x00") is None


@pytest.mark.parametrize("field", ("url", "endpoint", "public_endpoint"))
def test_an_address_with_a_password_is_never_written(field: str) -> None:
    texts = {"url": "s3://bucket"} | {field: "https://user:canary@host/x"}
    with pytest.raises(Invalid) as caught:
        write_site_file("minio", SiteAddress(SiteKind.S3, **texts))
    assert "canary" not in caught.value.message
