"""Services as an attacker would write them: several origins in one process, and replies byte for byte."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import traceback
from unittest import mock

import aiohttp
import yarl
from aiohttp import web
from services import answer

from asyncjobs.sandbox._memory import MemoryConnector

KEY = "k3y-0123456789abcdefgh"
HOME = "https://api.service.test"
RUN = {"id": "r1", "object": "agent_run", "status": "completed"}


class Net(aiohttp.BaseConnector):
    """
    Leads each origin to a handler of its own; any other cannot be reached.

    *seen* are the requests that arrived, each with the origin at which it did, *tried* the origins asked for.
    """

    def __init__(self, **handlers):
        super().__init__()
        self.handlers = {}
        self.seen = []
        self.tried = []
        self._servers = {}

    def serve(self, origin, handler):
        """Let *handler* answer at *origin*."""

        async def record(request):
            await request.read()
            self.seen.append((origin, request))
            return await handler(request)

        self._servers[yarl.URL(origin).origin()] = web.Server(record, access_log=None)

    def at(self, origin):
        """Return the requests that arrived at *origin*."""
        return [request for where, request in self.seen if where == origin]

    async def _create_connection(self, req, traces, timeout):
        origin = req.url.origin()
        self.tried.append(str(origin))
        if origin not in self._servers:
            raise aiohttp.ClientConnectorError(req.connection_key, OSError(111, "Connection refused"))
        inner = MemoryConnector(self._servers[origin])
        try:
            return await inner._create_connection(req, traces, timeout)
        finally:
            await inner.close()

    async def shutdown(self):
        """Close the servers."""
        for server in self._servers.values():
            await server.shutdown(1.0)


@contextlib.asynccontextmanager
async def net(handlers, **options):
    """Give a network with these *handlers* by origin, and a session on it."""
    connector = Net()
    for origin, handler in handlers.items():
        connector.serve(origin, handler)
    async with aiohttp.ClientSession(connector=connector, **options) as session:
        yield connector, session
    await connector.shutdown()


@contextlib.contextmanager
def own_sessions(session):
    """Let clients that open a session of their own reach what *session* reaches."""
    with mock.patch.object(aiohttp, "TCPConnector", return_value=session.connector):
        yield


def saying(body, status=200, **headers):
    """Return a handler that always answers so."""

    async def handler(request):
        return answer(body, status, **headers)

    return handler


class _Speaker(asyncio.Protocol):
    def __init__(self, chunks, *, close):
        self._chunks = chunks
        self._close = close
        self._task = None

    def connection_made(self, transport):
        self._transport = transport

    def data_received(self, data):
        if data.endswith(b"\r\n\r\n") or b"\r\n\r\n" in data:
            self._task = asyncio.get_running_loop().create_task(self._speak())

    async def _speak(self):
        for chunk in self._chunks():
            # As a server over a network: what nobody reads is not sent.
            while self._transport.get_write_buffer_size() > 2**16 and not self._transport.is_closing():  # noqa: ASYNC110
                await asyncio.sleep(0.001)
            if self._transport.is_closing():
                return
            self._transport.write(chunk)
            await asyncio.sleep(0)
        if self._close:
            self._transport.close()

    def connection_lost(self, error):
        if self._task is not None:
            self._task.cancel()


@contextlib.asynccontextmanager
async def speaking(*chunks, close=True, endless=None):
    """Give a session whose every request is answered with these bytes, then *endless* for ever, then nothing."""

    def everything():
        return itertools.chain(chunks, itertools.repeat(endless) if endless is not None else ())

    connector = MemoryConnector(lambda: _Speaker(everything, close=close))
    async with aiohttp.ClientSession(connector=connector) as session:
        yield session
    for _ in range(3):
        await asyncio.sleep(0)


def http(body=b'{"a":1}', *headers, status="200 OK", length=True):
    """Return a reply byte for byte."""
    lines = [f"HTTP/1.1 {status}".encode(), *(each if isinstance(each, bytes) else each.encode() for each in headers)]
    if length:
        lines.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join([*lines, b"", body])


def chain(error):
    """Return an error, its causes and its contexts, suppressed ones too."""
    found = []
    left = [error]
    while left:
        each = left.pop()
        if each is not None and each not in found:
            found.append(each)
            left += [each.__cause__, each.__context__]
    return found


def told(error, *, since=None):
    """
    Return all that can be read off an error and whatever led to it, local variables of our frames included.

    Frames of tests are left out: a test must know the secret that it looks for.
    """
    parts = []
    for each in chain(error):
        parts += [repr(each), str(each), repr(each.args), repr(vars(each)), repr(getattr(each, "__notes__", ""))]
        whole = traceback.TracebackException.from_exception(each, capture_locals=True)
        for frame in whole.stack:
            if "/tests/" not in frame.filename.replace("\\", "/"):
                parts += [frame.filename, repr(frame.locals)]
    return "\n".join(parts)
