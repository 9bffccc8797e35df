"""What stands where in a payload, and the figures of progress in it."""

from __future__ import annotations

import functools
import sys
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
#: Figures for people must never break a look: what is no number, and true is none, is not told.
_NUMBERS: Final = {int, float}


def progress_of(kind: JobKind[Any], payload: Mapping[str, Any]) -> Progress | None:
    """Return how far the job is, ``None`` if its service does not tell."""
    names, holders = kind.figures
    told: list[float | None] = []
    for steps, keys in holders:
        held = _walk(payload, steps)
        if not isinstance(held, dict):
            held = {}
        told += [value if type(value := held.get(key)) in _NUMBERS else None for key in keys]
    return _progress(names, *told)


# Nobody changes it, so that jobs which are equally far share one: most that are cancelled have nothing to show.
@functools.lru_cache(maxsize=1024, typed=True)
def _progress(names: tuple[str, ...], *told: float | None) -> Progress | None:
    figures: dict[str, Any] = {}
    for name, value in zip(names, told, strict=True):
        if value is not None and abs(value) <= _MOST:  # Neither is what is infinite, or not a number.
            figures[name] = int(value) if name in _WHOLE else float(value)
    return Progress(**figures) if figures else None
