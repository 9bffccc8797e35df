"""A service of a test's own, in memory: one handler, and a session that leads to it."""

from __future__ import annotations

import contextlib
import json

import aiohttp
from aiohttp import web

from asyncjobs.sandbox._memory import MemoryConnector

URL = "http://service.test"


def answer(body: object = b"", status: int = 200, **headers: str) -> web.Response:
    """Return a response; a *body* that is not bytes becomes JSON, *headers* are given with underscores."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return web.Response(status=status, body=raw, headers={"Content-Type": "application/json", **named})


@contextlib.asynccontextmanager
async def serving(handler, **options):
    """Give a session whose every request is answered by *handler*, a coroutine function of the request."""
    server = web.Server(handler, access_log=None, handler_cancellation=True)
    async with aiohttp.ClientSession(connector=MemoryConnector(server), **options) as session:
        yield session
    await server.shutdown(1.0)


def scripted(*replies):
    """Return a handler that gives one reply after another, the last one for ever, and the requests that it has seen."""
    seen = []
    left = list(replies)

    async def handler(request):
        await request.read()
        seen.append(request)
        reply = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(reply, web.Response):
            # A response can be sent once; the last one is sent again and again.
            return web.Response(status=reply.status, body=reply.body, headers=reply.headers)
        return await reply(request)

    return handler, seen
