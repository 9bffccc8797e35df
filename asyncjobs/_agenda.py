"""Which jobs are due for a look, and which requests cover them: a heap without a clock."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Hashable
from typing import TYPE_CHECKING, Generic, TypeVar

import attrs

from asyncjobs._rounds import Group, Route

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

K = TypeVar("K", bound=Hashable)


@attrs.frozen
class Errand(Generic[K]):
    """One thing to ask and for whom: a look at one job, or the list *route* for all that wait for it."""

    keys: tuple[K, ...]
    route: Route | None = None


class Agenda(Generic[K]):
    """Keys with the times at which they are due. The oldest is served first, so that nobody starves."""

    def __init__(self) -> None:
        self._due: dict[K, tuple[float, int]] = {}
        self._heap: list[tuple[float, int, K]] = []
        self._numbers = itertools.count()
        self._urgent: set[K] = set()
        #: Those who were missing in a list: their next look is a single one.
        self._alone: set[K] = set()
        self._routes: dict[K, tuple[Group[K], ...]] = {}
        self._groups: dict[Route, Group[K]] = {}
        self._waits: dict[K, Group[K]] = {}
        #: Those for whom somebody waits.
        self._awaited: dict[Group[K], None] = {}

    def __len__(self) -> int:
        return len(self._due)

    def __contains__(self, key: K) -> bool:
        return key in self._due

    def keys(self) -> list[K]:
        """Return all keys, in no order."""
        return list(self._due)

    # -- who is there -----------------------------------------------------------

    def join(self, key: K, routes: Sequence[Route], every: float) -> None:
        """
        Count *key* among those that these lists show, the narrowest first; each is part of the next.

        None of them is asked sooner than *every* seconds after it was last asked.
        """
        if key in self._routes or not routes:
            return
        groups = tuple(self._groups.get(route) or self._groups.setdefault(route, Group(route)) for route in routes)
        self._routes[key] = groups
        for group, wider in zip(groups, (*groups, None)[1:], strict=True):
            group.jobs += 1
            group.every = min(group.every, every)
            if wider is not None and group.jobs == 1:
                wider.lists += 1

    def leave(self, key: K) -> None:
        """Forget *key* if it is there."""
        self.discard(key)
        groups = self._routes.pop(key, ())
        for group, wider in zip(groups, (*groups, None)[1:], strict=True):
            group.jobs -= 1
            group.forget(key)
            if not group.jobs:
                if wider is not None:
                    wider.lists -= 1
                if not group.running:
                    self._groups.pop(group.route, None)

    # -- when -------------------------------------------------------------------

    def schedule(self, key: K, due: float, *, urgent: bool = False, alone: bool = False) -> None:
        """
        Make *key* due at *due* instead of whenever it was.

        *urgent* ones wait for a list only if there are many of them, those that are *alone* for none.
        """
        self.discard(key)
        entry = (due, next(self._numbers))
        self._due[key] = entry
        if urgent:
            self._urgent.add(key)
        if alone:
            self._alone.add(key)
        heapq.heappush(self._heap, (*entry, key))
        if len(self._heap) > 2 * len(self._due) + 64:
            # Entries that were replaced lie about in the heap: sweep when they are the most.
            # Those who wait for a list are in none.
            self._heap = [(due, number, key) for key, (due, number) in self._due.items() if key not in self._waits]
            heapq.heapify(self._heap)

    def discard(self, key: K) -> None:
        """Take *key* off the agenda; it remains one that lists show."""
        if self._due.pop(key, None) is None:
            return
        self._urgent.discard(key)
        self._alone.discard(key)
        if group := self._waits.pop(key, None):
            group.waiting.pop(key, None)
            if not group.waiting:
                self._awaited.pop(group, None)

    def next_due(self) -> float | None:
        """Return when there is something to do, ``None`` if nothing is due ever."""
        heads = [group.next_at for group in self._awaited if not group.running]
        if (head := self._head()) is not None:
            heads.append(head)
        return min(heads, default=None)

    def overdue(self, now: float) -> list[tuple[K, float]]:
        """Return the keys that are due at *now*, each with its time, in no order; they stay."""
        return [(key, due) for key, (due, _) in self._due.items() if due <= now]

    def take(self, now: float, limit: int, *, lists: bool = True) -> list[Errand[K]]:
        """
        Take out at most *limit* errands that are due at *now*; their keys are no longer scheduled.

        Without *lists* all of them are single looks.
        """
        singles: list[tuple[K, float]] = []
        hurried: dict[Group[K], list[tuple[K, float]]] = {}
        while len(singles) < limit and (due := self._head()) is not None and due <= now:
            _, _, key = heapq.heappop(self._heap)
            group = self._list_for(key, now) if lists else None
            if group is None:
                singles.append((key, due))
            elif key in self._urgent:
                hurried.setdefault(group, []).append((key, due))
            else:
                self._wait(group, key, due)
        for group, entries in hurried.items():
            if len(entries) >= group.route.worth:
                group.hurry()
                for key, due in entries:
                    self._wait(group, key, due)
            else:
                singles += entries
        # The oldest first; of equal age the lists, which serve more jobs.
        turns: list[tuple[float, int, Group[K] | K]] = [(due, 1, key) for key, due in singles]
        if lists:
            turns += [(min(group.waiting.values()), 0, group) for group in self._awaited if group.ready(now)]
        turns.sort(key=lambda turn: turn[:2])
        for due, _, turn in turns[limit:]:
            if not isinstance(turn, Group):
                self.schedule(turn, due, urgent=turn in self._urgent, alone=turn in self._alone)
        return [self._ask(turn, now) if isinstance(turn, Group) else self._look(turn) for _, _, turn in turns[:limit]]

    # -- lists ------------------------------------------------------------------

    def surveyed(self, route: Route, now: float, *, pages: int, missing: Iterable[K] = ()) -> None:
        """Take in that a list was read, of which so many *pages* were worth it; *missing* should have been there."""
        group = self._groups.get(route)
        if group is not None:
            group.ended(now, pages, [key for key in missing if key in self._routes])
            self._drop_if_empty(group)

    def dropped(self, route: Route) -> None:
        """Take in that the reading of a list was given up, since nobody wanted it any more."""
        group = self._groups.get(route)
        if group is not None:
            group.running = False
            self._drop_if_empty(group)

    def failed(self, route: Route, now: float, *, refused: bool) -> None:
        """Take in that a list could not be read; if it was *refused*, those who wait for it are looked at singly."""
        group = self._groups.get(route)
        if group is not None:
            group.failed(now, refused=refused)
            for key, due in list(group.waiting.items()):
                self.schedule(key, due, urgent=key in self._urgent)
            self._drop_if_empty(group)

    def _drop_if_empty(self, group: Group[K]) -> None:
        if not group.jobs:
            self._groups.pop(group.route, None)

    def _head(self) -> float | None:
        while self._heap:
            due, number, key = self._heap[0]
            if self._due.get(key) == (due, number):
                return due
            heapq.heappop(self._heap)
        return None

    def _list_for(self, key: K, now: float) -> Group[K] | None:
        if key in self._alone:
            return None
        groups = reversed(self._routes.get(key, ()))
        return next((group for group in groups if group.covers(key, now)), None)

    def _wait(self, group: Group[K], key: K, due: float) -> None:
        group.waiting[key] = due
        self._waits[key] = group
        self._awaited[group] = None

    def _look(self, key: K) -> Errand[K]:
        self.discard(key)
        return Errand((key,))

    def _ask(self, group: Group[K], now: float) -> Errand[K]:
        keys = group.began(now)
        for key in keys:
            self.discard(key)
        self._awaited.pop(group, None)
        return Errand(keys, group.route)
