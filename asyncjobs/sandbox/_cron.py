"""The schedules of monitors: five cron fields that come round at most once a day."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

import attrs

if TYPE_CHECKING:
    from collections.abc import Iterator

_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS: Final = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
#: Name, least and most of each field, and the words that count from the least.
_FIELDS: Final = (
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day of the month", 1, 31, ()),
    ("month", 1, 12, _MONTHS),
    # 7 is one more word for Sunday.
    ("day of the week", 0, 7, _DAYS),
)
#: A 29th of February on one day of the week comes round within so many years.
_FURTHEST: Final = dt.timedelta(days=366 * 29)


@attrs.frozen
class Cron:
    """When a monitor runs."""

    minute: int
    hour: int
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    # Where both days are given, either will do.
    either: bool
    zone: ZoneInfo

    @classmethod
    def parse(cls, text: str, zone: str) -> Cron:
        """Read a schedule.

        Raises:
            ValueError: It is none, its time zone is unknown, or it comes round more often than once a day.
        """
        try:
            place = ZoneInfo(zone)
        except (KeyError, OSError, ValueError):
            raise ValueError(f"unknown timezone {zone!r}") from None
        parts = text.split()
        if len(parts) != len(_FIELDS):
            raise ValueError("a cron has five fields")
        minutes, hours, days, months, weekdays = (
            frozenset(_values(part, *field)) for part, field in zip(parts, _FIELDS, strict=True)
        )
        if len(minutes) > 1 or len(hours) > 1:
            raise ValueError("the cron must trigger at most once per day")
        either = not parts[2].startswith("*") and not parts[4].startswith("*")
        return cls(min(minutes), min(hours), days, months, frozenset(day % 7 for day in weekdays), either, place)

    def after(self, moment: dt.datetime) -> dt.datetime | None:
        """Return the first time after *moment*, in UTC; ``None`` if there is none."""
        day = moment.astimezone(self.zone).date()
        last = day + _FURTHEST
        while day <= last:
            if self._fits(day):
                due = dt.datetime.combine(day, dt.time(self.hour, self.minute), self.zone).astimezone(dt.UTC)
                if due > moment:
                    return due
            day += dt.timedelta(days=1)
        return None

    def _fits(self, day: dt.date) -> bool:
        by_month, by_week = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        return day.month in self.months and ((by_month or by_week) if self.either else (by_month and by_week))


def _values(text: str, name: str, least: int, most: int, words: tuple[str, ...]) -> Iterator[int]:
    def between(low: int, number: int, high: int) -> int:
        if not low <= number <= high:
            raise ValueError
        return number

    def value(part: str) -> int:
        if part.lower() in words:
            return words.index(part.lower()) + least
        return between(least, int(part), most)

    try:
        for part in text.split(","):
            span, _, step = part.partition("/")
            first, dash, last = ("*", "", "") if span == "*" else span.partition("-")
            begin = least if first == "*" else value(first)
            end = most if first == "*" or (step and not dash) else value(last) if dash else begin
            yield from range(between(least, begin, end), end + 1, int(step) if step else 1)
    except ValueError:
        raise ValueError(f"the {name} of the cron is invalid") from None
