"""Whose turn it is: by the time at which it comes, some before all others, without starving those."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, Final, Generic, TypeAlias, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

#: A time, a number that keeps the order of equal times, and whose turn it is.
Entry: TypeAlias = tuple[float, int, T]

#: When more turns have come than can be served, after so many that go first the oldest of all is served.
_FIRST_PER: Final = 4


class Turns(Generic[T]):
    """
    Entries by their times. Those that were replaced stay until they come up: *valid* says which count.

    To put in one or to take one out costs the logarithm of how many there are.
    """

    def __init__(self, valid: Callable[[Entry[T]], bool]) -> None:
        self._valid = valid
        self._first: list[Entry[T]] = []
        self._others: list[Entry[T]] = []
        self._firsts = 0

    def __len__(self) -> int:
        """How many entries there are, replaced ones included."""
        return len(self._first) + len(self._others)

    def put(self, entry: Entry[T], *, first: bool, valid: int) -> None:
        """Put *entry* in, among those that go *first* or the others; at most so many in all are *valid*."""
        heap = self._first if first else self._others
        heapq.heappush(heap, entry)
        if len(heap) > 2 * valid + 64:
            # Entries that were replaced are the most: sweep.
            heap[:] = [each for each in heap if self._valid(each)]
            heapq.heapify(heap)

    def next(self) -> float | None:
        """Return the time of the next turn, ``None`` if there is none."""
        heads = self._head(self._first), self._head(self._others)
        return min((head for head in heads if head is not None), default=None)

    def pop(self, now: float) -> Entry[T] | None:
        """Take out the entry whose turn it is, ``None`` if nobody's has come."""
        first, other = self._head(self._first), self._head(self._others)
        served = other is None or other > now or self._firsts < _FIRST_PER or (first is not None and first <= other)
        if first is not None and first <= now and served:
            self._firsts += 1
            return heapq.heappop(self._first)
        if other is None or other > now:
            return None
        self._firsts = 0
        return heapq.heappop(self._others)

    def _head(self, heap: list[Entry[T]]) -> float | None:
        while heap:
            if self._valid(heap[0]):
                return heap[0][0]
            heapq.heappop(heap)
        return None
