"""A block in which some jobs are followed by their status streams, so that those who wait need not ask."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any, Final, Self

from asyncjobs._ends import check_jobs
from asyncjobs._job import Job, parts_of
from asyncjobs._state_events import StateEvents
from asyncjobs.errors import AsyncJobsError, InvalidArgument, NotSupported

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType

_log = logging.getLogger("asyncjobs")

#: Each stream is a connection, and at a small server a worker, which then does nothing else.
MOST_STREAMS: Final = 10


class Streaming:
    """A block in which some jobs are followed by their streams; see ``Client.streaming``."""

    def __init__(self, jobs: Iterable[Job[Any]]) -> None:
        self._jobs = list(dict.fromkeys(check_jobs(jobs)))
        for job in self._jobs:
            _, core = parts_of(job)
            if core.record.kind.states is None:
                raise NotSupported("streaming", job.kind, ref=job.ref)
        if len(self._jobs) > MOST_STREAMS:
            raise InvalidArgument("jobs", f"expected at most {MOST_STREAMS}, got {len(self._jobs)}: lists serve more")
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        engines = [parts_of(job)[0] for job in self._jobs]
        for engine in engines:
            engine.enter()
        for job, engine in zip(self._jobs, engines, strict=True):
            self._tasks.append(engine.tasks.start_errand(_follow(job), f"stream {job.ref}"))
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)


async def _follow(job: Job[Any]) -> None:
    try:
        async with StateEvents(job, lambda event: event, steady=True) as events:
            async for _ in events:
                pass
    except AsyncJobsError as error:
        # Whoever waits hears of it, or of something better.
        _log.debug("%s is not followed any more: %s", job.ref, error)
