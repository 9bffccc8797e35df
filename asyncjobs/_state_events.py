"""The states of a job as its service streams them, as one async iterator that outlives the streams."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING, Any, TypeVar

from asyncjobs._iterating import EventIterator
from asyncjobs._retry import is_transient
from asyncjobs._sse import EVENTS
from asyncjobs._state_streams import Step, Story
from asyncjobs._waiters import is_final
from asyncjobs._wire import build
from asyncjobs.errors import AsyncJobsError, ClientClosed, NotSupported, ProtocolError, TransportError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from asyncjobs._calls import StateStream
    from asyncjobs._job import Job

R_co = TypeVar("R_co", covariant=True)
E_co = TypeVar("E_co", covariant=True)

_log = logging.getLogger("asyncjobs")


class StateEvents(EventIterator[R_co, E_co]):
    """
    The events of a job's status stream: ``async for event in events``.

    It goes on until the job was seen to end, and its last event shows that, whatever becomes of the stream: one that
    breaks off, or falls silent for ``Settings.idle_timeout`` seconds, is opened again after a look at the job; where
    the service ends it before the job, looks go on alone. What would end a wait is raised, and nothing else. While it
    is read, whoever waits for the job is served by it, and looks are made every ``Settings.backstop`` seconds only.

    A stream keeps a connection of its own until it was read to its end, or closed: ``async with events`` closes it and
    leaves the job alone. One task may iterate at a time; who was cancelled goes on where they were.
    """

    _left_open = "the status stream of {} was neither read to its end nor closed"

    # With *steady* somebody reads all the time: between two events, too, the next one can be counted on.
    def __init__(
        self,
        job: Job[R_co],
        make: Callable[[dict[str, Any]], E_co],
        query: Iterable[tuple[str, str]] = (),
        *,
        steady: bool = False,
    ) -> None:
        super().__init__(job)
        source = self._core.record.kind.states
        if source is None:
            raise NotSupported("events", job.kind, ref=job.ref)
        self._source: StateStream = source
        self._make = make
        self._query = tuple(query)
        self._story = Story(source)
        self._steady = steady
        self._expecting = contextlib.ExitStack()

    async def _advance(self) -> E_co | None:
        record, story = self._core.record, self._story
        step = story.next(final=record.final)
        if step is Step.END:
            self._close()
            return None
        self._engine.enter()
        if step is Step.READ:
            return await self._read()
        if step is Step.OPEN:
            await self._open()
        elif step is Step.LOOK:
            await self._look()
        elif step is Step.WAIT:
            await self._core.wait_for(is_final)
        else:
            story.told_end()
            shown = None if record.snapshot is None else record.snapshot.raw
            return self._make({self._source.tag: self._source.state, self._source.data: shown})
        return None

    async def _open(self) -> None:
        ref, story = self._job.ref, self._story
        request = build(self._source.call, ref.parts, query=self._query)
        try:
            reader = await self._engine.streams.open(
                request, self._core.refusals, accept=self._source.accept, retry=False
            )
        except ClientClosed:
            raise
        except AsyncJobsError as error:
            _log.debug("the status stream of %s was not opened: %s", ref, error)
            if is_transient(error):
                story.broke()
            else:
                story.ended()
            return
        if self._closed or reader.stream.content_type != EVENTS:
            reader.close()
            story.ended()
            return
        self._reader = reader
        if self._steady:
            self._expecting.enter_context(self._engine.pushes.expect((ref,)))
        story.opened()

    async def _read(self) -> E_co | None:
        reader, story, record = self._reader, self._story, self._core.record
        assert reader is not None
        # It may be silent for long, and go on so although the job has ended.
        until = asyncio.get_running_loop().time() + self._engine.settings.backstop
        try:
            with self._engine.pushes.expect((record.ref,)):
                event = await reader.next(until=until)
        except (TransportError, ProtocolError) as error:
            _log.debug("the status stream of %s broke off: %s", record.ref, error)
            self._drop()
            story.broke()
            return None
        if event is None:
            if reader.over:
                self._drop()
                story.ended()
            else:
                await self._look_once()
                if record.final:
                    self._drop()
                    story.ended()
            return None
        told = story.read(event.data)
        if told is None:
            return None
        payload, shown = told
        if shown is not None:
            self._engine.pushes.take(record.kind, shown, record.ref.parts[:-1], "stream")
            # A cancel of ours may still turn one end into another: then a look decides, and is told.
            if record.final and shown.get(record.kind.status) == getattr(record.snapshot, "status", None):
                story.told_end()
        return self._make(payload)

    async def _look(self) -> None:
        await self._look_since()
        self._story.looked()

    def _drop(self) -> None:
        super()._drop()
        self._expecting.close()
