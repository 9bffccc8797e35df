"""What time it is at the service: its lists tell by its clock when a job was created."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime


class ServiceClock:
    """The time of day at the service, from the ``Date`` of its last reply, in step with a monotonic clock."""

    __slots__ = ("_at", "_date")

    def __init__(self) -> None:
        self._date: str | None = None
        self._at = 0.0

    @property
    def known(self) -> bool:
        """Whether a reply had a date."""
        return self._date is not None

    def heard(self, date: str | None, at: float) -> None:
        """Take in that a reply with this ``Date`` arrived *at* a reading of the monotonic clock."""
        if date is not None:
            self._date, self._at = date, at

    def time_of(self, moment: float, *, now: float, wall: datetime) -> datetime:
        """
        Return what the service's clock showed at the reading *moment* of the monotonic clock.

        *now* is its present reading and *wall* our own time of day, which serves until a reply had a date.
        """
        if self._date is not None:
            try:
                date = parsedate_to_datetime(self._date)
                return date.replace(tzinfo=date.tzinfo or UTC) + timedelta(seconds=moment - self._at)
            except (ValueError, IndexError, TypeError, OverflowError):
                pass  # What is no date, or lies beyond all dates, tells nothing.
        return wall + timedelta(seconds=moment - now)
