"""Opening streams: through the same door as every other request, and shut with the client."""

from __future__ import annotations

import asyncio
import math
import weakref
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, TypeAlias

from asyncjobs._caller import whole
from asyncjobs._heads import BROKEN, failed
from asyncjobs._kinds import Lane
from asyncjobs._refusals import error_from
from asyncjobs._sse import EVENTS
from asyncjobs._streaming import EventReader, Stream
from asyncjobs._wire import Reply, Request
from asyncjobs.errors import AsyncJobsError, ClientClosed, TransportError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from asyncjobs._caller import Caller
    from asyncjobs._heads import Head
    from asyncjobs._kinds import Refusal
    from asyncjobs._seam import Transport
    from asyncjobs._settings import Settings
    from asyncjobs._tasks import Tasks

Begin: TypeAlias = "Callable[[Request, Mapping[str, str]], Awaitable[Head]]"

_SUCCESS: Final = range(200, 300)


class Opener:
    """
    A transport whose replies are heads of streams: one that says success is left open, to be taken.

    *accept* is what the request asks for (``None``: as ever), *headers* are sent besides. With *first* an event stream
    counts as a reply only when an event has come whose data *first* takes; that is then the reply's body.
    *begin* sends the request (``None``: the transport does).
    """

    def __init__(
        self,
        streams: Streams,
        *,
        accept: str | None = EVENTS,
        headers: Mapping[str, str] | None = None,
        first: Callable[[bytes], bool] | None = None,
        begin: Begin | None = None,
    ) -> None:
        self._streams = streams
        self._begin: Begin = begin or streams.transport.begin
        self._headers = {"Accept-Encoding": "identity", **({} if accept is None else {"Accept": accept})}
        self._headers |= headers or {}
        self._first = first
        self._closed = False
        self._reader: EventReader | None = None

    async def send(self, request: Request) -> Reply:
        """Send *request* once; see :class:`asyncjobs._seam.Transport`."""
        outcome = await self._exchange(request)
        if isinstance(outcome, AsyncJobsError):
            raise outcome
        return outcome

    async def _exchange(self, request: Request) -> Reply | AsyncJobsError:
        loop, settings = asyncio.get_running_loop(), self._streams.settings
        began, limit, shown = loop.time(), settings.request_timeout, request.target.partition("?")[0]
        reader: EventReader | None = None
        kept = False
        if self._first is not None and not self._streams.room:
            # The job matters more than its events, which can be read later.
            return await self._streams.transport.send(request)
        try:
            async with asyncio.timeout(None if limit == math.inf else limit):
                head = await self._begin(request, self._headers)
                shown = head.shown
                reader = self._streams.add(Stream(head, request, settings, began))
                body = await self._body(reader)
            stream = reader.stream
            kept = stream.status in _SUCCESS and not stream.over
            self._keep(reader if kept else None)
        except BROKEN as error:
            return failed(error, request, shown)
        except ClientClosed as error:
            if reader is None:
                return error.copy()
            # Sent is sent: whoever asks for an effect has to find out whether there was one.
            return TransportError("the client was closed before the reply came", method=request.method, url=shown)
        except AsyncJobsError as error:
            return error.copy()
        finally:
            if reader is not None and not kept:
                reader.close()
        return Reply(
            status=stream.status,
            headers=stream.headers,
            body=body,
            url=stream.url,
            began=began,
            received_at=datetime.now(UTC),
        )

    async def _body(self, reader: EventReader) -> bytes:
        stream = reader.stream
        if stream.status not in _SUCCESS:
            return stream.conceal_error(await stream.read_all())
        if self._first is None:
            return b""
        if stream.content_type == EVENTS:
            return await reader.peek(self._first)
        # It does not stream, and has done what it was asked nevertheless.
        return await stream.read_all()

    def _keep(self, reader: EventReader | None) -> None:
        self._reader = reader
        if self._closed and reader is not None:
            # Whoever wanted it has gone.
            reader.close()

    def take(self) -> EventReader | None:
        """Return what is open, ``None`` if the last reply was whole; the caller closes it."""
        reader, self._reader = self._reader, None
        return reader

    def close(self) -> None:
        """Close what is open, and what opens from now on."""
        self._closed = True
        if self._reader is not None:
            self._reader.close()

    @property
    def connections(self) -> int:
        """How many connections there can be at once, 0 for any number."""
        return self._streams.transport.connections

    async def begin(self, request: Request, headers: Mapping[str, str]) -> Head:
        """Send *request*; see :class:`asyncjobs._seam.Transport`."""
        return await self._streams.transport.begin(request, headers)

    async def begin_elsewhere(self, address: str) -> Head:
        """Read what is at *address*; see :class:`asyncjobs._seam.Transport`."""
        return await self._streams.transport.begin_elsewhere(address)

    async def aclose(self) -> None:
        """Close what is open."""
        self.close()

    def abandon(self) -> None:
        """Close what is open."""
        self.close()


class Streams:
    """The streams of one client."""

    def __init__(self, transport: Transport, caller: Caller, tasks: Tasks, settings: Settings) -> None:
        self.transport: Transport = transport
        self.settings: Settings = settings
        self._caller = caller
        self._tasks = tasks
        self._open: weakref.WeakSet[Stream] = weakref.WeakSet()

    @property
    def room(self) -> bool:
        """Whether one more may last: half of a session's connections are left to what does not."""
        limit = self.transport.connections
        return not limit or 2 * (1 + sum(not stream.over for stream in self._open)) <= limit

    def add(self, stream: Stream) -> EventReader:
        """Close *stream* with the client, and return what reads its events."""
        self._open.add(stream)
        return EventReader(stream, self.settings.max_body_bytes)

    async def open(
        self,
        request: Request,
        refusals: Sequence[Refusal] = (),
        *,
        accept: str | None = EVENTS,
        headers: Mapping[str, str] | None = None,
        retry: bool = True,
    ) -> EventReader:
        """
        Send *request*, which may be repeated, and return its reply as soon as its head has come; the caller closes it.

        Its ``stream`` gives the bytes of what is no event stream. With *retry* it is sent again where that is harmless.

        Raises:
            APIError, TransportError, ProtocolError: It failed.
            ClientClosed: The client was closed meanwhile.
        """
        opener = Opener(self, accept=accept, headers=headers)
        caller = self._caller.over(opener)
        sending = caller.send(request, whole, refusals) if retry else caller.attempt(request, refusals)
        try:
            await self._tasks.run(sending, f"stream {request.target.partition('?')[0]}")
        except BaseException:
            opener.close()
            raise
        reader = opener.take()
        if reader is None:
            raise ClientClosed("the client was closed")
        return reader

    async def open_elsewhere(self, address: str) -> EventReader:
        """
        Read what is at an *address* that the service gave, without the key; the caller closes it.

        Whoever keeps its files is not the service: this takes no turn, and says nothing of the weather.

        Raises:
            APIError, TransportError, ProtocolError: It failed, once.
            InvalidArgument: It is no address.
        """

        def begin(*_: object) -> Awaitable[Head]:
            return self.transport.begin_elsewhere(address)

        opener = Opener(self, accept=None, begin=begin)
        request = Request(method="GET", target="", lane=Lane.LOOK, repeatable=True)
        try:
            reply = await opener.send(request)
        except BaseException:
            opener.close()
            raise
        if reply.status not in _SUCCESS:
            raise error_from(reply, request, ())
        reader = opener.take()
        if reader is None:
            raise ClientClosed("the client was closed")
        return reader

    def close(self) -> None:
        """Close them all: whoever reads hears that the client was closed."""
        for stream in list(self._open):
            stream.close(ClientClosed("the client was closed; the job goes on at the service"))
