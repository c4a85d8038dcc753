"""`make reindex`: rebuild what the ledger mirrors. Safe beside a running server, and to repeat."""

from __future__ import annotations

import os
import sys

from app.logs import set_up_logging
from app.settings import read_settings
from app.wiring import open_services
from core.errors import LabsetError
from core.usecases.upkeep.reindex import reindex


def main() -> int:
    """Reindex; return 1 if there was anything that could not be restored."""
    set_up_logging()
    try:
        services = open_services(read_settings(os.environ))
    except LabsetError as error:
        sys.stderr.write(f"{error.message}\n")
        return 2
    found = reindex(services.platform)
    sys.stdout.write(f"{found.sites} storage sites, {found.markers} bindings found\n")
    for problem in found.problems:
        sys.stderr.write(f"not restored: {problem}\n")
    return 1 if found.problems else 0


if __name__ == "__main__":
    sys.exit(main())
