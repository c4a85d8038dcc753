"""The embedded broker: kombu's file-system transport, whose messages appear whole or not at all.

kombu's own writes into the folder that the worker reads, so that a message can be taken half
written, and moves it through the system's temporary folder. Here a message is renamed into place
and renamed away. A message taken by a worker that is killed is lost: the reconciler wakes again.
"""

from __future__ import annotations

import uuid
from pathlib import Path
from queue import Empty
from time import time, time_ns
from typing import Any

from kombu.transport import TRANSPORT_ALIASES, filesystem
from kombu.utils.json import dumps, loads

from app.settings import EMBEDDED_BROKER

_LEFTOVER_SECONDS = 3600
_SCHEME = EMBEDDED_BROKER.partition("://")[0]


class Channel(filesystem.Channel):
    """A queue is a folder's files that end in its name."""

    supports_fanout = False

    def _put(self, queue: str, payload: dict[str, Any], **_options: object) -> None:  # type: ignore[override] # kombu names it in two ways
        name = f"{time_ns()}_{uuid.uuid4()}.{queue}.msg"
        hidden = self._folder / f".{name}"
        hidden.write_text(dumps(payload), encoding="utf-8")
        hidden.rename(self._folder / name)

    def _get(self, queue: str, timeout: float | None = None) -> Any:  # noqa: ANN401, ARG002 - as kombu has it
        for message in sorted(self._folder.glob(f"[0-9]*.{queue}.msg")):
            text = self._take(message)
            if text is not None:
                return loads(text)
        raise Empty

    def _take(self, message: Path) -> str | None:
        """Return the text of a message, or None if another worker was faster."""
        mine = self._folder / f".{uuid.uuid4()}.taken"
        try:
            message.rename(mine)
        except FileNotFoundError:
            return None
        text = mine.read_text(encoding="utf-8")
        mine.unlink()
        return text

    @property
    def _folder(self) -> Path:
        return Path(self.data_folder_in)


class Transport(filesystem.Transport):
    """The transport of `labset-folder://`."""

    Channel = Channel


TRANSPORT_ALIASES[_SCHEME] = f"{__name__}:Transport"


def clear_leftovers(folder: Path) -> None:
    """Remove what killed processes left half written or half taken, once it is an hour old."""
    for leftover in folder.glob(".*"):
        if time() - leftover.stat().st_mtime > _LEFTOVER_SECONDS:
            leftover.unlink(missing_ok=True)
