"""A service that streams, as a test tells it to, and a client of it."""

from __future__ import annotations

import asyncio
import contextlib

from aiohttp import web
from services import URL, serving

from asyncjobs import Exa, Settings
from asyncjobs._kinds import Lane
from asyncjobs._wire import Request

KEY = "s3cret-key-0123456789"
GET = Request(method="GET", target="/things/t1/events", lane=Lane.LOOK, repeatable=True)


class Script:
    """
    Answers every request with a stream of *pieces*: bytes are sent, numbers are seconds of silence.

    ``ValueError`` among them breaks the connection off. *seen* are the requests, *left* how many readers have gone
    before the end, *served* how many got to it.
    """

    def __init__(self, *pieces, status=200, content_type="text/event-stream", **headers):
        self.pieces = pieces
        self.status = status
        self.headers = {"Content-Type": content_type, **{n.replace("_", "-"): v for n, v in headers.items()}}
        self.seen = []
        self.left = 0
        self.served = 0

    async def __call__(self, request):
        await request.read()
        self.seen.append(request)
        response = web.StreamResponse(status=self.status, headers=self.headers)
        try:
            await response.prepare(request)
            for piece in self.pieces:
                if piece is ValueError:
                    request.transport.close()
                    return response
                if isinstance(piece, bytes):
                    await response.write(piece)
                else:
                    await asyncio.sleep(piece)
            await response.write_eof()
        except (asyncio.CancelledError, ConnectionError):
            self.left += 1
            raise
        self.served += 1
        return response


@contextlib.asynccontextmanager
async def streaming(script, **settings):
    """Give the streams of a client whose service is *script*, and that client."""
    async with (
        serving(script) as session,
        Exa(KEY, base_url=URL, session=session, settings=Settings(**settings)) as exa,
    ):
        exa._engine.enter()
        yield exa._engine.streams, exa


async def events(reader):
    """Return the events that are left."""
    found = []
    while (event := await reader.next()) is not None:
        found.append(event)
    return found
