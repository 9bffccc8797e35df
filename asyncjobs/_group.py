"""Owning many jobs in one block."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any, Self, TypeVar

from asyncjobs._gathering import wait_all
from asyncjobs._job import parts_of
from asyncjobs._mass_cancel import clean_up_all
from asyncjobs._ownership import outlast

if TYPE_CHECKING:
    from types import TracebackType

    from asyncjobs._engine import Engine
    from asyncjobs._job import Job
    from asyncjobs._mass_cancel import CancelReport

R = TypeVar("R")

_log = logging.getLogger("asyncjobs")


class JobGroup:
    """
    A block that owns many jobs: ``async with JobGroup() as group: group.add(job)``.

    Leaving the block without an exception **waits** until all of them have ended, however they
    ended (a single job's block cancels). An exception in the block, or being cancelled while waiting, cancels
    those that have not ended and goes on bare. ``job.detach()`` takes a job out.
    """

    def __init__(self) -> None:
        self._jobs: dict[Job[Any], None] = {}
        self._entered = self._left = False

    @property
    def jobs(self) -> tuple[Job[Any], ...]:
        """The jobs that the group owns, in the order in which they were added."""
        return tuple(job for job in self._jobs if job.owned)

    def add(self, job: Job[R]) -> Job[R]:
        """
        Own *job* until the block is left, and return it. Adding it again changes nothing.

        Raises:
            NotSupported: This kind of job cannot be cancelled, so that owning it would be an empty promise.
            RuntimeError: The block was not entered, or was left.
            InvalidArgument: It is no job.
            ClientClosed, WrongLoop: The job's client cannot be used here and now.
        """
        if not self._entered or self._left:
            raise RuntimeError("a group owns jobs only within its block: async with JobGroup() as group")
        engine, _ = parts_of(job)
        if job not in self._jobs:
            engine.enter()
            job.own()
            self._jobs[job] = None
        return job

    async def __aenter__(self) -> Self:
        if self._entered:
            raise RuntimeError("a group can be entered once")
        self._entered = True
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            if exc is None:
                await self._wait()
        except BaseException as error:
            await self._cancel_rest(error)
            raise
        else:
            if exc is not None:
                await self._cancel_rest(exc)
        finally:
            self._left = True
            for job in self._jobs:
                job.detach()

    async def _wait(self) -> None:
        # Other tasks may add jobs while we wait.
        while open_jobs := [job for job in self.jobs if not job.done]:
            await wait_all(open_jobs)

    async def _cancel_rest(self, exc: BaseException) -> None:
        # A client that closes cancels what it owns itself.
        open_jobs = [job for job in self.jobs if not job.done and not parts_of(job)[0].closed]
        if not open_jobs:
            return
        by_client: dict[Engine, list[Job[Any]]] = {}
        for job in open_jobs:
            by_client.setdefault(parts_of(job)[0], []).append(job)
        # Each client finishes the cleaning up of its own jobs, should the leaver be let go.
        cleanups = [engine.tasks.start_cleanup(_clean_up(engine, jobs), "group") for engine, jobs in by_client.items()]
        await outlast(cleanups, cancelled=isinstance(exc, asyncio.CancelledError))
        for cleanup in cleanups:
            for ref, error in ({} if cleanup.cancelled() else cleanup.result().errors).items():
                exc.add_note(f"{ref} could not be cancelled and may still be running: {error}")


async def _clean_up(engine: Engine, jobs: list[Job[Any]]) -> CancelReport:
    settings = engine.settings
    try:
        report = await clean_up_all(jobs, concurrency=settings.connections, timeout=settings.cleanup_timeout)
    except asyncio.CancelledError:
        for job in jobs:
            if not job.done:
                _log.error("%s is owned and its cancelling was broken off, it may still be running", job.ref)
        raise
    for ref, error in report.errors.items():
        _log.error("%s is owned and could not be cancelled, it may still be running: %s", ref, error)
    return report
