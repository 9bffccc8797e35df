"""One request on its way through: asking the service, and putting its reply on the wire."""

from __future__ import annotations

import asyncio
from email.utils import format_datetime
from typing import TYPE_CHECKING

import attrs
from aiohttp import web

from ._door import reset as break_off
from ._http import HTML, Call, RefusalError, Reply, Route, Service, Stream

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ._world import World

EVENTS = "text/event-stream"


def _nowhere() -> Reply:
    return Reply(404, b"<!doctype html><title>Not Found</title><h1>Not Found</h1>", {}, HTML)


@attrs.define(eq=False)
class Exchange:
    """One request on its way through; *service* is ``None`` where nobody lives."""

    request: web.BaseRequest
    call: Call
    service: Service | None
    routes: Mapping[str, Route]
    route: Route | None
    world: World
    # Set when the sandbox closes.
    closing: asyncio.Event
    # Breaks off all connections, and refuses new ones for so many seconds.
    restart: Callable[[float], None]

    def answer(self) -> Reply | Stream:
        """Ask the service; whatever the request does, it does here."""
        if self.service is None:
            return _nowhere()
        self.call.now -= self.call.lag
        try:
            if self.route is None:
                reply: Reply | Stream = self.service.unknown(self.call, self.routes)
            else:
                self.service.admit(self.call)
                reply = self.route.handler(self.call)
        except RefusalError as refusal:
            reply = refusal.reply
        self.service.finish(self.call, reply)
        return reply

    async def send(self, reply: Reply | Stream) -> web.StreamResponse:
        """Put a reply on the wire; a stream lasts until it ends, its reader leaves, or the sandbox closes."""
        self.date(reply)
        if isinstance(reply, Reply):
            return _whole(reply)
        # Its reader may have left while the reply was held.
        left = self.is_cut
        if left:
            return web.Response()
        response = web.StreamResponse(headers={"Content-Type": EVENTS} | reply.headers)
        await response.prepare(self.request)
        async for frame in reply.frames:
            if self.is_cut or self.closing.is_set():
                break
            if frame:
                await response.write(frame)
        return response

    def date(self, reply: Reply | Stream) -> None:
        """Date a reply by the sandbox's own clock, which need not be the machine's."""
        if not any(name.lower() == "date" for name in reply.headers):
            reply.headers["Date"] = format_datetime(self.world.wall(self.world.now()), usegmt=True)

    @property
    def is_cut(self) -> bool:
        """Whether nothing more can be sent."""
        return self.request.transport is None or self.request.transport.is_closing()

    def cut(self, *, reset: bool = False) -> web.StreamResponse:
        """Close the connection, or with *reset* break it off; what is returned is never sent."""
        transport = self.request.transport
        if reset and isinstance(transport, asyncio.Transport):
            break_off(transport)
        elif transport is not None:
            transport.close()
        return web.Response()


def _whole(reply: Reply) -> web.Response:
    payload = reply.payload()
    if payload or reply.body is not None:
        reply.headers["Content-Type"] = reply.content_type
    return web.Response(status=reply.status, body=payload or None, headers=reply.headers)
