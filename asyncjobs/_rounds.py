"""
Which lists are worth asking for many jobs at once, and when: groups of jobs, counted, without a clock.

A list is worth a request if it saves some: a list that comes whole when it shows two jobs that are waited for, one that
comes in pages when there are five of them for each page, because pages carry much else. What a list did not show
is looked at singly: absence proves nothing. A list that is refused is left alone for a while.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING, Final, Generic, TypeVar

import attrs

if TYPE_CHECKING:
    from collections.abc import Iterable

    from asyncjobs._calls import Survey

K = TypeVar("K", bound=Hashable)

#: How many jobs (or lists that each show some of them) make one request for a whole list worth it, and one for a page.
WHOLE: Final = 2
PAGE: Final = 5
#: A list that failed so often in a row is left alone, for how many seconds at first, and at most.
_ENOUGH_FAILURES: Final = 3
_FIRST_REST: Final = 5.0
_LONGEST_REST: Final = 300.0
#: For those in a hurry a list is asked again after so many seconds.
_HURRY: Final = 0.25
#: After so many seconds jobs that a list did not show are looked for in it once more.
_FORGET_AFTER: Final = 60.0


def _address(survey: Survey) -> object:
    return survey.call.address


@attrs.frozen
class Route:
    """One list of a service: a *survey* of these *ids*. Routes to the same list are equal, whatever else it is for."""

    survey: Survey = attrs.field(eq=_address)
    ids: tuple[str, ...]

    @property
    def worth(self) -> int:
        """How many jobs make one request for it worth it."""
        return WHOLE if self.survey.paging is None else PAGE


class Group(Generic[K]):
    """The jobs that one list shows, as far as they are waited for."""

    __slots__ = (
        "_asked_at",
        "_failures",
        "_forget_at",
        "_resting",
        "every",
        "jobs",
        "lists",
        "next_at",
        "pages",
        "route",
        "running",
        "stragglers",
        "waiting",
    )

    def __init__(self, route: Route) -> None:
        self.route: Route = route
        #: How many jobs it shows, and by how many narrower lists they could be shown instead.
        self.jobs: int = 0
        self.lists: int = 0
        #: How many pages were worth asking for when it was last asked.
        self.pages: int = 1
        #: For how many seconds it is not asked again.
        self.every: float = float("inf")
        self.running: bool = False
        #: From when on it may be asked again.
        self.next_at: float = float("-inf")
        #: Those that are due and wait for it, and those that it did not show.
        self.waiting: dict[K, float] = {}
        self.stragglers: set[K] = set()
        self._failures = 0
        self._resting = False
        self._asked_at = float("-inf")
        self._forget_at = float("-inf")

    def covers(self, key: K, now: float) -> bool:
        """Whether *key* had better wait for this list than be looked at otherwise."""
        if self.stragglers and now >= self._forget_at:
            self.stragglers.clear()
        if now >= self._asked_at + _FORGET_AFTER:
            # It may have become shorter.
            self.pages = 1
        if key in self.stragglers or (self._resting and now < self.next_at):
            return False
        alternatives = self.lists or self.jobs
        return alternatives - len(self.stragglers) >= self.route.worth * self.pages

    def ready(self, now: float) -> bool:
        """Whether it can be asked now for those who wait for it."""
        return bool(self.waiting) and not self.running and now >= self.next_at

    def began(self, now: float) -> tuple[K, ...]:
        """Take in that it is being asked; return for whom."""
        keys = tuple(self.waiting)
        self.waiting.clear()
        self.running, self._resting, self._asked_at, self.next_at = True, False, now, now + self.every
        return keys

    def hurry(self) -> None:
        """Let it be asked sooner: some who wait are in a hurry."""
        if not self._failures:
            self.next_at = min(self.next_at, self._asked_at + _HURRY)

    def ended(self, now: float, pages: int, missing: Iterable[K]) -> None:
        """Take in that so many *pages* were worth it, and who was not shown although it was expected."""
        if not pages:
            self.failed(now, refused=True)
        else:
            self.running, self._failures, self.pages = False, 0, pages
        if not self.stragglers:
            self._forget_at = now + _FORGET_AFTER
        self.stragglers.update(missing)

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

    def forget(self, key: K) -> None:
        """Take in that *key* is no longer waited for."""
        self.waiting.pop(key, None)
        self.stragglers.discard(key)
