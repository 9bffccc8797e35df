"""
Which lists are worth asking for many jobs at once, and when: groups of jobs, counted, without a clock.

Everything is weighed in looks at single jobs. A reply costs one, and one more for every so many bytes, since pages
carry much else; a list is worth what it costs if it saves as many looks. What a list did not show is looked at singly:
absence proves nothing. A list that is refused is left alone for a while.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING, Final, Generic, TypeVar

import attrs

if TYPE_CHECKING:
    from collections.abc import Iterable

    from asyncjobs._calls import Survey

K = TypeVar("K", bound=Hashable)

#: What a whole list, or a page, is taken to cost before any was seen. For one job alone there is no list.
WHOLE: Final = 2.0
PAGE: Final = 5.0
#: So many bytes of a reply cost as much as one request more.
WEIGHT: Final = 100_000
#: What costs no more is hardly more than a single look.
_LIGHT: Final = 1.2
#: A list that failed so often in a row is left alone, for how many seconds at first, and at most.
_ENOUGH_FAILURES: Final = 3
_FIRST_REST: Final = 5.0
_LONGEST_REST: Final = 300.0
#: For those in a hurry a list is asked again after so many seconds.
_HURRY: Final = 0.25
#: After so many seconds jobs that a list did not show are looked for in it once more, and its cost is guessed anew.
_FORGET_AFTER: Final = 60.0
#: As long as it is not worth it, that is remembered for twice as long each time, at most for so many seconds: one page
#: of sets may hold thousands of rows.
_LONGEST_MEMORY: Final = 3600.0


def _address(survey: Survey) -> object:
    return survey.call.address


@attrs.frozen(cache_hash=True)
class Route:
    """One list of a service: a *survey* of these *ids*. Routes to the same list are equal, whatever else it is for."""

    survey: Survey = attrs.field(eq=_address)
    ids: tuple[str, ...]


class Tally:
    """What one reading of a list costs and brings."""

    __slots__ = ("_fruitless", "_spent", "cost", "shown")

    def __init__(self) -> None:
        #: What it cost to get to the last page that was of use.
        self.cost: float = 0.0
        #: How many jobs that are waited for it has shown.
        self.shown: int = 0
        self._spent = 0.0
        self._fruitless = 0.0

    def page(self, size: int, *, shown: int, useful: int, left: int) -> bool:
        """
        Take in a page of so many bytes and return whether to read on.

        It has *shown* so many jobs that are waited for, so many of which were expected, so that it was *useful*, and so
        many that are expected are *left*. Fruitless pages are read on as long as single looks at those who are left
        would not have been cheaper.
        """
        price = 1.0 + size / WEIGHT
        self._spent += price
        self.shown += shown
        self._fruitless = 0.0 if useful >= price else self._fruitless + price
        if useful:
            self.cost = self._spent
        return self._fruitless < left


class Group(Generic[K]):
    """The jobs that one list shows, as far as they are waited for."""

    __slots__ = (
        "_asked_at",
        "_cost",
        "_direct",
        "_failures",
        "_forget_at",
        "_lists",
        "_memory",
        "_resting",
        "_stragglers",
        "chain",
        "every",
        "members",
        "next_at",
        "oldest",
        "route",
        "running",
        "turn",
        "waiting",
    )

    def __init__(self, route: Route) -> None:
        self.route: Route = route
        #: Those that it shows.
        self.members: set[K] = set()
        #: For how many seconds it is not asked again.
        self.every: float = float("inf")
        self.running: bool = False
        #: From when on it may be asked again.
        self.next_at: float = float("-inf")
        #: Those that are due and wait for it, and since when the first of them was due.
        self.waiting: dict[K, float] = {}
        self.oldest: float = float("inf")
        #: Its place among those that are to be asked, if it has one.
        self.turn: tuple[float, int] | None = None
        #: Itself and the wider lists that show all its jobs, for those routes.
        self.chain: tuple[tuple[Route, ...], tuple[Group[K], ...]] | None = None
        # What else it would take to look at all of them: so many narrower lists, each with how many jobs that this one
        # shows, and so many single looks at jobs which no narrower list has.
        self._lists: dict[Group[K], int] = {}
        self._direct = 0
        # Those that it did not show, each with the narrower list that has it.
        self._stragglers: dict[K, Group[K] | None] = {}
        self._cost: float | None = None
        self._failures = 0
        self._resting = False
        self._asked_at = float("-inf")
        self._memory = _FORGET_AFTER
        self._forget_at = float("-inf")

    @property
    def cost(self) -> float:
        """What it costs to ask, in looks at single jobs, by what was seen of it last; never less than it must save."""
        guess = WHOLE if self.route.survey.paging is None else PAGE
        return guess if self._cost is None else max(self._cost, WHOLE)

    @property
    def light(self) -> bool:
        """Whether it is hardly more than a look at one job: asked for one, it shows the others for nothing."""
        return self._cost is not None and self._cost <= _LIGHT

    @property
    def saves(self) -> int:
        """How many requests it makes unnecessary."""
        return self._direct + len(self._lists)

    def join(self, key: K, narrower: Group[K] | None, every: float) -> None:
        """Count *key* among those whom it shows; the list *narrower* (``None``: no other one) could show it instead."""
        self.members.add(key)
        self.every = min(self.every, every)
        if key not in self._stragglers:
            self._count(narrower, 1)

    def leave(self, key: K, narrower: Group[K] | None) -> None:
        """Take in that *key* is no longer waited for."""
        self.members.discard(key)
        if key in self._stragglers:
            del self._stragglers[key]
        else:
            self._count(narrower, -1)

    def _count(self, narrower: Group[K] | None, change: int) -> None:
        if narrower is None:
            self._direct += change
            return
        count = self._lists.get(narrower, 0) + change
        if count:
            self._lists[narrower] = count
        else:
            self._lists.pop(narrower, None)

    def covers(self, key: K, now: float) -> bool:
        """Whether *key* had better wait for this list than be looked at otherwise."""
        if self._stragglers and now >= self._forget_at:
            for narrower in self._stragglers.values():
                self._count(narrower, 1)
            self._stragglers.clear()
        if self._cost is not None and now >= self._asked_at + self._memory:
            self._cost, self._memory = None, min(2 * self._memory, _LONGEST_MEMORY)
        if key in self._stragglers or (self._resting and now < self.next_at):
            return False
        return self.saves >= self.cost

    def wait(self, key: K, due: float) -> None:
        """Let *key*, which is *due*, wait for it."""
        self.waiting[key] = due
        self.oldest = min(self.oldest, due)

    def forget(self, key: K) -> None:
        """Let *key* wait no longer."""
        self.waiting.pop(key, None)
        if not self.waiting:
            self.oldest, self.turn = float("inf"), None

    def expected(self) -> set[K]:
        """Return those whom it is expected to show."""
        return self.members - self._stragglers.keys() if self._stragglers else self.members

    def began(self, now: float) -> None:
        """Take in that it is being asked."""
        self.waiting.clear()
        self.oldest, self.turn = float("inf"), None
        self.running, self._resting, self._asked_at, self.next_at = True, False, now, now + self.every

    def hurry(self) -> None:
        """Let it be asked sooner: some who wait are in a hurry."""
        if not self._failures:
            self.next_at = min(self.next_at, self._asked_at + _HURRY)

    def ended(self, now: float, tally: Tally, missing: Iterable[tuple[K, Group[K] | None]]) -> None:
        """Take in what a reading of it cost and brought, and who was *missing* although it should have shown them."""
        if not tally.shown:
            self.failed(now, refused=True)
        else:
            self.running, self._failures, self._cost = False, 0, tally.cost or self._cost
            if self.saves >= self.cost:
                self._memory = _FORGET_AFTER
        if not self._stragglers:
            self._forget_at = now + _FORGET_AFTER
        for key, narrower in missing:
            if key not in self._stragglers:
                self._stragglers[key] = narrower
                self._count(narrower, -1)

    def failed(self, now: float, *, refused: bool) -> None:
        """
        Take in that it could not be read; it is asked again more and more rarely.

        If it was *refused* or of no use, or has failed several times in a row, nobody waits for that.
        """
        self.running = False
        self._failures += 1
        self._resting = refused or self._failures >= _ENOUGH_FAILURES
        first = _FIRST_REST if self._resting else 1.0
        self.next_at = now + min(first * 2.0 ** min(self._failures - 1, 10), _LONGEST_REST)
