"""What people install: the command `labset`, the Python client and the file system `labset://`.

Importing this package costs nothing: what needs httpx or fsspec is loaded when it is first asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from labset.client import Client
    from labset.filesystem import LabsetFileSystem

__all__ = ["Client", "LabsetFileSystem", "__version__"]

__version__ = "0.1.0.dev0"

_LOADED_LATE = {"Client": "labset.client", "LabsetFileSystem": "labset.filesystem"}


def __getattr__(name: str) -> object:
    """Return what is loaded late (PEP 562)."""
    if name not in _LOADED_LATE:
        raise AttributeError(f"module 'labset' has no attribute {name!r}")
    return getattr(import_module(_LOADED_LATE[name]), name)
