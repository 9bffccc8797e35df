"""The events of a job, as one async iterator that outlives the streams which bring them."""

from __future__ import annotations

import asyncio
import logging
import warnings
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

from asyncjobs._following import Following, Step, goes_on_from, payload_of
from asyncjobs._job import Job, parts_of
from asyncjobs._retry import is_transient
from asyncjobs._sse import EVENTS
from asyncjobs._states import FINAL
from asyncjobs._waiters import is_final
from asyncjobs._wire import build, identify
from asyncjobs.errors import AsyncJobsError, ClientClosed, ProtocolError, TransportError

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from asyncjobs._calls import EventSource
    from asyncjobs._record import Record
    from asyncjobs._sse import ServerEvent
    from asyncjobs._streaming import EventReader

R_co = TypeVar("R_co", covariant=True)
E_co = TypeVar("E_co", covariant=True)

_log = logging.getLogger("asyncjobs")


class EventStream(Generic[R_co, E_co]):
    """
    The events of a job: ``async for event in events``.

    It goes on until the job was seen to end, whatever becomes of the connection: when a stream breaks off, the stored
    events are read from where it left off, and the job is looked at. No event is given twice. What would end a
    wait is raised, and the iteration may then be tried again. Events that carry the whole job are news for its
    handles; others hasten a look where somebody waits.

    A stream keeps a connection of its own until the last event was read, or until it is closed: ``async with events``
    closes it and leaves the job alone. Nothing is read ahead, and one task may iterate at a time. Ceasing to iterate
    is no loss: who was cancelled, or paused, goes on where they were.
    """

    def __init__(
        self,
        job: Job[R_co],
        make: Callable[[ServerEvent, dict[str, Any]], E_co],
        reader: EventReader | None = None,
        *,
        after: str | None = None,
        once: bool = False,
    ) -> None:
        self._job = job
        self._engine, self._core = parts_of(job)
        self._make = make
        self._reader = reader
        self._live = reader is not None
        source = self._core.record.kind.events
        assert source is not None, "events are followed where a kind has them"
        self._source: EventSource = source
        self._following = Following(stored=source.replay is not None, after=after, once=once)
        self._busy = False
        self._closed = False

    def __repr__(self) -> str:
        return f"<EventStream of {self._job.ref} after {self.last_event_id}>"

    def __del__(self) -> None:
        reader: EventReader | None = getattr(self, "_reader", None)
        if reader is not None and not reader.stream.over:
            reader.close()
            message = f"the events of {self._job.ref} were neither read to their end nor closed"
            warnings.warn(message, ResourceWarning, stacklevel=1, source=self)

    @property
    def job(self) -> Job[R_co]:
        """The job that the events are about."""
        return self._job

    @property
    def last_event_id(self) -> str | None:
        """The id of the last event that was given, to go on from later; ``None`` before the first."""
        return self._following.last_id

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> E_co:
        if self._busy:
            raise RuntimeError("these events are being read by another task")
        self._busy = True
        try:
            while not self._closed:
                event = await self._advance()
                if event is not None:
                    return self._make(event, self._tell(event))
        finally:
            self._busy = False
        raise StopAsyncIteration

    async def _advance(self) -> ServerEvent | None:
        """Take one step; return the new event that it brought, if it did."""
        record = self._core.record
        step = self._following.next(reading=self._reader is not None, final=record.final)
        if step is Step.END:
            self._close()
            return None
        self._engine.enter()
        if step is Step.READ:
            return await self._read()
        if step is Step.REPLAY:
            await self._replay()
        else:
            await self._look()
        return None

    async def _read(self) -> ServerEvent | None:
        reader, following, live = self._reader, self._following, self._live
        assert reader is not None
        # A stream may go on for ever with comments although the job has ended.
        until = asyncio.get_running_loop().time() + self._engine.settings.backstop
        try:
            with self._engine.pushes.expect((self._job.ref,) if live else ()):
                event = await reader.next(until=until)
        except (TransportError, ProtocolError) as error:
            self._drop()
            _log.debug("the events of %s broke off: %s", self._job.ref, error)
            end = following.broke(error, live=live, final=self._core.record.final)
            if end is not None:
                raise end.about(self._job.ref, self._job.snapshot) from error.__cause__
            return None
        if event is None:
            if not reader.over:
                await self._look_once()
            if reader.over or self._core.record.final:
                self._drop()
                following.ended(live=live)
            return None
        new = following.saw(event, last=event.event in self._source.last)
        if following.over:
            self._drop()
        return event if new else None

    async def _replay(self) -> None:
        record, following, streams = self._core.record, self._following, self._engine.streams
        assert self._source.replay is not None
        final = record.final
        request = build(self._source.replay, record.ref.parts)
        if following.again:
            await asyncio.sleep(record.pace.first * following.again)
        # Nothing comes in between that would try again.
        retry = final or self._following.once
        try:
            reader = await streams.open(
                request, self._core.refusals, headers=goes_on_from(following.last_id), retry=retry
            )
        except ClientClosed:
            raise
        except AsyncJobsError as error:
            if retry and (is_transient(error) or following.once):
                raise error.about(record.ref, record.snapshot) from error.__cause__
            if not is_transient(error):
                _log.debug("the service does not give the events of %s: %s", record.ref, error)
                following.refused()
            else:
                following.asked(final=False)
            return
        if self._closed or reader.stream.content_type != EVENTS:
            reader.close()
            following.refused()
            return
        following.asked(final=final)
        self._reader, self._live = reader, False

    async def _look(self) -> None:
        """Wait until the job was looked at once more, or if no events are left to ask for, until it has ended."""
        core, loop = self._core, asyncio.get_running_loop()
        if self._following.looks_until_the_end:
            await core.wait_for(is_final)
            return
        since = loop.time()

        def looked(record: Record[Any], began: float) -> bool:
            return record.final or began >= since

        await core.wait_for(looked)
        self._following.looked()

    async def _look_once(self) -> None:
        look = self._core.begin_look()
        try:
            await look.shared.join()
        except ClientClosed:
            raise
        except AsyncJobsError as error:
            if look.verdict is not None:
                raise look.verdict.about(self._job.ref, self._job.snapshot) from error.__cause__

    def _tell(self, event: ServerEvent) -> dict[str, Any]:
        """Let the job's other handles know; return what the event says."""
        record, pushes = self._core.record, self._engine.pushes
        payload = payload_of(event)
        word = payload.get(record.kind.status)
        ended = isinstance(word, str) and record.kind.words.get(word) in FINAL
        # What is read again was true once: only an end still is.
        if (self._live or ended) and self._source.whole <= payload.keys() and self._is_ours(payload):
            pushes.take(record.kind, payload, record.ref.parts[:-1], "stream")
            return payload
        if event.event in self._source.last and not record.final:
            record.rush(asyncio.get_running_loop().time())
            self._core.services.watcher.hasten(self._core)
        elif isinstance(word, str) and record.snapshot is not None and word != record.snapshot.status:
            pushes.hint(record.kind, record.ref.parts)
        return payload

    def _is_ours(self, payload: dict[str, Any]) -> bool:
        try:
            return identify(self._core.record.kind, payload, self._job.ref.parts[:-1]) == self._job.ref
        except ProtocolError:
            return False

    # -- the end -------------------------------------------------------------

    def _drop(self) -> None:
        reader, self._reader, self._live = self._reader, None, False
        if reader is not None:
            reader.close()

    def _close(self) -> None:
        self._closed = True
        self._drop()

    async def aclose(self) -> None:
        """Close the connection; the job goes on. Closing twice is harmless."""
        self._close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._close()
