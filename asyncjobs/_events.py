"""The events of a job, as one async iterator that outlives the streams which bring them."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any, TypeVar

from asyncjobs._following import Following, Step, goes_on_from, payload_of
from asyncjobs._iterating import EventIterator
from asyncjobs._retry import is_transient
from asyncjobs._sse import EVENTS
from asyncjobs._states import FINAL
from asyncjobs._waiters import is_final
from asyncjobs._wire import build, identify
from asyncjobs.errors import AsyncJobsError, ClientClosed, NotFound, ProtocolError, TransportError

if TYPE_CHECKING:
    from collections.abc import Callable

    from asyncjobs._calls import EventSource
    from asyncjobs._job import Job
    from asyncjobs._sse import ServerEvent
    from asyncjobs._streaming import EventReader

R_co = TypeVar("R_co", covariant=True)
E_co = TypeVar("E_co", covariant=True)

_log = logging.getLogger("asyncjobs")


class EventStream(EventIterator[R_co, E_co]):
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
        super().__init__(job, reader)
        self._make = make
        self._live = reader is not None
        source = self._core.record.kind.events
        assert source is not None, "events are followed where a kind has them"
        self._source: EventSource = source
        self._following = Following(stored=source.replay is not None, after=after, once=once)

    def __repr__(self) -> str:
        return f"<EventStream of {self._job.ref} after {self.last_event_id}>"

    @property
    def last_event_id(self) -> str | None:
        """The id of the last event that was given, to go on from later; ``None`` before the first."""
        return self._following.last_id

    async def _advance(self) -> E_co | None:
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

    async def _read(self) -> E_co | None:
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
        return self._make(event, self._tell(event)) if new else None

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
            if isinstance(error, NotFound) and record.guards.young(asyncio.get_running_loop().time()):
                # This server may not have heard of it yet: a look decides, and then they are asked for again.
                following.asked(final=final)
            elif not is_transient(error):
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
        if self._following.looks_until_the_end:
            await self._core.wait_for(is_final)
            return
        await self._look_since()
        self._following.looked()

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

    def _drop(self) -> None:
        self._live = False
        super()._drop()
