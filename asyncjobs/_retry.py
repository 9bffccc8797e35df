"""Whether, and when, a request that failed may be sent again: one table, and arithmetic on seconds."""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING, Final

from asyncjobs._kinds import Refused
from asyncjobs.errors import APIError, ProtocolError, TransportError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from asyncjobs.errors import AsyncJobsError

#: No service's hint is believed beyond this many seconds: a day's "Retry-After" must not put a program to sleep.
LONGEST_HINT: Final = 60.0
#: After so many replies in a row that say success and make no sense, the next will not be better.
UNUSABLE_REPLIES: Final = 3

#: However often a request has failed, it is not put off for longer, in seconds.
LONGEST_DELAY: Final = 20.0

_FIRST_DELAY: Final = 0.5


class Failure(Enum):
    """What is known about the effect of a request that failed."""

    NEVER_SENT = auto()
    REFUSED = auto()
    REPEATABLE = auto()
    OUTCOME_UNKNOWN = auto()
    FINAL = auto()


#: Whether to send it again, by what is known.
SEND_AGAIN: Final[Mapping[Failure, bool]] = {
    Failure.NEVER_SENT: True,  # It cannot have had an effect.
    Failure.REFUSED: True,  # The service says that it did not begin.
    Failure.REPEATABLE: True,  # Its effect twice is its effect once.
    Failure.OUTCOME_UNKNOWN: False,  # A second create could be a second bill.
    Failure.FINAL: False,  # The same request gets the same answer.
}

_REFUSED_UNSTARTED: Final = {Refused.OVERLOADED, Refused.NO_SLOT}
_TRANSIENT: Final = {408, 429}


def is_transient(error: AsyncJobsError) -> bool:
    """Whether *error* says nothing about the job, so that a wait goes on."""
    if isinstance(error, APIError):
        return error.status in _TRANSIENT or error.status >= 500 or error.refused in _REFUSED_UNSTARTED  # noqa: PLR2004
    return isinstance(error, (TransportError, ProtocolError))


def is_outage(error: AsyncJobsError) -> bool:
    """Whether *error* is what a service answers that is away: nothing, or that it cannot."""
    if isinstance(error, APIError):
        return (error.status == 408 or error.status >= 500) and error.refused is not Refused.NO_SLOT  # noqa: PLR2004
    return isinstance(error, TransportError)


def classify(error: AsyncJobsError, *, repeatable: bool) -> Failure:
    """Return what is known about the effect of a request that ended in *error*."""
    if isinstance(error, TransportError) and not error.sent:
        return Failure.NEVER_SENT
    if isinstance(error, APIError) and (error.status == 429 or error.refused in _REFUSED_UNSTARTED):  # noqa: PLR2004
        return Failure.REFUSED
    if not is_transient(error):
        return Failure.FINAL
    return Failure.REPEATABLE if repeatable else Failure.OUTCOME_UNKNOWN


def capped(hint: float | None) -> float | None:
    """Return a service's hint, cut to what we follow."""
    return None if hint is None else min(hint, LONGEST_HINT)


def backoff(attempt: int, spread: float) -> float:
    """Return the seconds to let pass after attempt *attempt* (from 1); *spread* from 0 to 1 is the dice."""
    longest = min(_FIRST_DELAY * 2.0 ** min(attempt - 1, 10), LONGEST_DELAY)
    # Half is fixed, half is chance: callers that failed together do not return together.
    return longest * (0.5 + spread / 2)


def pause_after(error: AsyncJobsError) -> float | None:
    """Return for how many seconds the service asks to be left alone by everybody, ``None`` if it does not say."""
    if isinstance(error, APIError) and error.status in {429, 503}:
        return capped(error.retry_after)
    return None


def next_delay(
    error: AsyncJobsError, *, repeatable: bool, attempt: int, elapsed: float, budget: float, spread: float
) -> float | None:
    """
    Return the seconds after which to send the request again, or ``None`` to give up.

    *attempt* counts from 1, *elapsed* are the seconds since the first attempt began, *budget*
    those that retries may take in all.
    """
    if not SEND_AGAIN[classify(error, repeatable=repeatable)]:
        return None
    if isinstance(error, ProtocolError) and attempt >= UNUSABLE_REPLIES:
        return None
    hint = capped(error.retry_after) if isinstance(error, APIError) else None
    # A hint of next to nothing, with nothing between the attempts, would make a hammer of us.
    delay = backoff(attempt, spread) if hint is None else max(hint, backoff(1, 0.0))
    return delay if elapsed + delay <= budget else None


class Retries:
    """The attempts at one request, within a *budget* of seconds; time spent queueing is not counted."""

    __slots__ = ("_attempt", "_budget", "_repeatable", "_spent")

    def __init__(self, budget: float, *, repeatable: bool) -> None:
        self._budget = budget
        self._repeatable = repeatable
        self._attempt = 0
        self._spent = 0.0

    def after(self, error: AsyncJobsError, *, took: float, spread: float) -> float | None:
        """Return the seconds after which to try again, ``None`` to give up; the attempt *took* so many."""
        self._attempt += 1
        self._spent += took
        delay = next_delay(
            error,
            repeatable=self._repeatable,
            attempt=self._attempt,
            elapsed=self._spent,
            budget=self._budget,
            spread=spread,
        )
        self._spent += delay or 0.0
        return delay

    @property
    def left(self) -> float:
        """The seconds of the budget that are left."""
        return self._budget - self._spent

    def rested(self, seconds: float) -> None:
        """Take in that so many seconds more than planned went by before the next attempt."""
        self._spent += seconds
