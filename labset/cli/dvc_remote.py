"""Give DVC the token: what `dvc remote modify --local labset password` does, without DVC."""

from __future__ import annotations

import labset
from labset.cli.options import AsJson, DatasetId, Server
from labset.cli.output import print_json, print_line
from labset.dvc_config import find_repository, set_password
from labset.errors import NotAllowed


def remote(dataset_id: DatasetId, server: Server = None, *, as_json: AsJson = False) -> None:
    """Give your token to DVC in the repository you are in.

    Writes it to .dvc/config.local, which git ignores. Then `dvc pull` and `dvc push` work.
    """
    with labset.Client(server) as client:
        address, token = client.connection.server, client.connection.token
        if token is None:
            raise NotAllowed(
                f"There is no token to give: run `labset login {address}` first.", "unauthenticated"
            )
        found = find_repository(dataset_id)
        client.dataset(dataset_id)  # the token is good, and the dataset may be seen
    path = set_password(found, token)
    if as_json:
        print_json({"remote": found.remote, "config": path})
    else:
        print_line(f"{path} has your token for the remote {found.remote!r}: run `dvc pull`.")
