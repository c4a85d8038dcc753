"""Download files of a revision, each one verified before it gets its name."""

from __future__ import annotations

from labset.download.downloading import Downloaded, download

__all__ = ["Downloaded", "download"]
