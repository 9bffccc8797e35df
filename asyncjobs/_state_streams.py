"""
What is known of a stream of a job's states, and what to do next: decided without a clock or a loop.

Such a stream has no ids, may be silent for long, and its end says nothing of the job. One that broke off is opened
anew after a look at the job; one that ended in good order before the job has nobody left who would tell: from then on
looks do. The end is told once, by the stream, or by the look that found it.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING, Any, Final

from asyncjobs._bodies import read_json
from asyncjobs._figures import pick

if TYPE_CHECKING:
    from asyncjobs._calls import StateStream

#: A job that has ended may have left parts untold: so often in a row the stream may break off before they are given up.
_MOST_BREAKS: Final = 3
#: So many parts are remembered; a service tells all of them again when its stream is opened again.
_MOST_PARTS: Final = 100_000


class Step(Enum):
    """What to do next."""

    OPEN = auto()
    """Open the stream."""
    READ = auto()
    """Read from it."""
    LOOK = auto()
    """Wait until the job was looked at."""
    WAIT = auto()
    """Wait until a look has found the end."""
    TELL = auto()
    """Tell of the end that a look has found."""
    END = auto()
    """All was told."""


class Story:
    """What one follower has been told by the streams of one job."""

    def __init__(self, source: StateStream) -> None:
        self._source = source
        self._reading = False
        self._look_due = False
        self._deserted = False  # Whether no stream tells of the job any more.
        self._told = False  # Whether the end was.
        self._breaks = 0
        self._parts: set[str] = set()

    def next(self, *, final: bool) -> Step:
        """Return the next step; *final* says whether the job was seen to end."""
        if self._told:
            return Step.END
        if self._reading:
            return Step.READ
        if self._deserted or (final and self._breaks >= _MOST_BREAKS):
            return Step.TELL if final else Step.WAIT
        return Step.LOOK if self._look_due and not final else Step.OPEN

    def opened(self) -> None:
        """Take in that a stream is open."""
        self._reading = True

    def broke(self) -> None:
        """Take in that it broke off."""
        self._reading, self._look_due = False, True
        self._breaks += 1

    def ended(self) -> None:
        """Take in that it ended in good order, or that the service has none."""
        self._reading, self._deserted = False, True

    def looked(self) -> None:
        """Take in that the job was looked at."""
        self._look_due = False

    def told_end(self) -> None:
        """Take in that the end was told."""
        self._told = True

    def read(self, data: str) -> tuple[dict[str, Any], dict[str, Any] | None] | None:
        """
        Return what an event says, and if it is a whole job that one; ``None`` for what is no news.

        Nonsense is none, nor a part that was told before.
        """
        try:
            payload = read_json(data.encode())
        except (ValueError, RecursionError):
            return None
        if not isinstance(payload, dict):
            return None
        tag, inner = payload.get(self._source.tag), payload.get(self._source.data)
        if tag == self._source.state:
            self._breaks = 0
            return (payload, inner) if isinstance(inner, dict) else None
        path = self._source.parts.get(tag) if isinstance(tag, str) else None
        if path is not None and isinstance(part := pick(payload, path), str):
            if part in self._parts:
                return None
            if len(self._parts) < _MOST_PARTS:
                self._parts.add(part)
        self._breaks = 0
        return payload, None
