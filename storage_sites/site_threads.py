"""Threads that wait for sites."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from core.errors import Unavailable

_Args = ParamSpec("_Args")
_ResultT = TypeVar("_ResultT")


class SiteThreads(ThreadPoolExecutor):
    """A pool that says in our words that it takes nothing more, since its process is ending."""

    def submit(
        self, fn: Callable[_Args, _ResultT], /, *args: _Args.args, **kwargs: _Args.kwargs
    ) -> Future[_ResultT]:
        """Hand over work. Raises: Unavailable, while the process ends: another one answers soon."""
        try:
            return super().submit(fn, *args, **kwargs)
        except RuntimeError as error:
            raise Unavailable("Labset is being restarted: try again in a moment.") from error
