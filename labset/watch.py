"""Who watches a transfer: told what begins, how far it is, and what people should know."""

from __future__ import annotations


class Watch:
    """The silent one; others draw or print. Any thread may call it.

    Units:   counts of files and bytes; what is advanced was not told before, or is taken back (< 0).
    """

    def begin(self, what: str, files: int, bytes_: int) -> None:
        """Say that work begins, and how much there is (0: nobody knows)."""

    def advance(self, files: int = 0, bytes_: int = 0) -> None:
        """Say that so much more is done."""

    def say(self, text: str) -> None:
        """Tell people a sentence: what was skipped, what is odd."""

    def end(self) -> None:
        """Say that the work that began last has ended."""
