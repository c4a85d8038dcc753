"""giftless, a Git LFS server, in a virtual environment of its own beside the user's other caches."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.contestants.ground import Absent, Ground

# giftless names no requirements in its wheel; these are what its S3 side imports.
# PyJWT refuses from 2.10 on the tokens that it makes.
_PACKAGES = (
    "giftless==0.6.2",
    "boto3==1.44.5",
    "cachetools==8.0.1",
    "cryptography==50.0.2",
    "figcan==0.0.4",
    "flask==3.1.3",
    "flask-classful==0.16.0",
    "flask-marshmallow==1.5.0",
    "gunicorn==27.0.1",
    "marshmallow==4.4.0",
    "pyjwt==2.9.0",
    "python-dateutil==2.9.0.post0",
    "python-dotenv==1.2.4",
    "pyyaml==6.0.3",
    "requests==2.34.2",
    "typing-extensions==4.16.0",
    "webargs==8.7.1",
)
_START_SECONDS = 30.0
_STOP_SECONDS = 10.0


@contextmanager
def running_giftless(ground: Ground) -> Iterator[str]:
    """Start giftless over the ground's bucket, yield its address, end it.

    Raises:  Absent, if its packages cannot be had.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    address = f"http://127.0.0.1:{port}"
    gunicorn = _ensure_environment() / "bin" / "gunicorn"
    command = [str(gunicorn), "--bind", f"127.0.0.1:{port}", "--workers", "4"]
    with (ground.folder / "giftless.log").open("ab") as log:
        process = subprocess.Popen(
            [*command, "giftless.wsgi_entrypoint:app"],
            cwd=ground.folder,
            env=_settings(ground),
            stdout=log,
            stderr=log,
        )
    try:
        _wait(address, process, ground.folder / "giftless.log")
        yield address
    finally:
        process.terminate()
        process.wait(_STOP_SECONDS)


def _settings(ground: Ground) -> dict[str, str]:
    storage = {
        "storage_class": "giftless.storage.amazon_s3:AmazonS3Storage",
        "storage_options": {"bucket_name": ground.bucket, "endpoint": ground.endpoint},
        "action_lifetime": 3600,
    }
    adapter = {"factory": "giftless.transfer.basic_external:factory", "options": storage}
    config = {
        "AUTH_PROVIDERS": ["giftless.auth.allow_anon:read_write"],
        "LEGACY_ENDPOINTS": False,
        "PRE_AUTHORIZED_ACTION_PROVIDER": {"options": {"private_key": secrets.token_hex(32)}},
        "TRANSFER_ADAPTERS": {"basic": adapter},
    }
    aws = ground.folder / "aws.conf"
    aws.write_text(
        "[default]\nregion = us-east-1\n"
        "s3 =\n    signature_version = s3v4\n    addressing_style = path\n",
        encoding="utf-8",
    )
    access, secret = ground.keys
    return {
        **ground.shell.environment,
        "GIFTLESS_CONFIG_STR": json.dumps(config),
        "AWS_CONFIG_FILE": str(aws),
        "AWS_ACCESS_KEY_ID": access,
        "AWS_SECRET_ACCESS_KEY": secret,
    }


def _ensure_environment() -> Path:
    """Return the virtual environment; it is made once for each list of packages."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    name = hashlib.sha256("\n".join(_PACKAGES).encode()).hexdigest()[:12]
    place = cache / "labset-bench" / f"giftless-{name}"
    if (place / "complete").exists():
        return place
    shutil.rmtree(place, ignore_errors=True)
    uv = str(Path(sys.executable).parent / "uv")
    for command in (
        [uv, "venv", "--quiet", "--python", sys.executable, str(place)],
        [uv, "pip", "install", "--quiet", "--python", str(place / "bin" / "python"), *_PACKAGES],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise Absent(f"its server giftless cannot be installed: {done.stderr.strip()[-300:]}")
    (place / "complete").touch()
    return place


def _wait(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while True:
        try:
            urllib.request.urlopen(address, timeout=2).close()  # noqa: S310 - our own server
        except urllib.error.HTTPError as answer:
            answer.close()  # it answers, that there is nothing at /
            return
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                text = log.read_text(encoding="utf-8")[-800:]
                raise RuntimeError(f"giftless did not start: {text}") from None
            time.sleep(0.05)
        else:
            return
