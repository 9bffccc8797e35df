"""
Looking for the job of a create whose outcome is unknown.

One list serves all who look for something in it: it is read once at a time, whoever asks meanwhile shares the next
reading. After an outage a thousand uncertain creates must not become a thousand readings.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar
from weakref import WeakValueDictionary

import attrs

from asyncjobs._bodies import without_tokens
from asyncjobs._lists import next_cursor, page_request, read_rows
from asyncjobs._shared import Shared
from asyncjobs._tracing import Match, match, older, pause
from asyncjobs._wire import decode
from asyncjobs.errors import NotFound, ProtocolError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    from asyncjobs._caller import Caller
    from asyncjobs._calls import Survey, Trace
    from asyncjobs._kinds import Refusal
    from asyncjobs._refs import JobRef
    from asyncjobs._tasks import Tasks
    from asyncjobs._tracing import Claims, Intent
    from asyncjobs._wire import Reply

T = TypeVar("T")

Row = tuple[dict[str, Any], "Reply"]

#: No more pages are read for one create: what is that far down was not created just now.
_MOST_PAGES: Final = 20
#: For how long a job may take to appear in a list, in seconds.
APPEARS_WITHIN: Final = 6.0


class _Reading:
    """One reading of a list, and since when the rows are wanted by those who share it."""

    def __init__(self) -> None:
        self.since: list[Callable[[], datetime]] = []
        self.shared: Shared[list[Row]]


class Listing:
    """A list of a service, *survey* filled with *ids*."""

    def __init__(
        self,
        caller: Caller,
        tasks: Tasks,
        survey: Survey,
        ids: Sequence[str],
        trace: Trace,
        refusals: Sequence[Refusal],
    ) -> None:
        self._caller = caller
        self._tasks = tasks
        self._survey = survey
        self._ids = tuple(ids)
        self._trace = trace
        self._refusals = refusals
        self._next: _Reading | None = None
        self._last: asyncio.Task[list[Row]] | None = None

    async def rows(self, since: Callable[[], datetime]) -> list[Row]:
        """
        Return the rows of a reading that began after this call; those created before *since* may be missing.

        Raises:
            APIError, TransportError, ProtocolError: The list could not be read, retries included.
        """
        reading = self._next
        if reading is None or reading.shared.given_up:
            reading = self._next = _Reading()
            reading.shared = Shared(self._tasks.start(self._run(reading, self._last), "look for a create"))
            self._last = reading.shared.task
        reading.since.append(since)
        return await reading.shared.join()

    async def _run(self, reading: _Reading, before: asyncio.Task[list[Row]] | None) -> list[Row]:
        if before is not None:
            await asyncio.wait((before,))
        if self._next is reading:
            self._next = None
        return await self._read(reading.since)

    async def _read(self, since: Sequence[Callable[[], datetime]]) -> list[Row]:
        survey, rows, cursor = self._survey, list[Row](), None
        for _ in range(_MOST_PAGES):
            request = page_request(survey, self._ids, cursor)
            try:
                page, cursor = await self._caller.send(request, self._parse, self._refusals)
            except NotFound:
                break  # What is not there has no rows.
            rows += page
            if cursor is None or (survey.newest_first and page and self._is_old(page[-1][0], since)):
                break
        return rows

    def _parse(self, reply: Reply) -> tuple[list[Row], str | None]:
        payload = decode(reply, token=True)
        rows = read_rows(payload, self._survey.rows)
        return [(row, reply) for row in rows if isinstance(row, dict)], next_cursor(payload, self._survey.paging)

    def _is_old(self, row: dict[str, Any], since: Sequence[Callable[[], datetime]]) -> bool:
        return older(self._trace, row, min(each() for each in since))


class Listings:
    """The lists of one client; *refusals* are the service's own ways to say no."""

    def __init__(self, caller: Caller, tasks: Tasks, refusals: Sequence[Refusal]) -> None:
        self._caller = caller
        self._tasks = tasks
        self._refusals = tuple(refusals)
        self._known: WeakValueDictionary[tuple[object, ...], Listing] = WeakValueDictionary()

    def get(self, survey: Survey, ids: Sequence[str], trace: Trace, refusals: Sequence[Refusal] = ()) -> Listing:
        """Return the list that *survey* is of these *ids*, the same one as long as somebody has it."""
        key = survey.call.address, survey.rows, survey.paging, trace.created, tuple(ids)
        listing = self._known.get(key)
        if listing is None:
            listing = Listing(self._caller, self._tasks, survey, ids, trace, (*refusals, *self._refusals))
            self._known[key] = listing
        return listing


@attrs.frozen
class Found(Generic[T]):
    """
    What was found: *made* by the create for certain, in the order of the list, else *candidates*.

    *shown* says whether the list had any rows at all.
    """

    made: tuple[T, ...] = ()
    candidates: tuple[JobRef, ...] = ()
    shown: bool = False


def distinct(found: Iterable[T], known: T, tell: Callable[[T], object]) -> list[T]:
    """Return what was *found* besides the *known* one, each once: rows repeat when a list moves between its pages."""
    others = {tell(each): each for each in found}
    others.pop(tell(known), None)
    return list(others.values())


class Finder(Generic[T]):
    """
    Looks for what *intent* made, in *listing*.

    *read* makes of a row what the create would have returned, *name* its ref for the candidates (``None``: such
    things have none), and *taken* are those that other creates of this client have made.
    """

    def __init__(
        self,
        listing: Listing,
        trace: Trace,
        intent: Intent,
        read: Callable[[dict[str, Any], Reply], T],
        name: Callable[[dict[str, Any]], JobRef] | None,
        taken: Claims,
    ) -> None:
        self._listing = listing
        self._trace = trace
        self._intent = intent
        self._read = read
        self._name = name
        self._taken = taken

    async def look(self, since: Callable[[], datetime]) -> Found[T]:
        """
        Look once.

        Raises:
            APIError, TransportError, ProtocolError: The service could not be asked, retries included.
        """
        made: list[T] = []
        candidates: dict[JobRef, None] = {}
        rows = await self._listing.rows(since)
        at = since()
        for row, reply in rows:
            found = match(self._trace, row, self._intent, at)
            try:
                if found is Match.YES:
                    made.append(self._read(without_tokens(row), reply))
                elif found is Match.MAYBE and self._name is not None:
                    ref = self._name(row)
                    if ref not in self._taken:
                        candidates[ref] = None
            except ProtocolError:
                if found is Match.YES:
                    raise  # It is there, whatever it looks like: nobody else's, and not to be sent again.
                continue  # A row without ids leads to nothing.
        return Found(tuple(made), tuple(candidates), shown=bool(rows))

    async def watch(self, since: Callable[[], datetime], seconds: float) -> Found[T]:
        """
        Look until it is found, at most until *seconds* after the service first answered.

        Candidates end nothing: the right one may be late.
        """
        loop = asyncio.get_running_loop()
        found = await self.look(since)
        deadline, attempt = loop.time() + seconds, 1
        while not found.made and (left := deadline - loop.time()) > 0:
            await asyncio.sleep(min(pause(attempt), left))
            attempt += 1
            found = await self.look(since)
        return found
