"""`python -m devstack`: what `make run` runs."""

from __future__ import annotations

import os
import sys

from devstack.launcher import run

if __name__ == "__main__":
    sys.exit(run(os.environ))
