"""What ends a wait that would otherwise never end: seconds and replies, counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncjobs._retry import UNUSABLE_REPLIES

if TYPE_CHECKING:
    from asyncjobs._settings import Settings


class Guards:
    """The guards of one job; times are arguments, in seconds of one monotonic clock."""

    __slots__ = (
        "_absent_since",
        "_due",
        "_failed_at",
        "_first",
        "_looked",
        "_pause",
        "_settings",
        "_trouble",
        "_unknown_since",
        "_unusable",
        "failures",
    )

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        #: How many looks in a row have failed.
        self.failures: int = 0
        self._unusable = 0
        self._trouble = 0.0  # Seconds for which looks have failed, queueing and pauses left out.
        self._failed_at: float | None = None
        self._due: float | None = None  # When the next look was meant to be, if somebody has planned one.
        self._pause = 0.0  # For how long the service asked to be left alone when the last look failed.
        self._unknown_since: float | None = None
        self._absent_since: float | None = None
        self._first: float | None = None  # When it was first heard of.
        self._looked = False  # Whether a look has found it, which a create's reply is not.

    def heard(self, now: float, *, looked: bool) -> None:
        """Take in that the service said something sensible about the job; whether somebody *looked* for that."""
        self._first = now if self._first is None else self._first
        self._looked = self._looked or looked
        self.failures = self._unusable = 0
        self._absent_since = self._failed_at = self._due = None
        self._trouble = 0.0

    def planned(self, due: float) -> float:
        """Take in, and return, when the next look is to be: what makes it later is not held against the service."""
        self._due = due
        return due

    def unwatched(self) -> None:
        """Take in that nobody waits any more: what nobody watched is not held against the next look."""
        self._trouble, self._failed_at, self._due = 0.0, None, None
        self._unknown_since = None

    def failed(self, *, now: float, queued: float, took: float, pause: float, unusable: bool) -> None:
        """
        Take in that a look failed in a way that says nothing about the job.

        It *queued* for so many seconds before it was sent and *took* so many from then on, the service asked for a
        *pause* of so many, and its reply was *unusable* or there was none.
        """
        self.failures += 1
        if self._failed_at is not None:
            # What counts is the time that was planned between two looks, and the time that the second one took. A
            # machine that slept, a loop that was busy and a queue made the rest, and none of them is the service.
            asked = now - took - queued
            planned = asked if self._due is None else min(asked, self._due)
            self._trouble += max(planned - self._failed_at - self._pause, 0.0)
            self._trouble += min(took, now - self._failed_at, self._settings.request_timeout)
        self._failed_at, self._pause = now, pause
        self._unusable = self._unusable + 1 if unusable else 0

    @property
    def marked(self) -> float | None:
        """Up to when failures were counted, ``None`` if there are none to count."""
        return self._failed_at

    def held(self, *, seconds: float, now: float) -> None:
        """Take in that looks at all jobs were held back, this one for *seconds* since the mark, as if it had failed."""
        self._trouble += seconds
        self._failed_at, self._pause = now, 0.0

    def makes_no_sense(self) -> bool:
        """Whether the last replies in a row were unusable; asking starts the count anew."""
        if self._unusable < UNUSABLE_REPLIES:
            return False
        self._unusable = 0
        return True

    def unreachable_for(self) -> float | None:
        """Return for how long no look has succeeded, ``None`` if that is not too long yet."""
        return self._trouble if self._trouble >= self._settings.unreachable_after else None

    def young(self, now: float) -> bool:
        """Whether it was first heard of so lately that not all servers of the service may know it."""
        return self._first is None or now - self._first < self._settings.appear_grace

    def absent(self, now: float) -> bool:
        """
        Take in a 404; return whether it proves something: a server may not have heard of a new job yet.

        What a look has found is gone, unless it is as new.
        """
        self._absent_since = now if self._absent_since is None else self._absent_since
        if self._looked and not self.young(now):
            return True
        return now - self._absent_since >= self._settings.appear_grace

    def word(self, now: float, *, known: bool) -> None:
        """Take in a status word that is *known* here or not."""
        if known:
            self._unknown_since = None
        elif self._unknown_since is None:
            self._unknown_since = now

    def unknown_for(self, now: float) -> float | None:
        """Return for how long the words have been unknown, ``None`` if that is not too long yet."""
        if self._unknown_since is None or now - self._unknown_since < self._settings.unknown_after:
            return None
        return now - self._unknown_since
