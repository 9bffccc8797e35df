"""
Whether a service answers at all, learned from all requests of one client; and who may ask while it does not.

Of two requests the later one is right: a failure counts only if its request began after that of the last
good reply. When enough requests for different things have failed in a row, the service is *away*: looks are held, and
one at a time goes out as a probe, ever more rarely. The first good reply, to whatever request, makes it *mending*: each
good reply lets a few more go, so that a service that has just come back is not run over. After enough of them it
is *fair*, and nobody asks here any more. One thing that fails for itself never holds the others: it is one thing.

No loop and no clock: times are arguments, in seconds of one monotonic clock.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING, Final

from asyncjobs._retry import LONGEST_DELAY, backoff, is_outage, pause_after

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    from asyncjobs.errors import AsyncJobsError

#: So many requests for different things, failed in a row, show that the service is away; so many good replies, that it
#: is back. With fewer jobs, each one's own backoff does as well, and a service of which every second reply is an error
#: hardly ever fails so often in a row.
ENOUGH: Final = 10
#: How many looks, and how many repeats, one good reply lets go while the service mends.
PER_GOOD: Final = 10


class Sky(Enum):
    """How the service fares."""

    FAIR = auto()
    AWAY = auto()
    MENDING = auto()


class News(Enum):
    """What the requests say."""

    GOOD = auto()  # A reply of a service that works, be it a refusal.
    ENOUGH_GOOD = auto()  # So many of them since it came back.
    ENOUGH_BAD = auto()  # So many failures without a good reply between them.


NEXT: Final[Mapping[tuple[Sky, News], Sky]] = {
    (Sky.FAIR, News.GOOD): Sky.FAIR,
    (Sky.FAIR, News.ENOUGH_GOOD): Sky.FAIR,
    (Sky.FAIR, News.ENOUGH_BAD): Sky.AWAY,
    (Sky.AWAY, News.GOOD): Sky.MENDING,
    (Sky.AWAY, News.ENOUGH_GOOD): Sky.FAIR,
    (Sky.AWAY, News.ENOUGH_BAD): Sky.AWAY,
    (Sky.MENDING, News.GOOD): Sky.MENDING,
    (Sky.MENDING, News.ENOUGH_GOOD): Sky.FAIR,
    (Sky.MENDING, News.ENOUGH_BAD): Sky.AWAY,
}


class Weather:
    """The weather at one service; see the module's description."""

    __slots__ = (
        "_allowed",
        "_bad",
        "_good",
        "_good_began",
        "_paused_until",
        "_step",
        "cause",
        "ended",
        "fair",
        "probe_at",
        "since",
        "sky",
    )

    def __init__(self) -> None:
        self.sky: Sky = Sky.FAIR
        #: Whether nothing is held: all that most requests ask for.
        self.fair: bool = True
        #: When the first of the failures since the last good reply was known, and what the latest was.
        self.since: float | None = None
        self.cause: AsyncJobsError | None = None
        #: Since when the service was away, if the latest good reply ended that.
        self.ended: float | None = None
        #: When the next probe may go; it has a meaning only while looks are held.
        self.probe_at: float = float("-inf")
        self._step = 0  # How many probes have gone.
        self._good_began = float("-inf")
        self._bad: set[Hashable] = set()
        self._good = 0
        self._allowed = 0
        self._paused_until = float("-inf")

    @property
    def away(self) -> bool:
        """Whether the service is away, as far as is known."""
        return self.sky is Sky.AWAY

    # -- news ---------------------------------------------------------------

    def good(self, began: float) -> bool:
        """Take in a reply of a service that works, whatever it said; return whether more may go now than before."""
        self._good_began = max(began, self._good_began)
        if self.fair and not self._bad:
            return False
        self._bad.clear()
        self.ended = self.since if self.away else None
        self.since = self.cause = None
        if self.fair:
            return False
        self._good += 1
        self._allowed += PER_GOOD
        self._turn(News.ENOUGH_GOOD if self._good >= ENOUGH else News.GOOD)
        return True

    def bad(self, error: AsyncJobsError, *, thing: Hashable, began: float, now: float, spread: float) -> bool:
        """
        Take in that a request for *thing* ended in *error*; return whether the service is away since just now.

        *spread* from 0 to 1 is the dice.
        """
        if not is_outage(error) or began < self._good_began:
            return False
        self.since = now if self.since is None else self.since
        # Without its traceback, which would keep a whole request alive.
        self.cause = error.copy()
        if len(self._bad) < ENOUGH:
            self._bad.add(thing)
        self._paused_until = max(self._paused_until, now + (pause_after(error) or 0.0))
        self.probe_at = max(self.probe_at, self._paused_until)
        if len(self._bad) < ENOUGH or self.away:
            return False
        self._turn(News.ENOUGH_BAD)
        self._put_off(now, spread)
        return True

    def _turn(self, news: News) -> None:
        self.sky = NEXT[self.sky, news]
        self.fair = self.sky is Sky.FAIR
        if news is not News.GOOD:
            self._good = self._allowed = 0
        if news is News.ENOUGH_GOOD:
            self._step = 0

    # -- looks --------------------------------------------------------------

    def room(self, now: float, most: int) -> int:
        """Return how many looks may begin now, of *most* for whom there is room otherwise."""
        if self.fair:
            return most
        return min(most, self._allowed or int(now >= self.probe_at))

    def next_time(self, due: float) -> float:
        """Return when the look may begin that is due at *due*, if nothing happens before."""
        return due if self.fair or self._allowed else max(due, self.probe_at)

    def began(self, count: int, now: float, spread: float) -> None:
        """Take in that *count* looks have begun, for which there was :meth:`room`."""
        if self.fair or not count:
            return
        if self._allowed:
            self._allowed -= count
            return
        if now - self.probe_at > LONGEST_DELAY:
            # Nobody wanted to look for so long that what was known of the service is old.
            self._step = 0
        self._put_off(now, spread)

    def held_for(self, due: float, marked: float | None, now: float) -> float:
        """
        Return for how many seconds until *now* a look that is due since *due* was kept back by the outage.

        *marked* is up to when that was counted already, ``None`` if it was not. The service's own pauses do not count,
        nor does a time in which nobody ran, such as that of a machine that slept.
        """
        if self.since is None:
            return 0.0
        begin = max(due, self.since) if marked is None else marked
        meant = max(due, self.probe_at)
        return max(min(now, meant) - max(begin, self._paused_until), 0.0)

    def _put_off(self, now: float, spread: float) -> None:
        self._step += 1
        self.probe_at = max(now + backoff(self._step, spread), self._paused_until)
