"""When the events of a service are worth reading, from when on, and which of them are new: counted, without a clock."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from asyncjobs._scalars import Misfit, moment

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from asyncjobs._feeds import Feed
    from asyncjobs._refs import JobRef

Container = tuple[str, ...]

#: A feed that failed so often in a row is relied on no longer, and left alone for how many seconds.
_ENOUGH_FAILURES: Final = 3
_REST: Final = 60.0
#: Of how many events at least the ids are remembered: all that a window can show.
_REMEMBERED: Final = 20_000
#: Where so many times fewer jobs are awaited, reading stops again.
_SLACK: Final = 2


class Crowd:
    """
    In how many containers jobs are waited for whose ends the events tell, and others whose ends they do not.

    Reading events is worth it where those jobs are spread over *worth* containers or more, and the others are not:
    for these the lists are read anyway.
    """

    def __init__(self, told: Iterable[str], kinds: Iterable[str], worth: int) -> None:
        self._told = frozenset(told)
        self._kinds = frozenset(kinds)
        self._worth = worth
        self._here: set[JobRef] = set()
        self._counts: tuple[Counter[Container], Counter[Container]] = (Counter(), Counter())

    def join(self, ref: JobRef) -> None:
        """Count one more who is waited for."""
        if ref.kind in self._kinds and ref not in self._here:
            self._here.add(ref)
            self._counts[ref.kind in self._told][_container(ref)] += 1

    def leave(self, ref: JobRef) -> None:
        """Count one fewer."""
        if ref not in self._here:
            return
        self._here.discard(ref)
        counts = self._counts[ref.kind in self._told]
        counts[_container(ref)] -= 1
        if not counts[_container(ref)]:
            del counts[_container(ref)]

    def worth(self, *, reading: bool) -> bool:
        """Whether events are worth reading; while that goes on it needs less, so that it does not begin and end."""
        untold, told = map(len, self._counts)
        enough = self._worth / _SLACK if reading else self._worth
        return told >= enough and untold < self._worth


class Tail:
    """How far a feed has been read; times are readings of one monotonic clock, or the service's own."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self._since: datetime | None = None
        self._known: dict[str, None] = {}
        self._failures = 0
        self.next_at: float = float("-inf")

    def start(self) -> None:
        """Begin anew: what happened meanwhile is seen by looks."""
        self._since, self._failures = None, 0

    def query(self, time: datetime) -> list[tuple[str, str]]:
        """Return the query for what has happened since the last reading; *time* is the service's now."""
        since = (self._since or time) - timedelta(seconds=self._feed.overlap)
        stamp = since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
        return [(self._feed.since, stamp), *((self._feed.types, each) for each in self._feed.asks)]

    def sort(self, rows: Iterable[Any]) -> list[Mapping[str, Any]]:
        """Return the events among *rows* that are new, in the order in which they happened."""
        new: dict[str, tuple[datetime, str, Mapping[str, Any]]] = {}
        for row in rows:
            name = row.get(self._feed.key) if isinstance(row, dict) else None
            if isinstance(name, str) and name not in self._known and name not in new:
                new[name] = _time(row.get(self._feed.time)), name, row
        self._known.update(dict.fromkeys(new))
        for name in list(self._known)[: max(len(self._known) - _REMEMBERED - len(new), 0)]:
            del self._known[name]
        return [row for _, _, row in sorted(new.values(), key=lambda entry: entry[:2])]

    def succeeded(self, now: float, time: datetime) -> None:
        """Take in that everything was read that had happened up to *time* by the service's clock."""
        self._since, self._failures, self.next_at = time, 0, now + self._feed.every

    def failed(self, now: float, *, refused: bool) -> bool:
        """Take in that it could not be read, or was *refused*; return whether it is to be relied on no longer."""
        self._failures += 1
        given_up = refused or self._failures >= _ENOUGH_FAILURES
        self.next_at = now + (_REST if given_up else self._feed.every)
        return given_up


def _container(ref: JobRef) -> Container:
    # What is in no container stands for itself.
    return ref.parts[:-1] or ref.parts


def _time(value: Any) -> datetime:
    try:
        found: datetime = moment(value)
    except Misfit:
        return datetime.min.replace(tzinfo=UTC)
    return found
