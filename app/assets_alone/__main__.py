"""`python -m app.assets_alone`, which `./labset-assets` calls: look whether all is right, then serve."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Sequence

from app.assets_alone.settings import CHECKOUT, AloneSettings, read_alone_settings
from app.assets_alone.wiring import find_store_problem, open_alone
from core.errors import Invalid, LabsetError
from core.ports import AssetRules

_USAGE = """usage: labset-assets

Serves an asset database and its registry, alone: no GitLab, no broker, no worker. What it takes comes from
variables of the environment; docs/assets.md tells all of them under "Running alone". To try it:

    LABSET_ASSETS_OPEN=1 ./labset-assets
"""
_ASKS_FOR_HELP = (["-h"], ["--help"])
_WRONG_USE = 2


def main(arguments: Sequence[str]) -> int:
    """Serve until told to stop; comes back only if nothing can be served, with the exit status."""
    if arguments:
        asked = list(arguments) in _ASKS_FOR_HELP
        (sys.stdout if asked else sys.stderr).write(_USAGE)
        return 0 if asked else _WRONG_USE
    try:
        settings = read_alone_settings(os.environ)
        _check_free(settings.bind, settings.port)
        sys.stdout.write(_prepare(settings))
        sys.stdout.flush()
    except LabsetError as problem:
        sys.stderr.write(f"labset-assets: {problem.message}\n")
        return 1
    _serve(settings)
    return 0


def _prepare(settings: AloneSettings) -> str:
    """Make what is made at the first start and try everything once; return what there is to tell."""
    alone = open_alone(settings)
    try:
        problem = find_store_problem(alone)
        warnings = [*settings.warnings, *([problem] if problem else [])]
        return _announcement(settings, alone.house.rules, warnings)
    finally:
        alone.close()


def _check_free(bind: str, port: int) -> None:
    """Refuse an address that cannot be listened on, in fewer words than gunicorn's. Raises Invalid."""
    family = socket.AF_INET6 if ":" in bind else socket.AF_INET
    try:
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((bind, port))
    except OSError as problem:
        raise Invalid(
            f"It cannot listen on {bind}, port {port} ({problem.strerror}): choose others by LABSET_BIND "
            "and LABSET_ASSETS_PORT."
        ) from problem


def _announcement(settings: AloneSettings, rules: AssetRules, warnings: Sequence[str]) -> str:
    token = "" if rules.is_open else ' -H "Authorization: Bearer $TOKEN"'
    lines = [
        "",
        f"  asset database   {rules.base_url}",
        f"  its id           {rules.assets_db_id}",
        f"  bytes            {settings.store.url}",
        f"  entries          {_without_password(settings.database_url)}",
        "",
        *(f"  WARNING: {warning}" for warning in warnings),
        *([""] if warnings else []),
        "  keep a file, and find it again:",
        f'    curl{token} -F "asset=@model.onnx" \\',
        """      -F 'asset_metadata={"asset_name": "Model", "asset_version": {"version": "1.0", "tag": "first"}}' \\""",
        f"      {rules.base_url}/upload_asset",
        f"    curl {rules.base_url}/asset/Model:1.0-first",
        "",
        "  Ctrl-C ends it.",
        "",
    ]
    return "\n".join([*lines, ""])


def _without_password(url: str) -> str:
    """Return where a database is: without who asks there, and without what stands behind a `?`."""
    scheme, separator, rest = url.partition("://")
    return f"{scheme}{separator}{rest.rpartition('@')[2].partition('?')[0]}"


def _serve(settings: AloneSettings) -> None:
    """Become gunicorn, in the same process."""
    host = f"[{settings.bind}]" if ":" in settings.bind else settings.bind
    command = [
        *(sys.executable, "-m", "gunicorn", "--config", str(CHECKOUT / "gunicorn.conf.py")),
        *("--bind", f"{host}:{settings.port}", "app.assets_alone.wsgi:app"),
    ]
    python_path = os.pathsep.join(filter(None, (str(CHECKOUT), os.environ.get("PYTHONPATH"))))
    environment = {**os.environ, "LABSET_HOME": str(settings.home), "PYTHONPATH": python_path}
    os.execve(sys.executable, command, environment)  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
