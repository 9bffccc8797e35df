"""A clock that stands still until it is told to move."""

from __future__ import annotations

import math
from typing import Any

from asyncjobs.errors import InvalidArgument


class ManualClock:
    """
    Time that moves only when told, in seconds; calling it reads it.

    For whatever takes a clock as a function, such as a sandbox whose jobs live when the test says so::

        clock = ManualClock()
        async with Sandbox(clock=clock) as sandbox:
            ...  # as many looks as you like: the job is where it was
            clock.advance(60)

    It drives a service, not a client: looks are paced by the event loop (see :class:`VirtualLoop`), which does not
    know of this clock.

    Raises:
        InvalidArgument: *start* is no finite number.
    """

    def __init__(self, start: float = 0.0) -> None:
        self._now = _seconds(start, "start")

    def __call__(self) -> float:
        """Return the time, as :attr:`now`."""
        return self._now

    def __repr__(self) -> str:
        return f"<ManualClock at {self._now:g} s>"

    @property
    def now(self) -> float:
        """The time in seconds; it begins at *start*."""
        return self._now

    def advance(self, seconds: float) -> float:
        """
        Let so many seconds pass, and return the time then.

        Raises:
            InvalidArgument: *seconds* is negative or no finite number: time does not run backwards.
        """
        if _seconds(seconds, "seconds") < 0:
            raise InvalidArgument("seconds", f"expected no negative number, got {seconds:g}")
        self._now += seconds
        return self._now


def _seconds(value: Any, field: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise InvalidArgument(field, f"expected a finite number of seconds, got {value!r}")
    return float(value)
