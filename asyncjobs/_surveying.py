"""Reading a list for all the jobs in it that somebody waits for."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

from asyncjobs._caller import Witness
from asyncjobs._lists import next_cursor, page_request, read_rows
from asyncjobs._rounds import Route, Tally
from asyncjobs._wire import decode, identify, read_row
from asyncjobs.errors import ProtocolError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from asyncjobs._caller import Caller
    from asyncjobs._core import Core
    from asyncjobs._kinds import JobKind, Provider
    from asyncjobs._refs import JobRef
    from asyncjobs._wire import Reply

#: Scopes whose lists are remembered: a client that lives for months sees many websets.
_MOST_SCOPES: Final = 10_000


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
        #: Those that it has shown: a page that only repeats others is worth nothing.
        self.shown: set[Core[Any]] = set()
        self.asked: float = asyncio.get_running_loop().time()
        #: When the latest request for it left its lane, and when the first reply came.
        self.began: float | None = None
        self.came: float | None = None
        self.on_sent: Callable[[], object] | None = None

    def sent(self) -> None:
        self.began = asyncio.get_running_loop().time()
        if self.on_sent is not None:
            self.on_sent()

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
        # Lists of several kinds may be one: a webset shows searches and enrichments.
        self._rows: dict[object, list[tuple[JobKind[Any], str]]] = {}
        for kind in provider.kinds:
            for survey in kind.surveys:
                self._rows.setdefault(survey.call.address, []).append((kind, survey.rows))
        self._routes: dict[tuple[str, tuple[str, ...]], tuple[Route, ...]] = {}

    def routes(self, kind: JobKind[Any], ref: JobRef) -> tuple[Route, ...]:
        """Return the lists that show this job, the narrowest first."""
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

    async def read(self, this: Round, shown: Callable[[Core[Any]], bool]) -> Tally:
        """
        Read a list page by page, as long as that is worth it and somebody is missing; return what came of it.

        *shown* is called for each job in it that somebody waits for, and says whether it was expected.

        Raises:
            APIError, TransportError, ProtocolError: A page could not be read.
        """
        tally = Tally()
        for number, query in enumerate(this.route.survey.turns or ({},)):
            if this.wanted or not number:
                await self._read_turn(this, query, tally, shown)
        return tally

    async def _read_turn(
        self, this: Round, query: Mapping[str, str], tally: Tally, shown: Callable[[Core[Any]], bool]
    ) -> None:
        """Read the list with this *query*."""
        route, cursor = this.route, None
        while True:
            request = page_request(route.survey, route.ids, cursor, query)
            reply = await self._caller.attempt(request, self._provider.refusals, witness=this)
            this.came = this.came or asyncio.get_running_loop().time()
            payload = decode(reply, token=True)
            found, useful = self._show(this, payload, reply, shown)
            goes_on = tally.page(len(reply.body), shown=found, useful=useful, left=len(this.wanted))
            cursor = next_cursor(payload, route.survey.paging)
            if cursor is None or not goes_on:
                return

    def _show(
        self, this: Round, payload: dict[str, Any], reply: Reply, shown: Callable[[Core[Any]], bool]
    ) -> tuple[int, int]:
        found = useful = 0
        for kind, path in self._rows[this.route.survey.call.address]:
            for row in read_rows(payload, path):
                core = self._core_of(kind, row, this.route.ids)
                if core is None or not core.watched or core in this.shown:
                    continue
                try:
                    snapshot = read_row(kind, core.record.ref, row, reply, "survey")
                except ProtocolError:
                    continue  # A look at it alone will say what is wrong.
                found += 1
                this.shown.add(core)
                core.take_in(snapshot, began=reply.began)
                useful += shown(core)
        return found, useful

    def _core_of(self, kind: JobKind[Any], row: Any, ids: tuple[str, ...]) -> Core[Any] | None:
        if not isinstance(row, dict):
            return None
        try:
            return self._find(identify(kind, row, ids))
        except ProtocolError:
            return None
