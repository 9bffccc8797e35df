"""When to look at a job again: pure arithmetic on seconds."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from asyncjobs._kinds import Pace
    from asyncjobs._models import Progress

#: Looks are spread by up to this part of their interval, so that jobs created together drift apart.
JITTER = 0.2
#: For those whom a list shows the dice fall here, for all of them alike. One list is one request, which need not be
#: kept apart from others by as much; and it comes a little sooner than a look at one alone, so that nobody hears later
#: by a list. Lists that were asked for in one moment still drift apart: pages that come together hold each other up.
LISTED = (0.33, 0.45)
#: For so many looks a hint is followed up, though the news would come by itself: services read behind their events.
FOLLOWED_UP = 4
_LONGEST_OUTAGE_DELAY = 30.0


def interval(
    pace: Pace, quiet: int, *, urgent: bool, progress: Progress | None, spread: float, backstop: float | None = None
) -> float:
    """
    Return the seconds between the last look and the next.

    *quiet* counts the looks in a row that showed nothing new, *urgent* says that our cancel is under way,
    *spread* from 0 to 1 is the dice. The service's own estimate of the time left can only shorten the interval.
    With a *backstop* the news comes by itself, and unless it is urgent a look is made no sooner than after that.
    """
    start = pace.urgent if urgent else pace.first
    seconds = min(start * pace.factor ** min(quiet, 64), pace.ceiling)
    if backstop is not None and not urgent:
        seconds = max(seconds, backstop)
    elif progress is not None and progress.time_left is not None and not urgent:
        seconds = max(min(seconds, progress.time_left), min(pace.first, seconds))
    return seconds * (1 + JITTER * (spread - 0.5))


def soonest(pace: Pace) -> float:
    """Return after how many seconds at the earliest a list is asked again."""
    return pace.first * (1 + JITTER * (LISTED[0] - 0.5))


def after_failure(pace: Pace, failures: int, spread: float) -> float:
    """Return the seconds before the next look after *failures* failed ones; they double up to half a minute."""
    seconds = min(pace.first * 2.0 ** min(failures, 16), max(_LONGEST_OUTAGE_DELAY, pace.ceiling))
    return seconds * (1 + JITTER * (spread - 0.5))
