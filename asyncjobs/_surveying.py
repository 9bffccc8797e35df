"""Reading a list for all the jobs in it that somebody waits for."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from asyncjobs._caller import Witness
from asyncjobs._lists import next_cursor, page_request
from asyncjobs._models import seen_again
from asyncjobs._rounds import Route, Tally
from asyncjobs._rows import Odd, Walk, places_of, take_apart
from asyncjobs._standing import Standing
from asyncjobs._wire import decode, identify, ids_of, read_row
from asyncjobs.errors import ProtocolError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from asyncjobs._caller import Caller
    from asyncjobs._core import Core
    from asyncjobs._kinds import JobKind, Provider
    from asyncjobs._models import Snapshot
    from asyncjobs._refs import JobRef
    from asyncjobs._rows import Places, Row
    from asyncjobs._wire import Reply

#: Scopes whose lists are remembered: a client that lives for months sees many websets.
_MOST_SCOPES: Final = 10_000
#: After so many rows of a page others have a turn. Most pages have no more: who waits for them is told the sooner.
_AT_ONCE: Final = 100


Sighting: TypeAlias = "tuple[Core[Any], Snapshot[Any]]"


class Round(Witness):
    """
    One reading of a list: who is expected in it, and how far it has got.

    Those whom it shows are due again together, however long it takes from page to page: *spread* from 0 to 1 is the
    dice for all of them.
    """

    def __init__(self, route: Route, wanted: set[Core[Any]], spread: float) -> None:
        self.route: Route = route
        self.wanted: set[Core[Any]] = wanted
        self.spread: float = spread
        self.task: asyncio.Task[Tally]
        #: Which rows need not be decoded again.
        self.standing: Standing[Core[Any]] | None = None
        #: Those that it has shown: a page that only repeats others is worth nothing.
        self.shown: set[Core[Any]] = set()
        self._names = {(core.record.ref.kind, core.record.ref.parts): core for core in wanted}
        self.asked: float = asyncio.get_running_loop().time()
        #: When the latest request for it left its lane, and when the first reply came.
        self.began: float | None = None
        self.came: float | None = None
        self.on_sent: Callable[[], object] | None = None

    def sent(self) -> None:
        self.began = asyncio.get_running_loop().time()
        if self.on_sent is not None:
            self.on_sent()

    def find(self, kind: str, ids: tuple[Any, ...]) -> Core[Any] | None:
        """Return the job of this name if it was expected."""
        try:
            return self._names.get((kind, ids))
        except TypeError:  # What cannot be hashed is no id.
            return None

    def next_look(self, core: Core[Any], now: float) -> float:
        """Return when a job that it has just shown is due again."""
        due = core.next_look(now, self.spread)
        return due if core.urgent or self.came is None else due - (now - self.came)


class Surveyor:
    """
    Knows which lists show which jobs of one service, and reads them.

    *find* gives the core of a job, ``None`` if there is none.
    """

    def __init__(self, caller: Caller, provider: Provider, find: Callable[[JobRef], Core[Any] | None]) -> None:
        self._caller = caller
        self._provider = provider
        self._find = find
        # Lists of several kinds may be one: a webset shows searches and enrichments. Only the kinds that somebody has
        # waited for are looked for in them.
        self._known: set[str] = set()
        self._kinds: dict[object, dict[str, list[JobKind[Any]]]] = {}
        self._places: dict[object, Places] = {}
        self._routes: dict[tuple[str, tuple[str, ...]], tuple[Route, ...]] = {}

    def routes(self, kind: JobKind[Any], ref: JobRef) -> tuple[Route, ...]:
        """Return the lists that show this job, the narrowest first; from now on jobs of its kind are seen in them."""
        if kind.name not in self._known:
            self._meet(kind)
        scope = ref.parts[:-1]
        routes = self._routes.get((kind.name, scope))
        if routes is None:
            ids = dict(zip(kind.identity, ref.parts, strict=True))
            found = [
                Route(survey, tuple(ids[field] for field in survey.call.fields))
                for survey in kind.surveys
                if set(survey.call.fields) <= set(list(kind.identity)[:-1])
            ]
            routes = tuple(sorted(found, key=lambda route: -len(route.ids)))
            if len(self._routes) >= _MOST_SCOPES:
                self._routes.clear()
            self._routes[kind.name, scope] = routes
        return routes

    def _meet(self, kind: JobKind[Any]) -> None:
        self._known.add(kind.name)
        for survey in kind.surveys:
            address = survey.call.address
            paths = self._kinds.setdefault(address, {})
            paths.setdefault(survey.rows, []).append(kind)
            self._places[address] = places_of(paths)

    async def read(self, this: Round, shown: Callable[[Core[Any]], bool]) -> Tally:
        """
        Read a list page by page, as long as that is worth it and somebody is missing; return what came of it.

        *shown* is called for each job in it that somebody waits for, and says whether it was expected.

        Raises:
            APIError, TransportError, ProtocolError: A page could not be read.
        """
        tally = Tally()
        kinds = self._kinds[this.route.survey.call.address]
        this.standing = Standing(((core, core.record) for core in this.wanted), kinds, this.route.ids)
        for number, query in enumerate(this.route.survey.turns or ({},)):
            cursor: str | None = None
            more = bool(this.wanted) or not number
            while more:
                cursor = await self._read_page(this, query, cursor, tally, shown)
                more = cursor is not None
        return tally

    async def _read_page(
        self,
        this: Round,
        query: Mapping[str, str],
        cursor: str | None,
        tally: Tally,
        shown: Callable[[Core[Any]], bool],
    ) -> str | None:
        """Read the page at *cursor*; return the cursor of the next one, ``None`` if it is not worth it or the last."""
        route = this.route
        request = page_request(route.survey, route.ids, cursor, query)
        reply = await self._caller.attempt(request, self._provider.refusals, witness=this)
        this.came = this.came or asyncio.get_running_loop().time()
        page, sightings = await self._take_apart(this, reply)
        found = useful = 0
        for core, snapshot in sightings:
            if core not in this.shown:
                found += 1
                this.shown.add(core)
                core.take_in(snapshot, began=reply.began)
                useful += shown(core)
                if not found % _AT_ONCE:
                    await asyncio.sleep(0)
        goes_on = tally.page(len(reply.body), shown=found, useful=useful, left=len(this.wanted))
        following = next_cursor(page, route.survey.paging)
        return following if goes_on else None

    async def _take_apart(self, this: Round, reply: Reply) -> tuple[dict[str, Any], list[Sighting]]:
        """Return a page, read to its end before any of it counts, and what it says of jobs that somebody waits for."""
        address = this.route.survey.call.address
        walk = Walk(reply.body, self._places[address], this.standing)
        try:
            sightings = await self._sight(this, reply, walk)
        except Odd:
            page = decode(reply, token=True)
            return page, await self._sight(this, reply, take_apart(page, self._kinds[address]))
        return walk.page, sightings

    async def _sight(self, this: Round, reply: Reply, rows: Iterable[Row]) -> list[Sighting]:
        sightings: list[Sighting] = []
        kinds = self._kinds[this.route.survey.call.address]
        for number, row in enumerate(rows):
            if number and not number % _AT_ONCE:
                await asyncio.sleep(0)
            if row.known is not None:
                core, before = row.known
                if core.watched:
                    again = seen_again(before, observed_at=reply.received_at, request_id=reply.request_id)
                    sightings.append((core, again))
                continue
            for kind in kinds[row.path]:
                core = self._core_of(this, kind, row.data)
                if core is None or not core.watched:
                    continue
                try:
                    snapshot = read_row(kind, core.record.ref, row.data, reply, "survey", row.encode())
                except ProtocolError:
                    continue  # A look at it alone will say what is wrong.
                sightings.append((core, snapshot))
        return sightings

    def _core_of(self, this: Round, kind: JobKind[Any], row: dict[str, Any]) -> Core[Any] | None:
        # Nearly all are expected, and the ids of those were checked when they were named.
        core = this.find(kind.name, ids_of(kind, row, this.route.ids))
        if core is not None:
            return core
        try:
            return self._find(identify(kind, row, this.route.ids))
        except ProtocolError:
            return None
