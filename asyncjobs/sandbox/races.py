"""WaterCrawl's races as they were measured on its server, as lives to script.

A cancel of WaterCrawl is not the end of a story: the 204 says that the row reads ``canceled``, and the worker may have
the last word all the same. Each function here returns the life of one search, crawl or sitemap that goes so::

    sandbox.script("watercrawl.search", races.finishes_after_cancel())

:data:`RACES` has them all by name, with times drawn from a seeded generator, for tests that try each many times.
Times are in seconds; those after a cancel count from the moment in which the service took it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import attrs

from ._faults import Answer, Fault
from ._lives import Life

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Mapping

__all__ = [
    "RACES",
    "Race",
    "cancels_twice",
    "delivers_after_cancel",
    "fails_after_cancel",
    "finishes_after_cancel",
    "finishes_before_cancel",
    "keeps_its_result",
    "loses_the_revoke",
    "loses_the_worker",
    "never_ends",
    "never_starts",
    "shows_canceling",
    "sticks_in_canceling",
    "without_broker",
]

_SITEMAP: Final = "watercrawl.sitemap"
_KINDS: Final = ("watercrawl.search", "watercrawl.crawl", _SITEMAP)
_RUNNING: Final = ((0.0, "running"),)
# Of the two writes of a cancel, `canceling` and `canceled`, the second came about 4 ms after the first.
_WRITE: Final = 0.004


def finishes_after_cancel(at: float = 0.02) -> Life:
    """The worker ends in the same moment and writes last: 204, ``canceled``, and *at* seconds later ``finished``.

    3 of 16 cancels that were answered with 204 while the job was ending well went so.
    """
    return _overruled("finished", at)


def fails_after_cancel(at: float = 0.02) -> Life:
    """The same with a job that was about to fail: 204, ``canceled``, *at* seconds later ``failed``.

    6 of 23 such cancels went so.
    """
    return _overruled("failed", at)


def _overruled(word: str, at: float) -> Life:
    return Life(_RUNNING, after_cancel=((0.0, "canceled"), (at, word)))


def finishes_before_cancel(at: float = 0.004) -> Life:
    """The cancel found it running, but it ends before the cancel is written: ``finished``, then ``canceled``.

    It is ``finished`` *at* seconds after the cancel came, ``canceled`` 8 ms later, and keeps its result. 3 of 16 went
    so, and 5 of 23 passed through ``failed`` likewise; none of it takes longer than the request itself.
    """
    canceling = at + _WRITE
    steps = ((0.0, "running"), (at, "finished"), (canceling, "canceling"), (canceling + _WRITE, "canceled"))
    return Life(_RUNNING, after_cancel=steps, results=True)


def loses_the_revoke(at: float = 12.7) -> Life:
    """The worker never hears of the cancel: ``canceled``, and *at* seconds later ``finished``, with its result.

    12.7 seconds during a warm shutdown of the worker, and once five minutes under load.
    """
    return _overruled("finished", at)


def delivers_after_cancel(at: float = 20.0) -> Life:
    """The scraper of a sitemap outlives its worker, and it writes the status itself: ``canceled``, then ``finished``.

    *at* seconds later, with all pages. Of sitemaps only; read in the server's code, where nothing bounds the time.
    """
    return _overruled("finished", at)


def shows_canceling(seconds: float = _WRITE) -> Life:
    """``canceling`` can be seen for some *seconds*: 4 ms as a rule, 70 ms at a process's first cancel."""
    return Life(_RUNNING, after_cancel=((0.0, "canceling"), (seconds, "canceled")))


def sticks_in_canceling(finishes: float | None = None) -> Life:
    """A cancel that broke down half-way: ``canceling``, where every further DELETE is a 403.

    For ever, or until the job, which goes on, *finishes* so many seconds later; 17 were measured. The DELETE itself
    answers 500 then: see :func:`without_broker`.
    """
    end = () if finishes is None else ((finishes, "finished"),)
    return Life(_RUNNING, after_cancel=((0.0, "canceling"), *end))


def keeps_its_result() -> Life:
    """The result was stored before the cancel came: ``canceled``, with a result. Only the status decides."""
    return Life(_RUNNING, after_cancel=((0.0, "canceled"),), results=True)


def cancels_twice(window: float = 0.01) -> Life:
    """Two DELETEs at once: a second one within *window* seconds finds it ``running`` still and gets a 204, too.

    A later one gets the 403. Of ten trials seven had one 204, three had two; the row always ends ``canceled``.
    """
    return Life(_RUNNING, after_cancel=((0.0, "running"), (window, "canceling"), (window + _WRITE, "canceled")))


def never_starts() -> Life:
    """``new`` for ever: no worker, or a lost message. It can be neither cancelled nor waited for."""
    return Life(((0.0, "new"),))


def never_ends() -> Life:
    """``running`` for ever: its worker died with the whole process tree. A cancel clears it; streams say nothing."""
    return Life(_RUNNING)


def loses_the_worker(at: float = 1.0) -> Life:
    """``running`` for ever, and from the age of *at* seconds its streams end there: the worker's process was killed.

    Every later stream shows ``running`` twice and ends. A cancel clears the row.
    """
    return Life(_RUNNING, deaf=at)


def without_broker(times: int | None = 1, *, kind: str = "watercrawl.search") -> Fault:
    """The next *times* cancels answer 500 although the row reads ``canceling`` from then on: the broker was down."""
    return Fault(Answer(500, processed=True), verb="cancel", kind=kind, times=times)


@attrs.frozen
class Race:
    """One race: *draw* returns a life of it, with times from a generator.

    *settles* is the most seconds that a life takes from the cancel to its last word, ``None`` if there is no end;
    *kinds* are those whose jobs can go so.
    """

    draw: Callable[[random.Random], Life]
    settles: float | None
    kinds: tuple[str, ...] = _KINDS


# The window in which a job's end and a cancel met was about 30 ms.
_WINDOW: Final = (0.001, 0.03)

#: Every race by its name.
RACES: Final[Mapping[str, Race]] = {
    "finishes_after_cancel": Race(lambda rng: finishes_after_cancel(rng.uniform(*_WINDOW)), 0.03),
    "fails_after_cancel": Race(lambda rng: fails_after_cancel(rng.uniform(*_WINDOW)), 0.03),
    "finishes_before_cancel": Race(lambda rng: finishes_before_cancel(rng.uniform(0.001, 0.006)), 0.014),
    "shows_canceling": Race(lambda rng: shows_canceling(rng.choice((_WRITE, 0.07))), 0.07),
    "keeps_its_result": Race(lambda _: keeps_its_result(), 0.0),
    "cancels_twice": Race(lambda rng: cancels_twice(rng.uniform(0.001, 0.02)), 0.024),
    "loses_the_revoke": Race(lambda rng: loses_the_revoke(rng.choice((12.7, rng.uniform(10, 301)))), 301.0),
    "delivers_after_cancel": Race(lambda rng: delivers_after_cancel(rng.uniform(1, 60)), 60.0, (_SITEMAP,)),
    "sticks_and_finishes": Race(lambda rng: sticks_in_canceling(rng.uniform(10, 20)), 20.0),
    "sticks_in_canceling": Race(lambda _: sticks_in_canceling(), None),
    "never_starts": Race(lambda _: never_starts(), None),
    "never_ends": Race(lambda _: never_ends(), 0.0),
    "loses_the_worker": Race(lambda rng: loses_the_worker(rng.uniform(0.5, 2)), 0.0),
}
