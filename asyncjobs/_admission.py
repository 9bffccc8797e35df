"""
Whose request may go next: priorities, rates, pauses and places, decided without a clock or a loop.

A cancel goes before a create, a create before a look. Two rules keep that from being unfair: of five
admissions one is a look while looks wait, and looks never take the last fifth of the places, so that a cancel
need not wait for a slow look to come back.
"""

from __future__ import annotations

import itertools
from collections import deque
from typing import TYPE_CHECKING, Final

from asyncjobs._kinds import Lane, Limit
from asyncjobs.errors import InvalidArgument

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from asyncjobs._kinds import Provider
    from asyncjobs._settings import Settings

_LOOKS_PER: Final = 5
_ORDER: Final = (Lane.CANCEL, Lane.CREATE, Lane.LOOK)
_LOOKS_FIRST: Final = (Lane.LOOK, Lane.CANCEL, Lane.CREATE)
_NEVER: Final = float("inf")


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

    def take(self, cost: int, now: float) -> None:
        self._times.extend([now] * min(cost, self.limit.count))


class Ticket:
    """One request that asks to be let through."""

    __slots__ = ("admitted", "costs", "lane", "number", "withdrawn")

    def __init__(self, lane: Lane, costs: Mapping[str, int]) -> None:
        self.lane: Lane = lane
        self.costs: tuple[tuple[str, int], ...] = tuple(costs.items())
        self.number: int = 0
        self.admitted: bool = False
        self.withdrawn: bool = False


class Admission:
    """The queue in front of one service. *slots* is how many requests may run at once."""

    def __init__(self, limits: Iterable[Limit], slots: int) -> None:
        self._windows = {limit.name: _Window(limit) for limit in limits}
        self._slots = slots
        self._look_slots = max(1, slots - slots // _LOOKS_PER)
        self._queues: dict[tuple[Lane, tuple[tuple[str, int], ...]], deque[Ticket]] = {}
        self._numbers = itertools.count(1)
        self._in_flight = dict.fromkeys(Lane, 0)
        self._since_look = 0
        self._paused: dict[Lane, float] = dict.fromkeys(Lane, -_NEVER)
        #: When :meth:`admit` will have more to let through by time alone; ``None`` if only a release can help.
        self.next_time: float | None = None

    @property
    def in_flight(self) -> int:
        """How many requests were let through and have not returned."""
        return sum(self._in_flight.values())

    @property
    def waiting(self) -> int:
        """How many requests wait for their turn."""
        return sum(not ticket.withdrawn for queue in self._queues.values() for ticket in queue)

    def ask(self, ticket: Ticket) -> None:
        """Put *ticket* at the end of its queue."""
        ticket.number = next(self._numbers)
        # Limits that this service does not have cost nothing.
        ticket.costs = tuple((name, cost) for name, cost in ticket.costs if name in self._windows)
        self._queues.setdefault((ticket.lane, ticket.costs), deque()).append(ticket)

    def withdraw(self, ticket: Ticket) -> None:
        """Take *ticket* back: it will not be admitted."""
        ticket.withdrawn = True

    def release(self, ticket: Ticket) -> None:
        """Give back the place of an admitted *ticket*."""
        self._in_flight[ticket.lane] -= 1

    def pause(self, until: float, lane: Lane | None = None) -> None:
        """Let nothing through before *until*, or only nothing of *lane*."""
        for each in Lane if lane is None else (lane,):
            self._paused[each] = max(self._paused[each], until)

    def admit(self, now: float) -> list[Ticket]:
        """Let through all that may go at *now*, and note when more may."""
        admitted: list[Ticket] = []
        while (ticket := self._choose(now)) is not None:
            self._queues[ticket.lane, ticket.costs].popleft()
            for name, cost in ticket.costs:
                self._windows[name].take(cost, now)
            self._in_flight[ticket.lane] += 1
            self._since_look = 0 if ticket.lane is Lane.LOOK else self._since_look + 1
            ticket.admitted = True
            admitted.append(ticket)
        return admitted

    def _choose(self, now: float) -> Ticket | None:
        self.next_time = None
        if not self._queues or self.in_flight >= self._slots:
            return None
        heads = self._heads()
        wake = _NEVER
        # What an earlier request waits for is not given to a later one, or a dear one would starve among cheap ones.
        reserved: set[str] = set()
        for lane in _LOOKS_FIRST if self._since_look >= _LOOKS_PER - 1 else _ORDER:
            if lane is Lane.LOOK and self._in_flight[lane] >= self._look_slots:
                continue
            for ticket in heads[lane]:
                if self._paused[lane] > now:
                    wake = min(wake, self._paused[lane])
                    break
                free = {name: self._windows[name].free_at(cost, now) for name, cost in ticket.costs}
                full = {name: at for name, at in free.items() if at > now}
                if not full and not reserved.intersection(free):
                    return ticket
                # Who only waits for what another one has reserved wakes nobody: the other one's time is what counts.
                wake = min(wake, max(full.values(), default=_NEVER))
                reserved.update(full)
        self.next_time = None if wake == _NEVER else max(wake, now)
        return None

    def _heads(self) -> dict[Lane, list[Ticket]]:
        heads: dict[Lane, list[Ticket]] = {lane: [] for lane in Lane}
        for key, queue in list(self._queues.items()):
            while queue and queue[0].withdrawn:
                queue.popleft()
            if queue:
                heads[key[0]].append(queue[0])
            else:
                del self._queues[key]
        for tickets in heads.values():
            tickets.sort(key=lambda ticket: ticket.number)
        return heads
