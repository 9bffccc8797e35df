"""Where connections come in: it may be shut for some time, and all who came through it may be thrown out."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import socket
import struct
from typing import TYPE_CHECKING

import aiohttp

from ._memory import MemoryConnector, MemoryTransport

if TYPE_CHECKING:
    from aiohttp import web

_MEMORY_URL = "http://sandbox.test"
# Do not linger: what was not sent is thrown away, and the peer is told so.
_RESET = struct.pack("ii", 1, 0)


class Door:
    """The door of *server*: a port if there is an *address*, else one within the process."""

    def __init__(self, server: web.Server, address: tuple[str, int] | None) -> None:
        self.url = _MEMORY_URL
        # How many connections were turned away; nobody tells a server that listens on a port.
        self.refused = 0
        self._server = server
        self._address = address
        self._listener: asyncio.Server | None = None
        self._loop = asyncio.get_running_loop()
        self._shut_until = self._loop.time()
        self._opening: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Begin to let connections in."""
        if self._address is None:
            return
        self._listener = await self._loop.create_server(self._server, *self._address, backlog=1024)
        # Whoever asked for any free port gets the same one again.
        host, port = self._address = self._listener.sockets[0].getsockname()[:2]
        self.url = f"http://{f'[{host}]' if ':' in host else host}:{port}"

    def connector(self, limit: int) -> aiohttp.BaseConnector:
        """Return a new connector of at most *limit* connections that leads here."""
        return aiohttp.TCPConnector(limit=limit) if self._address else MemoryConnector(self.accept, limit=limit)

    def accept(self) -> asyncio.Protocol:
        """Return the server's half of a new connection within the process.

        Raises:
            ConnectionRefusedError: The door is shut.
        """
        if self._loop.time() < self._shut_until:
            self.refused += 1
            raise ConnectionRefusedError(errno.ECONNREFUSED, os.strerror(errno.ECONNREFUSED))
        return self._server()

    def refuse(self, seconds: float) -> None:
        """Let nobody in for so many seconds of the loop; who is in may stay."""
        self._shut_until = max(self._shut_until, self._loop.time() + seconds)
        if self._listener is not None and self._opening is None:
            self._listener.close()
            self._opening = self._loop.create_task(self._open_later(), name="sandbox: door")

    def throw_out(self) -> None:
        """Break all connections off."""
        for connection in self._server.connections:
            if isinstance(connection.transport, asyncio.Transport):
                reset(connection.transport)

    def shut(self) -> None:
        """Let nobody in any more."""
        if self._opening is not None:
            self._opening.cancel()
        if self._listener is not None:
            self._listener.close()

    async def wait_shut(self) -> None:
        """Wait until all is closed."""
        if self._opening is not None:
            with contextlib.suppress(asyncio.CancelledError):
                await self._opening
        if self._listener is not None:
            await self._listener.wait_closed()

    async def _open_later(self) -> None:
        try:
            while (left := self._shut_until - self._loop.time()) > 0:  # noqa: ASYNC110  (it may be put off)
                await asyncio.sleep(left)
            await self.open()
        finally:
            self._opening = None


def reset(transport: asyncio.Transport) -> None:
    """Break a connection off at once: the peer sees a reset, not an end."""
    if isinstance(transport, MemoryTransport):
        transport.reset()
        return
    if (connection := transport.get_extra_info("socket")) is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    transport.abort()
