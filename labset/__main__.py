"""`python -m labset` is the command `labset`."""

from labset.cli.main import main

main()
