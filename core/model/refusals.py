"""What DVC was refused, kept for people: DVC itself shows a refusal as missing files."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

REFUSAL_LIFETIME = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Refusal:
    """The newest request of DVC that one person was refused for one dataset.

    `method` is HTTP's; `code` and `message` are those of the error that was answered.
    """

    at: datetime
    method: str
    code: str
    message: str

    @property
    def is_of_push(self) -> bool:
        """Whether bytes were sent, or asked for."""
        return self.method in {"POST", "PUT"}
