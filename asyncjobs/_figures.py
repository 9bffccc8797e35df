"""What stands where in a payload, and the figures of progress in it."""

from __future__ import annotations

import functools
import sys
from math import isfinite
from typing import TYPE_CHECKING, Any, Final

from asyncjobs._models import Progress

if TYPE_CHECKING:
    from collections.abc import Mapping

    from asyncjobs._kinds import JobKind


@functools.cache
def _steps(path: str) -> tuple[str, ...]:
    # Paths are data of kinds, so that there are few; they are walked with each reply.
    return tuple(path.split("."))


def pick(payload: Mapping[str, Any], path: str) -> Any:
    """Return what stands at a dotted *path*, or ``None``."""
    return _walk(payload, _steps(path))


def _walk(payload: Mapping[str, Any], steps: tuple[str, ...]) -> Any:
    value: Any = payload
    for key in steps:
        if not isinstance(value, dict):
            return None
        value = value.get(key)
    return value


_WHOLE: Final = {"found", "analyzed"}
#: The largest float. An integer beyond it is none, or not by much.
_MOST: Final = int(sys.float_info.max)


@functools.lru_cache(maxsize=1024)
def _progress(percent: float | None, found: int | None, analyzed: int | None, time_left: float | None) -> Progress:
    # Nobody changes it, so that jobs which are equally far share one: most that are cancelled have nothing to show.
    return Progress(percent=percent, found=found, analyzed=analyzed, time_left=time_left)


def progress_of(kind: JobKind[Any], payload: Mapping[str, Any]) -> Progress | None:
    """Return how far the job is, ``None`` if its service does not tell."""
    figures: dict[str, Any] = {}
    for holder, names in kind.figures:
        held = _walk(payload, holder)
        if not isinstance(held, dict):
            continue
        for name, key in names:
            value: Any = held.get(key)
            # Figures for people must never break a look: what is no number, and true is none, is not told.
            if type(value) is int:
                if abs(value) <= _MOST:
                    figures[name] = value if name in _WHOLE else float(value)
            elif type(value) is float and isfinite(value):
                figures[name] = int(value) if name in _WHOLE else value
    if not figures:
        return None
    told = figures.get
    return _progress(told("percent"), told("found"), told("analyzed"), told("time_left"))
