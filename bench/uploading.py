"""2,000 x 20 kB up and committed: DVC, rclone and Labset's three ways, on the same S3."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from bench.client import Client, by_links, in_batches, new_dataset, one_by_one, upload
from bench.stack import Running

FILES = 2_000
FILE_BYTES = 20_000
ROUNDS = 3


def make_folder(folder: Path) -> Path:
    """Fill a folder with random files; the same at every run."""
    chance = random.Random("bench")
    for index in range(FILES):
        path = folder / f"images/{index // 500}/{index:05d}.bin"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(chance.randbytes(FILE_BYTES))
    return folder


def measure_uploads(stack: Running, folder: Path, work: Path) -> dict[str, float]:
    """Return seconds by name; medians of three rounds, each into a new place (DVC: one round)."""
    client = Client(stack.api, stack.token)
    seconds = {"dvc add + git commit + dvc push": _timed(partial(_dvc, stack, folder, work))}
    ways = {"one request per file": one_by_one, "one link per file": by_links, "batch": in_batches}
    rounds: dict[str, list[float]] = {name: [] for name in ("rclone copy", *ways)}
    for number in range(ROUNDS):
        rounds["rclone copy"].append(_timed(partial(_rclone, stack, folder, number)))
        for name, send in ways.items():
            dataset = new_dataset(client, f"bench {name} {number}")
            rounds[name].append(_timed(partial(upload, client, dataset, folder, send)))
    return seconds | {name: sorted(taken)[len(taken) // 2] for name, taken in rounds.items()}


def _timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _rclone(stack: Running, folder: Path, place: int) -> None:
    s3 = stack.ready["s3"]
    remote = f":s3:{s3['bucket']}/rclone/{place}"
    environment = os.environ | {
        "RCLONE_CONFIG": os.devnull,
        "RCLONE_S3_PROVIDER": "SeaweedFS",
        "RCLONE_S3_ENDPOINT": s3["endpoint"],
        "RCLONE_S3_ACCESS_KEY_ID": s3["access_key"],
        "RCLONE_S3_SECRET_ACCESS_KEY": s3["secret_key"],
        "RCLONE_S3_NO_CHECK_BUCKET": "true",
    }
    command = [
        _program("rclone"),
        "copy",
        str(folder),
        remote,
        "--transfers",
        "16",
        "--no-traverse",
    ]
    _run(command, folder, environment)


def _dvc(stack: Running, folder: Path, work: Path) -> None:
    s3 = stack.ready["s3"]
    place = work / "dvc"
    place.mkdir()
    environment = os.environ | {"DVC_NO_ANALYTICS": "1", "PATH": f"{_bin()}:{os.environ['PATH']}"}
    dvc = _program("dvc")
    keys = ("access_key_id", s3["access_key"]), ("secret_access_key", s3["secret_key"])
    settings = (("endpointurl", s3["endpoint"]), *keys)
    _run(["git", "init", "-q"], place, environment)
    _run([dvc, "init", "-q"], place, environment)
    _run([dvc, "remote", "add", "-q", "-d", "site", f"s3://{s3['bucket']}/dvc"], place, environment)
    for name, value in settings:
        _run([dvc, "remote", "modify", "-q", "site", name, value], place, environment)
    _run(["cp", "-r", str(folder / "images"), str(place)], place, environment)
    files = [str(path.relative_to(place)) for path in sorted((place / "images").rglob("*.bin"))]
    _run([dvc, "add", "-q", *files], place, environment)
    _run(["git", "add", "-A"], place, environment)
    who = ["-c", "user.name=bench", "-c", "user.email=bench@labset.example"]
    _run(["git", *who, "commit", "-q", "-m", "bench"], place, environment)
    _run([dvc, "push", "-q"], place, environment)


def _bin() -> Path:
    return Path(sys.executable).parent


def _program(name: str) -> str:
    return str(_bin() / name)


def _run(command: list[str], folder: Path, environment: dict[str, str]) -> None:
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{command[:3]} failed: {done.stderr.decode()[-800:]}")
