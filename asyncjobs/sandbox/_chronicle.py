"""What has happened to websets, imports and monitors: one row for each event, made up when somebody asks.

Jobs change by the clock and nobody is there to see it, so the chronicle looks at each job when it is due to change, or
was interfered with, and writes down what it would have told then.
"""

from __future__ import annotations

import heapq
import itertools
import random
import string
from typing import TYPE_CHECKING, Any, Final

import attrs

from ._lives import FINAL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from ._jobs import RemoteJob
    from ._world import World

EVENTS: Final = (
    *("webset.created", "webset.deleted", "webset.paused", "webset.idle"),
    *("webset.search.created", "webset.search.canceled", "webset.search.completed", "webset.search.updated"),
    *("import.created", "import.completed", "webset.item.created", "webset.item.enriched"),
    *("monitor.created", "monitor.updated", "monitor.deleted", "monitor.run.created", "monitor.run.completed"),
    *("webset.export.created", "webset.export.completed"),
)
_BASE36: Final = string.digits + string.ascii_lowercase
#: For how long the service keeps events, in seconds.
KEPT: Final = 60 * 86_400.0


def cuid(rng: random.Random) -> str:
    """Return an id in the manner of Websets."""
    return "cm" + "".join(rng.choices(_BASE36, k=23))


@attrs.frozen
class Told:
    """One event; *at* is a reading of the sandbox's clock."""

    at: float
    number: int
    type: str
    body: dict[str, Any]


@attrs.define(eq=False)
class _Track:
    """A job that is followed, and how much of it has been told."""

    job: RemoteJob
    shape: Callable[[float], dict[str, Any]]
    # What each word is called as an event.
    types: Mapping[str, str]
    # More that a job tells between its words: when it is next due after a time, and what it is then.
    between: Callable[[float], Iterator[tuple[str, dict[str, Any]]]] | None = None
    due: Callable[[float], float | None] | None = None
    ended: Callable[[float], object] | None = None
    epoch: float | None = None
    steps: int = 0


class Chronicle:
    """The events of one sandbox, oldest first, as far as :meth:`catch_up` was called."""

    def __init__(self, world: World) -> None:
        self.told: list[Told] = []
        self._world = world
        self._heap: list[tuple[float, int, _Track]] = []
        self._touched: list[_Track] = []
        self._numbers = itertools.count()
        # Called when something has happened that was not due, or will be due sooner.
        self.on_stir: Callable[[], object] | None = None
        # Of its own: whether anybody asks for events must not change what happens.
        self._rng = random.Random(0)  # noqa: S311  (repeatable on purpose)

    def tell(self, kind: str, data: dict[str, Any], at: float) -> None:
        """Write down an event; an unknown *kind* is one that the service has invented since."""
        body = {
            "id": cuid(self._rng),
            "object": "event",
            "type": kind,
            "data": data,
            "createdAt": self._world.stamp(at),
        }
        self.told.append(Told(at, len(self.told), kind, body))
        self.stir()

    def stir(self) -> None:
        """Let whoever waits for events look again."""
        if self.on_stir is not None:
            self.on_stir()

    def follow(
        self,
        job: RemoteJob,
        shape: Callable[[float], dict[str, Any]],
        types: Mapping[str, str],
        *,
        between: Callable[[float], Iterator[tuple[str, dict[str, Any]]]] | None = None,
        due: Callable[[float], float | None] | None = None,
        ended: Callable[[float], object] | None = None,
    ) -> None:
        """Tell of a job from now on: that it was created (the type under ``""``), and what becomes of it."""
        track = _Track(job, shape, types, between, due, ended)
        job.listeners.append(lambda: self._touch(track))
        heapq.heappush(self._heap, (job.created, next(self._numbers), track))
        self.stir()

    def _touch(self, track: _Track) -> None:
        self._touched.append(track)
        self.stir()

    def catch_up(self, now: float) -> None:
        """Write down what has happened until *now*."""
        touched, self._touched = self._touched, []
        for track in touched:
            heapq.heappush(self._heap, (now, next(self._numbers), track))
        while self._heap and self._heap[0][0] <= now + 1e-6:
            at, _, track = heapq.heappop(self._heap)
            self._look(track, at)
            self._plan(track, at)

    def next_due(self) -> float | None:
        """Return when something happens next if nobody interferes."""
        return self._heap[0][0] if self._heap else None

    def since(self, at: float) -> list[Told]:
        """Return the events that the service still has at *at*."""
        return [told for told in self.told if at - KEPT <= told.at <= at]

    def _plan(self, track: _Track, at: float) -> None:
        dues = [track.job.next_change(at), None if track.due is None else track.due(at)]
        for due in {due for due in dues if due is not None}:
            heapq.heappush(self._heap, (due, next(self._numbers), track))

    def _look(self, track: _Track, at: float) -> None:
        job = track.job
        if job.refusal(at) is not None:
            return
        if track.epoch is None and "" in track.types:
            self.tell(track.types[""], track.shape(job.created), job.created)
        if track.epoch != job.epoch:
            track.epoch, track.steps = job.epoch, 0
        if track.between is not None:
            for kind, data in track.between(at):
                self.tell(kind, data, at)
        steps = job.steps(at)
        new, track.steps = steps[track.steps :], len(steps)
        for since, word in new:
            if word in track.types:
                self.tell(track.types[word], track.shape(since), max(since, job.created))
            if word in FINAL and track.ended is not None:
                track.ended(since)
