"""`python -m devstack.gitlab --home DIR --port N`: run the look-alike until it is told to stop."""

from __future__ import annotations

import argparse
from pathlib import Path

from devstack.gitlab.application import create_app
from devstack.gitlab.bootstrap import prepare
from devstack.gitlab.repository.opening import prepare_library
from devstack.gitlab.server import WebServer
from devstack.gitlab.state import Server
from devstack.gitlab.store.database import Database


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m devstack.gitlab", description=__doc__)
    parser.add_argument(
        "--home", type=Path, required=True, help="folder of the database and the repositories"
    )
    parser.add_argument("--port", type=int, default=8929)
    parser.add_argument("--bind", default="127.0.0.1")
    parser.add_argument("--external-url", help="address in links; default: http://BIND:PORT")
    parser.add_argument(
        "--root-token-file", type=Path, help="where to leave the administrator's token (0600)"
    )
    parser.add_argument("--ready-file", type=Path, help="written when requests are answered")
    return parser.parse_args()


def main() -> None:
    """Prepare the home and serve."""
    given = arguments()
    home = given.home.resolve()
    external_url = (given.external_url or f"http://{given.bind}:{given.port}").rstrip("/")
    server = Server(home, external_url, Database(home / "gitlab.sqlite3"))
    prepare_library()
    prepare(server, given.root_token_file)
    WebServer(
        create_app(server), bind=given.bind, port=given.port, ready_file=given.ready_file
    ).run()


if __name__ == "__main__":
    main()
