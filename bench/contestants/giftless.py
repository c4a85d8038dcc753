"""giftless, a Git LFS server, in a virtual environment of its own beside the user's other caches."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager

from bench.contestants.ground import Absent, Ground
from bench.peer_servers import NotInstallable, ensure_environment, free_port, serving

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


@contextmanager
def running_giftless(ground: Ground) -> Iterator[str]:
    """Start giftless over the ground's bucket, yield its address, end it.

    Raises:  Absent, if its packages cannot be had.
    """
    try:
        programs = ensure_environment("giftless", _PACKAGES)
    except NotInstallable as problem:
        raise Absent(f"its server: {problem}") from problem
    port = free_port()
    command = [str(programs / "gunicorn"), "--bind", f"127.0.0.1:{port}", "--workers", "4"]
    log = ground.folder / "giftless.log"
    with serving([*command, "giftless.wsgi_entrypoint:app"], port, log, _settings(ground)) as url:
        yield url


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
