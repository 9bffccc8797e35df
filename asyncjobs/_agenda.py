"""Which jobs are due for a look, and which requests cover them: a heap without a clock."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Hashable
from typing import TYPE_CHECKING, Generic, TypeVar

import attrs

if TYPE_CHECKING:
    from asyncjobs._calls import Survey

K = TypeVar("K", bound=Hashable)


@attrs.frozen
class Errand(Generic[K]):
    """One request to make and the jobs that it shows: one job, or all that a *survey* covers."""

    keys: tuple[K, ...]
    survey: Survey | None = None


class Agenda(Generic[K]):
    """Keys with the times at which they are due. The oldest is served first, so that nobody starves."""

    def __init__(self) -> None:
        self._due: dict[K, tuple[float, int]] = {}
        self._heap: list[tuple[float, int, K]] = []
        self._numbers = itertools.count()

    def __len__(self) -> int:
        return len(self._due)

    def __contains__(self, key: K) -> bool:
        return key in self._due

    def keys(self) -> list[K]:
        """Return all keys, in no order."""
        return list(self._due)

    def schedule(self, key: K, due: float) -> None:
        """Make *key* due at *due* instead of whenever it was."""
        entry = (due, next(self._numbers))
        self._due[key] = entry
        heapq.heappush(self._heap, (*entry, key))
        if len(self._heap) > 2 * len(self._due) + 64:
            # Entries that were replaced lie about in the heap: sweep when they are the most.
            self._heap = [(due, number, key) for key, (due, number) in self._due.items()]
            heapq.heapify(self._heap)

    def discard(self, key: K) -> None:
        """Forget *key* if it is there."""
        self._due.pop(key, None)

    def next_due(self) -> float | None:
        """Return when the next key is due, ``None`` if there is none."""
        while self._heap:
            due, number, key = self._heap[0]
            if self._due.get(key) == (due, number):
                return due
            heapq.heappop(self._heap)
        return None

    def overdue(self, now: float) -> list[tuple[K, float]]:
        """Return the keys that are due at *now*, each with its time, in no order; they stay."""
        return [(key, due) for key, (due, _) in self._due.items() if due <= now]

    def take(self, now: float, limit: int) -> list[Errand[K]]:
        """Take out at most *limit* errands that are due at *now*; their keys are no longer scheduled."""
        errands: list[Errand[K]] = []
        while len(errands) < limit and (due := self.next_due()) is not None and due <= now:
            _, _, key = heapq.heappop(self._heap)
            del self._due[key]
            errands.append(Errand((key,)))
        return errands
