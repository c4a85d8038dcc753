"""Datasets as a file system of fsspec: `labset://<id>[@ref]/path`."""

from __future__ import annotations

from labset.filesystem.labset_filesystem import LabsetFileSystem

__all__ = ["LabsetFileSystem"]
