"""Replies that are read as they come: bounded by silence and not by time, and closed whatever becomes of the reader."""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections import deque
from typing import TYPE_CHECKING, Final

from asyncjobs._heads import BROKEN, failed
from asyncjobs._sse import EventDecoder, ServerEvent
from asyncjobs._texts import clean
from asyncjobs._unpacking import Unpacker, Unreadable
from asyncjobs.errors import AsyncJobsError, ProtocolError, TransportError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from asyncjobs._heads import Head
    from asyncjobs._settings import Settings
    from asyncjobs._wire import Request

#: What names the job comes first; a service that says so much before it never will.
_MOST_BEFORE: Final = 100


class Stream:
    """
    A reply that is open. Whoever has it closes it.

    *began* is the monotonic time at which the request was sent. A reader who is cancelled may read on.
    """

    def __init__(self, head: Head, request: Request, settings: Settings, began: float) -> None:
        self.status: int = head.response.status
        self.headers: Mapping[str, str] = {
            name.lower(): head.concealer.conceal_text(value) for name, value in head.response.headers.items()
        }
        self.url: str = head.shown
        self.began: float = began
        self._head = head
        self._request = request
        self._unpacker = Unpacker(head.response.headers.get("Content-Encoding", ""))
        self._bound = settings.max_body_bytes
        self._idle = settings.idle_timeout
        self._heard = asyncio.get_running_loop().time()
        self._end: AsyncJobsError | None = None
        self._over = False

    def __del__(self) -> None:
        # A reader that was dropped without a word must not keep a connection.
        if hasattr(self, "_over"):
            self.close()

    @property
    def content_type(self) -> str:
        """What the body says it is, without parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def over(self) -> bool:
        """Whether nothing more can come of it."""
        return self._over

    @property
    def request_id(self) -> str | None:
        """The service's id of the request."""
        return clean(self.headers.get("x-request-id", "")) or None

    def conceal(self, text: str) -> str:
        """Return *text*, which is the user's data, with the key blotted out if it is too long to be a word."""
        return self._head.concealer.conceal_payload(text.encode()).decode()

    def conceal_error(self, body: bytes) -> bytes:
        """Return *body*, which is the service's own, with the key blotted out."""
        return self._head.concealer.conceal(body)

    async def read(self, *, until: float | None = None) -> bytes | None:
        """
        Return the next piece of the body, empty at its end; ``None`` if none has come by the time *until*.

        Raises:
            TransportError: It broke off, or nothing came for ``Settings.idle_timeout`` seconds.
            ProtocolError: Unpacked, the piece has more than ``Settings.max_body_bytes``.
            ClientClosed: The client was closed.
        """
        outcome = await self._read(until)
        # As in the transport: aiohttp's exceptions, which hold the request, stay below.
        if isinstance(outcome, AsyncJobsError):
            self.close()
            raise outcome
        return outcome

    async def _read(self, until: float | None) -> bytes | AsyncJobsError | None:
        loop = asyncio.get_running_loop()
        while not self._over:
            silent = self._heard + self._idle
            bound = silent if until is None else min(silent, until)
            try:
                async with asyncio.timeout_at(None if bound == math.inf else bound):
                    packed = await self._head.response.content.readany()
                piece = self._unpacker.feed(packed, self._bound)
                self._heard = loop.time()
                if not packed:
                    self._over = True
                    self._unpacker.end()
            except TimeoutError as error:
                if loop.time() < silent:
                    return None
                return failed(error, self._request, self.url)
            except BROKEN as error:
                if self._over and not isinstance(error, Unreadable):
                    break  # It was closed meanwhile.
                return failed(error, self._request, self.url)
            if len(piece) > max(self._bound, len(packed)):
                return ProtocolError(
                    f"{self.url}: the body has more than max_body_bytes ({self._bound})", request_id=self.request_id
                )
            if piece:
                return piece
        return self._end or b""

    async def read_all(self) -> bytes:
        """Return what is left of the body; raises as :meth:`read`, and if it is too large."""
        pieces: list[bytes] = []
        size = 0
        while piece := await self.read():
            pieces.append(piece)
            size += len(piece)
            if size > self._bound:
                self.close()
                message = f"{self.url}: the body has more than max_body_bytes ({self._bound})"
                raise ProtocolError(message, request_id=self.request_id)
        return b"".join(pieces)

    def close(self, error: AsyncJobsError | None = None) -> None:
        """Give the connection back; who reads gets *error* (``None``: the end). Closing twice is harmless."""
        if not self._over:
            self._over, self._end = True, error
            # Its event loop may have ended, and the connection with it.
            with contextlib.suppress(RuntimeError):
                self._head.response.close()


class EventReader:
    """The server-sent events of a stream; *last_event_id* is that of the stream which this one goes on with."""

    def __init__(self, stream: Stream, max_bytes: int, last_event_id: str = "") -> None:
        self.stream: Stream = stream
        self._decoder = EventDecoder(max_bytes, last_event_id)
        self._max = max_bytes
        self._ready: deque[ServerEvent] = deque()
        self._error: AsyncJobsError | None = None

    async def next(self, *, until: float | None = None) -> ServerEvent | None:
        """
        Return the next event; ``None`` after the last one, or if none has come by the time *until*.

        Raises as :meth:`Stream.read`, and ``ProtocolError`` for an event that is too large.
        """
        while not self._ready:
            if self._error is not None:
                self.stream.close()
                raise self._error.copy()
            piece = await self.stream.read(until=until)
            if not piece:
                return None
            self._feed(piece)
        return self._ready.popleft()

    async def peek(self, wanted: Callable[[bytes], bool]) -> bytes:
        """
        Return the data of the first event that is *wanted*; it and those before are still to come.

        Raises as :meth:`next`, ``TransportError`` if the stream ends before, ``ProtocolError`` after a hundred others.
        """
        seen: list[ServerEvent] = []
        size = 0
        while len(seen) < _MOST_BEFORE:
            event = await self.next()
            if event is None:
                raise TransportError("the stream ended before it said what it is about", url=self.stream.url)
            seen.append(event)
            data = event.data.encode()
            if wanted(data):
                self._ready.extendleft(reversed(seen))
                return data
            size += len(data)
            if size > self._max:
                raise ProtocolError(f"{self.stream.url}: more than {self._max} bytes do not say what it is about")
        raise ProtocolError(f"{self.stream.url}: the stream does not say what it is about")

    def close(self) -> None:
        """Close the stream."""
        self.stream.close()

    @property
    def over(self) -> bool:
        """Whether no more can come."""
        return self.stream.over and not self._ready and self._error is None

    def _feed(self, piece: bytes) -> None:
        try:
            for event in self._decoder.feed(piece):
                data = self.stream.conceal(event.data)
                self._ready.append(ServerEvent(event.event, data, event.id, event.last_event_id))
        except ProtocolError as error:
            self._error = error
