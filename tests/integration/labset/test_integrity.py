"""Bytes that are lost or damaged at the site: exit code 6, and nothing wrong under a file's name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import boto3
import pytest

from bench.stack import Running
from tests.integration.labset.conftest import Typist

DATA = b"the right bytes\n" * 200


@pytest.fixture
def stored(
    alice: Typist, new_dataset: Callable[..., int], stack: Running
) -> tuple[int, Callable[[bytes | None], None]]:
    """A dataset with one file, and how to lose or damage its bytes behind everybody's back."""
    dataset = new_dataset()
    (alice.home / "a.bin").write_bytes(DATA)
    assert alice.run("upload", dataset, "a.bin").code == 0
    access = stack.ready["s3"]
    s3: Any = boto3.client(
        "s3",
        endpoint_url=access["endpoint"],
        aws_access_key_id=access["access_key"],
        aws_secret_access_key=access["secret_key"],
        region_name="us-east-1",
    )
    bucket = access["bucket"]
    keys = [
        row["Key"]
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
        for row in page.get("Contents", [])
        if f"/{dataset}-" in f"/{row['Key']}" and "/files/md5/" in row["Key"]
    ]
    assert len(keys) == 1

    def replace(data: bytes | None) -> None:
        if data is None:
            s3.delete_object(Bucket=bucket, Key=keys[0])
        else:
            s3.put_object(Bucket=bucket, Key=keys[0], Body=data)

    return dataset, replace


@pytest.mark.parametrize("data", (None, b"wrong bytes here" * 200, DATA[:100]))
def test_a_download_of_wrong_bytes_leaves_nothing_under_the_name(
    alice: Typist, stored: tuple[int, Callable[[bytes | None], None]], data: bytes | None
) -> None:
    dataset, replace = stored
    replace(data)
    done = alice.run("download", "--project-id", dataset, "--output", "out", "--no-cache")
    assert done.code == 6, done.err
    assert "a.bin" in done.err
    assert not (alice.home / "out" / "a.bin").exists()


def test_what_is_lost_is_found_by_looking(
    alice: Typist, stored: tuple[int, Callable[[bytes | None], None]]
) -> None:
    dataset, replace = stored
    replace(None)
    done = alice.run("verify", dataset)
    assert done.code == 6
    assert "missing\t" in done.out
    assert "a.bin" in done.out


def test_what_is_damaged_is_found_by_reading(
    alice: Typist, stored: tuple[int, Callable[[bytes | None], None]]
) -> None:
    dataset, replace = stored
    replace(DATA[:-1] + b"!")
    assert alice.run("verify", dataset).code == 0
    done = alice.run("verify", dataset, "--bytes")
    assert done.code == 6
    assert "damaged\t" in done.out


@pytest.mark.parametrize("data", (None, b"wrong bytes here" * 200))
def test_who_has_the_right_bytes_repairs_what_is_lost_or_damaged(
    alice: Typist, stored: tuple[int, Callable[[bytes | None], None]], data: bytes | None
) -> None:
    dataset, replace = stored
    replace(data)
    told = alice.run("download", "--project-id", dataset, "--output", "out", "--no-cache").err
    assert "labset upload --repair" in told
    assert "nothing to commit" in alice.run("upload", dataset, "a.bin").out
    assert alice.run("upload", dataset, "a.bin", "--repair").code == 0
    assert alice.run("verify", dataset, "--bytes").code == 0


def test_an_archive_ends_with_the_name_of_what_is_damaged_however_far_it_came(
    alice: Typist, stored: tuple[int, Callable[[bytes | None], None]]
) -> None:
    dataset, replace = stored
    before = alice.home / "0" / "before.bin"
    before.parent.mkdir()
    before.write_bytes(bytes(range(256)) * 20_000)
    assert alice.run("upload", dataset, "0").code == 0
    replace(b"wrong bytes here" * 200)
    done = alice.run("archive", dataset, "--output", "all.tar")
    assert done.code == 6, done.err
    assert "a.bin" in done.err
    assert not (alice.home / "all.tar").exists()
