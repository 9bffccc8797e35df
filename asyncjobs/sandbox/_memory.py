"""HTTP without sockets: two transports in one process, each the other's peer."""

from __future__ import annotations

import asyncio
import errno
import os
from typing import TYPE_CHECKING, Any, cast

import aiohttp

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp.client_proto import ResponseHandler

# As an ordinary transport's: beyond so many undelivered bytes the writer is asked to pause.
_HIGH_WATER = 64 * 1024


class MemoryTransport(asyncio.Transport):
    """One end of a connection inside the process; bytes arrive in the next turn of the loop, in order."""

    def __init__(self, loop: asyncio.AbstractEventLoop, protocol: asyncio.Protocol) -> None:
        super().__init__()
        self.peer: MemoryTransport | None = None
        self._loop = loop
        self._protocol = protocol
        self._inbox: list[bytes] = []
        self._inbox_size = 0
        self._reading = True
        self._closing = False
        self._peer_done = False
        self._peer_paused = False
        self._scheduled = False

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Return an address for logs; there is no socket."""
        return ("127.0.0.1", 0) if name in {"peername", "sockname"} else default

    def is_closing(self) -> bool:
        """Tell whether this end was closed."""
        return self._closing

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Hand over to another protocol."""
        self._protocol = cast("asyncio.Protocol", protocol)

    def get_protocol(self) -> asyncio.Protocol:
        """Return the protocol of this end."""
        return self._protocol

    def is_reading(self) -> bool:
        """Tell whether bytes are delivered."""
        return self._reading and not self._closing

    def pause_reading(self) -> None:
        """Hold what arrives."""
        self._reading = False

    def resume_reading(self) -> None:
        """Deliver again."""
        self._reading = True
        self._schedule()

    def write(self, data: bytes | bytearray | memoryview[Any]) -> None:
        """Send to the other end; silently nothing once either end is closed, as with a socket."""
        peer = self.peer
        if self._closing or peer is None or peer._closing or not data:  # noqa: SLF001  (two halves of one thing)
            return
        peer._receive(bytes(data))  # noqa: SLF001

    def can_write_eof(self) -> bool:
        """Tell that one direction cannot be closed alone."""
        return False

    def get_write_buffer_size(self) -> int:
        """Return how many bytes the other end has not taken yet."""
        return 0 if self.peer is None else self.peer._inbox_size  # noqa: SLF001

    def close(self) -> None:
        """Close this end; the other still gets what was written, then the end."""
        self._shut(None)

    def abort(self) -> None:
        """Close at once; what was written and not delivered is lost."""
        if self.peer is not None:
            self.peer._drop()  # noqa: SLF001
        self._shut(None)

    def reset(self) -> None:
        """Close at once as :meth:`abort`, and let the other end see that it was no ordinary end."""
        self._shut(None)
        if self.peer is not None:
            self.peer._shut(ConnectionResetError(errno.ECONNRESET, os.strerror(errno.ECONNRESET)))  # noqa: SLF001

    def _receive(self, data: bytes) -> None:
        self._inbox.append(data)
        self._inbox_size += len(data)
        if self._inbox_size > _HIGH_WATER and not self._peer_paused and self.peer is not None:
            self._peer_paused = True
            self.peer._protocol.pause_writing()  # noqa: SLF001
        self._schedule()

    def _drop(self) -> None:
        self._inbox.clear()
        self._inbox_size = 0

    def _schedule(self) -> None:
        if not self._scheduled:
            self._scheduled = True
            self._loop.call_soon(self._deliver)

    def _deliver(self) -> None:
        self._scheduled = False
        while self._inbox and self.is_reading():
            data = self._inbox[0] if len(self._inbox) == 1 else b"".join(self._inbox)
            self._drop()
            self._protocol.data_received(data)
        if self._peer_paused and not self._inbox and self.peer is not None and not self.peer.is_closing():
            self._peer_paused = False
            self.peer._protocol.resume_writing()  # noqa: SLF001
        if self._peer_done and not self._inbox and not self._closing and not self._protocol.eof_received():
            self.close()

    def _shut(self, error: Exception | None) -> None:
        if self._closing:
            return
        self._closing = True
        self._drop()
        self._loop.call_soon(self._protocol.connection_lost, error)
        if self.peer is not None:
            self.peer._peer_done = True  # noqa: SLF001
            self.peer._schedule()  # noqa: SLF001


def link(loop: asyncio.AbstractEventLoop, client: asyncio.Protocol, server: asyncio.Protocol) -> None:
    """Connect two protocols."""
    near, far = MemoryTransport(loop, client), MemoryTransport(loop, server)
    near.peer, far.peer = far, near
    server.connection_made(far)
    client.connection_made(near)


class MemoryConnector(aiohttp.BaseConnector):
    """Connects whatever host is asked for to one server in this process; *accept* makes the server's half.

    An ``OSError`` of *accept* is what a connection that cannot be made raises.
    """

    def __init__(self, accept: Callable[[], asyncio.Protocol], *, limit: int = 100) -> None:
        super().__init__(limit=limit)
        self._accept = accept

    async def _create_connection(
        self,
        req: aiohttp.ClientRequest,
        traces: list[Any],  # noqa: ARG002
        timeout: aiohttp.ClientTimeout,  # noqa: ARG002
    ) -> ResponseHandler:
        # Whatever is asked for, it leads here.
        try:
            server = self._accept()
        except OSError as error:
            raise aiohttp.ClientConnectorError(req.connection_key, error) from error
        client = self._factory()
        link(self._loop, client, server)
        return client
