"""From an HTTP request to its reply: the ledger, the faults, the services."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from aiohttp import web

from . import _faults as faults
from ._http import HTML, Call, RefusalError, Reply, Route, Router, Service, Stream
from ._ledger import RequestRow

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ._world import World

_STREAM = "text/event-stream"
_NO_SERVICE = Reply(404, b"<!doctype html><title>Not Found</title><h1>Not Found</h1>", {}, HTML)


class Dispatcher:
    """The one handler of the web server; *latency* is added to every reply, in seconds."""

    def __init__(self, world: World, services: Mapping[str, Service], book: faults.FaultBook, latency: float) -> None:
        self.errors: list[Exception] = []
        self.tasks: set[asyncio.Task[None]] = set()
        # Set when the sandbox closes: the end of all stalls.
        self.closing = asyncio.Event()
        self._world = world
        self._services = {prefix: (service, Router(service.routes)) for prefix, service in services.items()}
        self._book = book
        self._latency = latency
        self._number = 0

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request."""
        if request.task not in self.tasks:
            self.tasks.add(request.task)
            request.task.add_done_callback(self.tasks.discard)
        path = request.rel_url.raw_path
        service, router = self._services.get(path.split("/", 2)[1], (None, None))
        routes, ids = router.find(path) if router is not None else ({}, ())
        route = routes.get("GET" if request.method == "HEAD" else request.method)
        call = self._call(request, path, ids)
        row = _row(call, request, route)
        ledger = self._world.ledger
        ledger.arrived(row)
        status: int | None = None
        try:
            call.body = await request.read() if request.body_exists else b""
            action = self._book.strike(row)
            row.fault = None if action is None else type(action).__name__.lower()
            await self._sleep(self._latency / 2)
            call.now = self._world.now()
            response = await self._act(request, call, service, routes, route, action)
            status = response.status if response.prepared or not _is_cut(request) else None
        except Exception as error:
            if not isinstance(error, ConnectionError | web.HTTPException):
                self.errors.append(error)
            raise
        finally:
            ledger.answered(row, status)
        return response

    def _call(self, request: web.BaseRequest, path: str, ids: tuple[str, ...]) -> Call:
        self._number += 1
        origin = f"{request.scheme}://{request.host}"
        now, number = self._world.now(), f"{self._number:032x}"
        return Call(request.method, path, request.query, request.headers, b"", origin, now, number, ids)

    async def _act(
        self,
        request: web.BaseRequest,
        call: Call,
        service: Service | None,
        routes: Mapping[str, Route],
        route: Route | None,
        action: faults.Action | None,
    ) -> web.StreamResponse:
        def answer() -> Reply | Stream:
            return _NO_SERVICE if service is None else _answer(service, call, routes, route)

        match action:
            case None:
                reply = answer()
            case faults.Answer():
                if action.processed:
                    answer()
                reply = _instead(action, service, call)
            case faults.Drop() | faults.Lose():
                if isinstance(action, faults.Lose) or action.processed:
                    answer()
                return _cut(request)
            case faults.Truncate():
                return await _truncated(request, answer(), action.keep)
            case faults.Stall():
                held = answer() if action.processed else None
                await self._stall(action.delay)
                if self.closing.is_set():
                    return _cut(request)
                call.now = self._world.now()
                reply = answer() if held is None else held
            case faults.Stale():
                if call.method == "GET":
                    call.now -= action.delay
                reply = answer()
            case faults.Replace():
                reply = answer()
                if isinstance(reply, Reply):
                    reply.body, reply.content_type = action.body, action.content_type
            case faults.Redirect():
                reply = Reply(action.status, b"", {"Location": action.location}, HTML)
        await self._sleep(self._latency / 2)
        return await self._send(request, reply)

    async def _send(self, request: web.BaseRequest, reply: Reply | Stream) -> web.StreamResponse:
        if isinstance(reply, Reply):
            return _response(reply)
        response = web.StreamResponse(headers={"Content-Type": _STREAM} | reply.headers)
        await response.prepare(request)
        async for frame in reply.frames:
            if request.transport is None or request.transport.is_closing() or self.closing.is_set():
                break
            if frame:
                await response.write(frame)
        return response

    async def _sleep(self, delay: float) -> None:
        if delay > 0:
            await asyncio.sleep(delay)

    async def _stall(self, delay: float | None) -> None:
        try:
            async with asyncio.timeout(delay):
                await self.closing.wait()
        except TimeoutError:
            pass


def _row(call: Call, request: web.BaseRequest, route: Route | None) -> RequestRow:
    kind, verb = ("unknown", "unknown") if route is None else (route.kind, route.verb)
    if verb == "look" and call.query.get("prefetched"):
        verb = "result"
    key_sent = "x-api-key" in call.headers or "Authorization" in call.headers
    return RequestRow(
        call.now, call.method, call.path, request.rel_url.raw_query_string, kind, verb, request.host, key_sent
    )


def _answer(service: Service, call: Call, routes: Mapping[str, Route], route: Route | None) -> Reply | Stream:
    try:
        if route is None:
            reply: Reply | Stream = service.unknown(call, routes)
        else:
            service.admit(call)
            reply = route.handler(call)
    except RefusalError as refusal:
        reply = refusal.reply
    service.finish(call, reply)
    return reply


def _instead(action: faults.Answer, service: Service | None, call: Call) -> Reply:
    if action.body is None and service is not None:
        reply = service.refuse(call, action.status)
        service.finish(call, reply)
    elif isinstance(action.body, str):
        kind = HTML if action.body.lstrip().startswith("<") else "text/plain"
        reply = Reply(action.status, action.body.encode(), {}, kind)
    else:
        reply = Reply(action.status, action.body)
    for name, value in action.headers.items():
        if name.lower() == "content-type":
            reply.content_type = value
        else:
            reply.headers[name] = value
    return reply


def _response(reply: Reply) -> web.Response:
    payload = reply.payload()
    if payload or reply.body is not None:
        # Bytes that somebody made have whatever type was said, JSON has no charset.
        reply.headers["Content-Type"] = reply.content_type
    return web.Response(status=reply.status, body=payload or None, headers=reply.headers)


def _is_cut(request: web.BaseRequest) -> bool:
    return request.transport is None or request.transport.is_closing()


def _cut(request: web.BaseRequest) -> web.StreamResponse:
    if request.transport is not None:
        request.transport.close()
    # The server finds the connection closed, and sends nothing of this.
    return web.Response()


async def _truncated(request: web.BaseRequest, reply: Reply | Stream, keep: int) -> web.StreamResponse:
    payload = reply.payload() if isinstance(reply, Reply) else b"data: {}\n\n"
    kind = reply.content_type if isinstance(reply, Reply) else _STREAM
    response = web.StreamResponse(
        status=reply.status if isinstance(reply, Reply) else 200, headers=reply.headers | {"Content-Type": kind}
    )
    response.content_length = max(len(payload), keep + 1)
    await response.prepare(request)
    await response.write(payload[:keep])
    if request.transport is not None:
        request.transport.close()
    return response
