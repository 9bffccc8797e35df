"""What stands where in a payload, and the figures of progress in it."""

from __future__ import annotations

import functools
import math
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
    value: Any = payload
    for key in _steps(path):
        if not isinstance(value, dict):
            return None
        value = value.get(key)
    return value


_WHOLE: Final = {"found", "analyzed"}
_NUMBERS: Final = {int, float}


def progress_of(kind: JobKind[Any], payload: Mapping[str, Any]) -> Progress | None:
    """Return how far the job is, ``None`` if its service does not tell."""
    figures: dict[str, Any] = {}
    for name, path in kind.progress.items():
        value = pick(payload, path)
        # Figures for people must never break a look: what is no number, and true is none, is not told.
        if type(value) not in _NUMBERS:
            continue
        try:
            figure = float(value)
        except OverflowError:
            continue
        if math.isfinite(figure):
            figures[name] = int(value) if name in _WHOLE else figure
    return Progress(**figures) if figures else None
