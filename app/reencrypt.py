"""`make reencrypt`: write all secrets of the ledger anew with the first key.

Run it after `LABSET_SECRET_KEY` was changed and the former key given as `LABSET_SECRET_KEY_OLD`; then the
former key is needed no more. Safe beside a running server, and to repeat.
"""

from __future__ import annotations

import os
import sys

from app.logs import set_up_logging
from app.settings import read_settings
from app.wiring import reencrypt
from core.errors import LabsetError


def main() -> int:
    """Reencrypt; return 2 if the settings or the ledger do not let us."""
    set_up_logging()
    try:
        rows = reencrypt(read_settings(os.environ))
    except LabsetError as error:
        sys.stderr.write(f"{error.message}\n")
        return 2
    sys.stdout.write(f"{rows} secrets were encrypted anew\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
