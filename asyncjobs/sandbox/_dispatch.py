"""From an HTTP request to its reply: the ledger, the faults, the services."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from aiohttp import web

from ._damage import pass_through
from ._exchange import Exchange
from ._http import Call, Router, Service
from ._ledger import RequestRow

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ._faults import FaultBook
    from ._world import World

_NOBODY: tuple[Service | None, Router] = (None, Router(()))


class Dispatcher:
    """The one handler of the web server; *latency* is added to every reply, in seconds.

    *restart* breaks off all connections, and refuses new ones for so many seconds.
    """

    def __init__(
        self,
        world: World,
        services: Mapping[str, Service],
        book: FaultBook,
        latency: float,
        restart: Callable[[float], None],
    ) -> None:
        self.errors: list[Exception] = []
        self.tasks: set[asyncio.Task[None]] = set()
        # Set when the sandbox closes: the end of all stalls and streams.
        self.closing = asyncio.Event()
        self._world = world
        self._services = {prefix: (service, Router(service.routes)) for prefix, service in services.items()}
        self._book = book
        self._latency = latency
        self._restart = restart
        self._number = 0

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request."""
        if request.task not in self.tasks:
            self.tasks.add(request.task)
            request.task.add_done_callback(self.tasks.discard)
        exchange = self._exchange(request)
        row = _row(exchange)
        self._world.ledger.arrived(row)
        try:
            response = await self._answer(exchange, row)
            row.status = None if exchange.is_cut and not response.prepared else response.status
        except (ConnectionError, web.HTTPException):
            raise
        except Exception as error:
            # A mistake of the sandbox itself: its owner hears of it, not only the client that gets a 500.
            self.errors.append(error)
            raise
        finally:
            self._world.ledger.left()
        return response

    def _exchange(self, request: web.BaseRequest) -> Exchange:
        path = request.rel_url.raw_path
        service, router = self._services.get(path.split("/", 2)[1], _NOBODY)
        routes, ids = router.find(path)
        method = request.method
        self._number += 1
        call = Call(
            method=method,
            path=path,
            query=request.query,
            headers=request.headers,
            body=b"",
            origin=f"{request.scheme}://{request.host}",
            now=self._world.now(),
            request_id=f"{self._number:032x}",
            ids=ids,
        )
        route = routes.get("GET" if method == "HEAD" else method)
        return Exchange(request, call, service, routes, route, self._world, self.closing, self._restart)

    async def _answer(self, exchange: Exchange, row: RequestRow) -> web.StreamResponse:
        if exchange.request.body_exists:
            row.body = exchange.call.body = await exchange.request.read()
        action = self._book.strike(row)
        if action is not None:
            row.fault = type(action).__name__.lower()
        if self._latency:
            # Half of it on the way here, half on the way back.
            await asyncio.sleep(self._latency / 2)
        exchange.call.now = self._world.now()
        response = await pass_through(exchange, action)
        if self._latency:
            await asyncio.sleep(self._latency / 2)
        return response


def _row(exchange: Exchange) -> RequestRow:
    call, route = exchange.call, exchange.route
    kind, verb = ("unknown", "unknown") if route is None else (route.kind, route.verb)
    if verb == "look" and "prefetched" in call.query:
        verb = "result"
    return RequestRow(
        at=call.now,
        method=call.method,
        path=call.path,
        query=exchange.request.rel_url.raw_query_string,
        kind=kind,
        verb=verb,
        host=exchange.request.host,
        key_sent="x-api-key" in call.headers or "Authorization" in call.headers,
    )
