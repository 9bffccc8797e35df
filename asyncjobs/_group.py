"""Owning many jobs in one block."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Self, TypeVar

from asyncjobs._creation import Creation
from asyncjobs._ends import Ends, distinct_cores
from asyncjobs._job import off_detach, on_detach, own, parts_of, release
from asyncjobs._mass_cancel import clean_up_all
from asyncjobs._ownership import outlast, report_left, report_second
from asyncjobs.errors import InvalidArgument, WrongLoop

if TYPE_CHECKING:
    from types import TracebackType

    from asyncjobs._engine import Engine
    from asyncjobs._job import Job
    from asyncjobs._refs import JobRef

R = TypeVar("R")


class JobGroup:
    """
    A block that owns many jobs: ``async with JobGroup() as group: group.add(job)``.

    Leaving the block without an exception **waits** until all of them have ended, however they
    ended (a single job's block cancels). An exception in the block, or being cancelled while waiting, cancels
    those that have not ended and goes on bare. ``job.detach()`` takes a job out.
    """

    def __init__(self) -> None:
        #: By the job, the handle through which the group owns it.
        self._held: dict[Job[Any], Job[Any]] = {}
        self._entered = self._left = False
        #: How many creates are under way, and what they and jobs that are taken out wake.
        self._creating = 0
        self._watch: Ends | None = None
        self._created = asyncio.Event()

    @property
    def jobs(self) -> tuple[Job[Any], ...]:
        """The jobs that were added and not detached, in order; also after the block was left."""
        return tuple(job for job in self._held.values() if self._left or job.owned)

    def add(self, job: Job[R]) -> Job[R]:
        """
        Own *job* until the block is left, and return it. Adding it again changes nothing, unless it was detached.

        Raises:
            NotSupported: This kind of job cannot be cancelled, so that owning it would be an empty promise.
            RuntimeError: The block was not entered, or is being left.
            InvalidArgument: It is no job.
            ClientClosed, WrongLoop: The job's client cannot be used here and now.
        """
        engine, _ = parts_of(job)
        held = self._held.get(job)
        if held is None or not held.owned:
            engine.enter()
            self._check_open()
            own(job)
            self._hold(job)
        return job

    def _hold(self, job: Job[Any]) -> None:
        self._held[job] = job
        on_detach(job, self._taken_out)

    def _taken_out(self, job: Job[Any]) -> None:
        if self._watch is not None and self._held.get(job) is job:
            self._watch.drop(parts_of(job)[1])

    async def create(self, creation: Creation[R]) -> Job[R]:
        """
        Create a job that the group owns from the first byte: ``await group.create(exa.agent.runs.create(…))``.

        A clean exit of the block waits for creates that other tasks have under way, and for their jobs. If the block
        is left by an exception meanwhile, the job is cancelled as soon as it is there.

        It raises what awaiting the creation raises, and what :meth:`add` raises.
        """
        if not isinstance(creation, Creation):  # pyright: ignore[reportUnnecessaryIsInstance] - users' input
            raise InvalidArgument("creation", f"expected what create(…) returns, got {type(creation).__name__}")
        try:
            self._check_open()
        except RuntimeError:
            creation.close()
            raise
        self._creating += 1
        try:
            job = await creation.__aenter__()
        finally:
            self._creating -= 1
            self._created.set()
        if self._left:
            # The block was left while the job was being created: nobody would own it.
            await creation.__aexit__(None, None, None)
        else:
            self._hold(job)
        self._check_open()
        return job

    def _check_open(self) -> None:
        if not self._entered or self._left:
            raise RuntimeError("a group owns jobs only within its block: async with JobGroup() as group")

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
            await self._leave(error)
            raise
        await self._leave(exc)

    async def _leave(self, exc: BaseException | None) -> None:
        """Take no more jobs, cancel those that have not ended if there is an exception, and give all of them up."""
        owned = self.jobs
        self._left = True
        self._held = {job: job for job in owned}
        try:
            if exc is not None:
                await self._cancel_rest(exc)
        finally:
            for job in owned:
                off_detach(job, self._taken_out)
                release(job)

    async def _wait(self) -> None:
        # Other tasks may add jobs while we wait, create some, or take them out.
        while (open_jobs := [job for job in self.jobs if not job.done]) or self._creating:
            if open_jobs:
                await self._wait_for(open_jobs)
            else:
                self._created.clear()
                await self._created.wait()

    async def _wait_for(self, jobs: list[Job[Any]]) -> None:
        watch = self._watch = Ends(distinct_cores(jobs))
        try:
            while len(watch) and not watch.errors:
                await watch.news()
        finally:
            watch.close()
            self._watch = None
        for error in watch.errors.values():
            raise error.copy()

    async def _cancel_rest(self, exc: BaseException) -> None:
        # A client that closes cancels what it owns itself.
        open_jobs = [job for job in self.jobs if not job.done and not parts_of(job)[0].closed]
        if not open_jobs:
            return
        by_client: dict[Engine, list[Job[Any]]] = {}
        for job in open_jobs:
            by_client.setdefault(parts_of(job)[0], []).append(job)
        failed: dict[JobRef, BaseException] = {}

        def clean_up(*, again: bool = False) -> list[asyncio.Task[None]]:
            # Each client finishes the cleaning up of its own jobs, should the leaver be let go.
            return [
                engine.tasks.start_cleanup(_clean_up(engine, jobs, failed, again=again), "group")
                for engine, jobs in by_client.items()
                if _can_clean_up(engine, jobs, failed)
            ]

        await outlast(clean_up(), cancelled=isinstance(exc, asyncio.CancelledError), again=lambda: clean_up(again=True))
        for ref, error in failed.items():
            exc.add_note(f"{ref} could not be cancelled and may still be running: {error}")


def _can_clean_up(engine: Engine, jobs: list[Job[Any]], failed: dict[JobRef, BaseException]) -> bool:
    try:
        engine.check_loop()
    except WrongLoop as error:
        for job in jobs:
            report_left(job.ref, error)
        failed.update({job.ref: error for job in jobs})
        return False
    return True


async def _clean_up(engine: Engine, jobs: list[Job[Any]], failed: dict[JobRef, BaseException], *, again: bool) -> None:
    settings = engine.settings
    live = [job for job in jobs if not job.done]
    try:
        report = await clean_up_all(live, concurrency=settings.connections, timeout=settings.cleanup_timeout)
    except BaseException as error:
        for job in live:
            if not job.done:
                report_left(job.ref, error)
        raise
    for ref, failure in report.errors.items():
        report_left(ref, failure)
    for job in live if again else ():
        if job.ref not in report.errors:
            report_second(job.ref)
    failed.update(report.errors)
