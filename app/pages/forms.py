"""Forms that keep what was typed and say beside each field what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from http import HTTPStatus
from typing import TypeVar

from flask import request

from app.errors import status_of
from core.errors import Invalid, LabsetError, Unauthenticated

EnumT = TypeVar("EnumT", bound=StrEnum)
ValueT = TypeVar("ValueT")


@dataclass(slots=True)
class Form:
    """What a person typed, and the problems found: by field, or of the whole under `message`."""

    values: Mapping[str, str]
    problems: dict[str, str] = field(default_factory=dict)
    message: str = ""
    error: LabsetError | None = None

    def value(self, name: str) -> str:
        """Return a field as it was typed, without outer blanks."""
        return self.values.get(name, "").strip()

    def maybe(self, name: str) -> str | None:
        """Return a field, or None where it is empty."""
        return self.value(name) or None

    def tags(self) -> tuple[str, ...]:
        """Return the field `tags`, separated by commas, each once."""
        parts = (part.strip() for part in self.values.get("tags", "").split(","))
        return tuple(dict.fromkeys(part for part in parts if part))

    def one_of(self, name: str, kind: type[EnumT], default: EnumT) -> EnumT:
        """Return a choice; a value that is none of them is a problem of the field."""
        text = self.value(name)
        with suppress(ValueError):
            return kind(text) if text else default
        self.problems[name] = f"{text!r} is not among the choices."
        return default

    def check(self, check: Callable[[ValueT], None], value: ValueT) -> ValueT:
        """Run one of the model's checks, and keep its complaint."""
        try:
            check(value)
        except Invalid as error:
            self.refuse(error)
        return value

    @property
    def is_refused(self) -> bool:
        """Whether anything is wrong."""
        return bool(self.problems or self.message)

    def refuse(self, error: LabsetError) -> None:
        """Keep why it was refused, beside the field where the error names one of this form.

        Raises:  the error itself, where signing in is what helps.
        """
        if isinstance(error, Unauthenticated):
            raise error
        self.error = error
        name = str(error.details.get("field", ""))
        if name in self.values:
            self.problems.setdefault(name, error.message)
        else:
            self.message = error.message

    @property
    def status(self) -> HTTPStatus:
        """The status of the page that shows this form."""
        if self.error is not None:
            return status_of(self.error)
        return HTTPStatus.BAD_REQUEST if self.is_refused else HTTPStatus.OK


def sent_form() -> Form:
    """Return the form that came with this request."""
    return Form(request.form.to_dict())


def fresh_form(**values: str) -> Form:
    """Return a form to be filled in, with what is known already."""
    return Form(values)
