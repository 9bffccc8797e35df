"""
Whose request may go next: priorities, rates, pauses and places, decided without a clock or a loop.

A cancel goes before a create, a create before a look. Two rules keep that from being unfair: of five
admissions one is a look while looks wait, and looks never take the last fifth of the places, nor of a rate unless some
of it comes free in a moment, so that a cancel need not wait for a slow look to come back, or for a burst of looks.
"""

from __future__ import annotations

import itertools
from collections import deque
from typing import TYPE_CHECKING, Final, TypeAlias

from asyncjobs._kinds import Lane, Limit
from asyncjobs.errors import InvalidArgument

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from asyncjobs._kinds import Provider
    from asyncjobs._settings import Settings

_LOOKS_PER: Final = 5
#: Looks use a rate in such a way that a cancel waits for at most this part of its seconds.
_SOON: Final = 10
_ORDER: Final = (Lane.CANCEL, Lane.CREATE, Lane.LOOK)
_LOOKS_FIRST: Final = (Lane.LOOK, Lane.CANCEL, Lane.CREATE)
_NEVER: Final = float("inf")
_Costs: TypeAlias = tuple[tuple[str, int], ...]


def limits_for(provider: Provider, settings: Settings, *, at_home: bool) -> tuple[Limit, ...]:
    """
    Return the rates to keep: the settings' own, else the provider's at its own address, else none.

    Raises:
        InvalidArgument: The settings name a limit that the provider does not have.
    """
    if settings.rates is None:
        return provider.limits if at_home else ()
    known = [limit.name for limit in provider.limits]
    for name in settings.rates:
        if name not in known:
            has = ", ".join(known) or "none"
            raise InvalidArgument("settings", f"rates: {provider.name} has no limit called {name!r}; it has {has}")
    limits: list[Limit] = []
    for name, rate in settings.rates.items():
        if rate != float("inf"):
            count = max(int(rate), 1)
            limits.append(Limit(name, count, count / rate))
    return tuple(limits)


class _Window:
    """The admissions of the last *seconds* seconds under one limit."""

    def __init__(self, limit: Limit) -> None:
        self.limit = limit
        self._times: deque[float] = deque()

    def free_at(self, cost: int, now: float) -> float:
        """Return when *cost* more will fit."""
        while self._times and self._times[0] + self.limit.seconds <= now:
            self._times.popleft()
        excess = len(self._times) + min(cost, self.limit.count) - self.limit.count
        return now if excess <= 0 else self._times[excess - 1] + self.limit.seconds

    def spare_at(self, cost: int, now: float) -> float:
        """Return when *cost* more will fit in such a way that there is still room for others, or soon will be."""
        spare = self.limit.count // _LOOKS_PER
        return max(self.free_at(cost, now), self.free_at(cost + spare, now) - self.limit.seconds / _SOON)

    def take(self, cost: int, now: float) -> None:
        self._times.extend([now] * min(cost, self.limit.count))


class Ticket:
    """
    One request that asks to be let through; *wake* is for whoever lets it in later.

    *counted* are those of its *costs* that count here, once it queues: what names a limit that this service does not
    have costs nothing.
    """

    __slots__ = ("admitted", "costs", "counted", "lane", "number", "wake", "withdrawn")

    def __init__(self, lane: Lane, costs: Mapping[str, int]) -> None:
        self.lane: Lane = lane
        self.costs: Mapping[str, int] = costs
        self.counted: _Costs = ()
        self.number: int = 0
        self.admitted: bool = False
        self.withdrawn: bool = False
        self.wake: Callable[[], object] | None = None


class Admission:
    """The queue in front of one service. *slots* is how many requests may run at once."""

    def __init__(self, limits: Iterable[Limit], slots: int) -> None:
        self._windows = {limit.name: _Window(limit) for limit in limits}
        self._slots = slots
        self._look_slots = max(1, slots - slots // _LOOKS_PER)
        #: For each lane, a queue for each set of costs; there are few, and they stay when they are empty.
        self._queues: tuple[dict[_Costs, deque[Ticket]], ...] = tuple({} for _ in Lane)
        #: How many are in those of each lane, those that were withdrawn and not met yet included.
        self._queued = [0] * len(Lane)
        self._numbers = itertools.count(1)
        self._in_flight = [0] * len(Lane)
        self._since_look = 0
        self._paused = [-_NEVER] * len(Lane)
        #: How many requests were let through and have not returned.
        self.in_flight: int = 0
        #: When :meth:`admit` will have more to let through by time alone; ``None`` if only a release can help.
        self.next_time: float | None = None

    @property
    def waiting(self) -> int:
        """How many requests wait for their turn."""
        return sum(not ticket.withdrawn for lane in self._queues for queue in lane.values() for ticket in queue)

    @property
    def idle(self) -> bool:
        """Whether there is nobody to let through."""
        return not any(self._queued)

    def pass_by(self, ticket: Ticket, now: float) -> bool:
        """
        Let *ticket* through at *now* if nobody waits, no rate counts and there is a place for it, else return false.

        So it would be after :meth:`ask` and :meth:`admit`, too; in most services most requests are such ones.
        """
        lane = ticket.lane
        if (
            self._windows
            or any(self._queued)
            or self.in_flight >= self._slots
            or self._paused[lane] > now
            or (lane is Lane.LOOK and self._in_flight[lane] >= self._look_slots)
        ):
            return False
        self._let_through(ticket)
        return True

    def ask(self, ticket: Ticket) -> None:
        """Put *ticket* at the end of its queue."""
        ticket.number = next(self._numbers)
        if self._windows:
            ticket.counted = tuple([each for each in ticket.costs.items() if each[0] in self._windows])
        queue = self._queues[ticket.lane].get(ticket.counted)
        if queue is None:
            queue = self._queues[ticket.lane][ticket.counted] = deque()
        queue.append(ticket)
        self._queued[ticket.lane] += 1

    def withdraw(self, ticket: Ticket) -> None:
        """Take *ticket* back: it will not be admitted."""
        ticket.withdrawn = True

    def release(self, ticket: Ticket) -> None:
        """Give back the place of an admitted *ticket*."""
        self._in_flight[ticket.lane] -= 1
        self.in_flight -= 1

    def pause(self, until: float, lane: Lane | None = None) -> None:
        """Let nothing through before *until*, or only nothing of *lane*."""
        for each in Lane if lane is None else (lane,):
            self._paused[each] = max(self._paused[each], until)

    def admit(self, now: float) -> list[Ticket]:
        """Let through all that may go at *now*, and note when more may."""
        admitted: list[Ticket] = []
        self.next_time = None
        while any(self._queued) and (ticket := self._choose(now)) is not None:
            self._unqueue(ticket.lane, self._queues[ticket.lane][ticket.counted])
            for name, cost in ticket.counted:
                self._windows[name].take(cost, now)
            self._let_through(ticket)
            admitted.append(ticket)
        return admitted

    def _let_through(self, ticket: Ticket) -> None:
        lane = ticket.lane
        self._in_flight[lane] += 1
        self.in_flight += 1
        self._since_look = 0 if lane is Lane.LOOK else self._since_look + 1
        ticket.admitted = True

    def _choose(self, now: float) -> Ticket | None:
        self.next_time = None
        if self.in_flight >= self._slots:
            return None
        wake = _NEVER
        # What an earlier request waits for is not given to a later one, or a dear one would starve among cheap ones.
        reserved: set[str] = set()
        # A look whose turn it is leaves no room for others: they have had theirs.
        modest = self._since_look < _LOOKS_PER - 1
        for lane in _ORDER if modest else _LOOKS_FIRST:
            if not self._queued[lane] or (lane is Lane.LOOK and self._in_flight[lane] >= self._look_slots):
                continue
            for ticket in self._heads(lane):
                if self._paused[lane] > now:
                    wake = min(wake, self._paused[lane])
                    break
                if not ticket.counted:
                    return ticket
                room = _Window.spare_at if modest and lane is Lane.LOOK else _Window.free_at
                free = {name: room(self._windows[name], cost, now) for name, cost in ticket.counted}
                full = {name: at for name, at in free.items() if at > now}
                if not full and not reserved.intersection(free):
                    return ticket
                # Who only waits for what another one has reserved wakes nobody: the other one's time is what counts.
                wake = min(wake, max(full.values(), default=_NEVER))
                reserved.update(full)
        self.next_time = None if wake == _NEVER else max(wake, now)
        return None

    def _heads(self, lane: Lane) -> list[Ticket]:
        heads: list[Ticket] = []
        for queue in self._queues[lane].values():
            while queue and queue[0].withdrawn:
                self._unqueue(lane, queue)
            if queue:
                heads.append(queue[0])
        if len(heads) > 1:
            heads.sort(key=lambda ticket: ticket.number)
        return heads

    def _unqueue(self, lane: Lane, queue: deque[Ticket]) -> None:
        queue.popleft()
        self._queued[lane] -= 1
