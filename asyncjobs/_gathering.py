"""Waiting for many jobs at once: a future for each wait, no task."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Generic, Literal, Self, TypeVar, overload

from asyncjobs._ends import Ends, check_jobs, distinct_cores, glance
from asyncjobs._job import parts_of
from asyncjobs._settings import check_timeout
from asyncjobs.errors import AsyncJobsError, WaitTimeout

if TYPE_CHECKING:
    from collections.abc import Iterable

    from asyncjobs._core import Core
    from asyncjobs._job import Job
    from asyncjobs._models import Snapshot

R = TypeVar("R")


@overload
async def wait_all(
    jobs: Iterable[Job[R]], timeout: float | None = None, *, return_exceptions: Literal[False] = False
) -> list[Snapshot[R]]: ...
@overload
async def wait_all(
    jobs: Iterable[Job[R]], timeout: float | None = None, *, return_exceptions: bool
) -> list[Snapshot[R] | AsyncJobsError]: ...
async def wait_all(jobs: Iterable[Job[Any]], timeout: float | None = None, *, return_exceptions: bool = False) -> Any:
    """
    Wait until all *jobs* have ended, however they ended, and return their last snapshots in the order given.

    It is ``gather(*(job.wait() for job in jobs))`` without a task for each. *timeout* is in seconds for all
    together; ``None`` waits for as long as the services answer, ``0`` looks once at each job. Giving up leaves
    the jobs running. With *return_exceptions*, what ended a wait stands in the place of its snapshot, and
    nothing is raised for a single job.

    Raises:
        WaitTimeout: Not all had ended in time; it names the first of those.
        JobUnreachable, UnknownStatus, APIError, ...: What ended a wait, the first to come; see ``Job.wait``.
        InvalidArgument: *timeout* is negative or no number, or something in *jobs* is no job.
    """
    timeout = check_timeout(timeout)
    found = check_jobs(jobs)
    cores = distinct_cores(found)
    watch = Ends(cores, await glance(cores) if timeout == 0 else None)
    try:
        async with asyncio.timeout(timeout):
            while len(watch) and (return_exceptions or not watch.errors):
                await watch.news()
    except TimeoutError:
        pass
    finally:
        watch.close()
    results: list[Snapshot[Any] | AsyncJobsError] = []
    for job in found:
        _, core = parts_of(job)
        record = core.record
        if record.final and record.snapshot is not None:
            results.append(record.snapshot)
            continue
        error = watch.errors.get(core) or WaitTimeout(record.ref, record.snapshot, timeout=timeout or 0.0)
        results.append(error.copy())
    if not return_exceptions:
        failures = [result for result in results if isinstance(result, AsyncJobsError)]
        # An error that ended a wait says more than the time that it cost the others.
        for error in sorted(failures, key=lambda error: isinstance(error, WaitTimeout)):
            raise error
    return results


class Completed(Generic[R]):
    """
    The jobs of :func:`as_completed`.

    It waits from the first step until its end. Leaving the loop early and dropping the iterator stops the waiting.
    """

    def __init__(self, jobs: list[Job[R]], timeout: float | None) -> None:
        self._jobs = jobs
        self._timeout = timeout
        self._watch: Ends | None = None
        self._handles: dict[Core[Any], Job[Any]] = {}
        self._deadline: float | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        #: Those that the one look without time showed to go on.
        self._late: list[Core[Any]] = []

    def __aiter__(self) -> Self:
        return self

    def __del__(self) -> None:
        loop = getattr(self, "_loop", None)  # A copy was never made complete.
        if loop is not None and not loop.is_closed():
            self.close()

    def close(self) -> None:
        """Stop waiting; the jobs go on."""
        if self._watch is not None:
            self._watch.close()

    async def __anext__(self) -> Job[R]:
        if self._watch is None:
            loop = self._loop = asyncio.get_running_loop()
            self._deadline = None if self._timeout is None else loop.time() + self._timeout
            self._handles = distinct_cores(self._jobs)
            found = await glance(self._handles) if self._timeout == 0 else None
            if self._watch is None:  # Another reader may have been faster.
                self._watch = Ends(self._handles, found)
            if found is not None:
                self._late = [core for core in self._handles if not core.record.final and core not in found]
        watch = self._watch
        while not watch.ended:
            # Somebody else may have taken the one that woke us.
            if self._late:
                record = self._late[0].record
                self._late = []
                raise WaitTimeout(record.ref, record.snapshot, timeout=0.0)
            if not len(watch):
                raise StopAsyncIteration
            await self._wait(watch)
        core = watch.ended.popleft()
        if error := watch.errors.pop(core, None):
            raise error
        return self._handles[core]

    async def _wait(self, watch: Ends) -> None:
        try:
            async with asyncio.timeout_at(self._deadline):
                await watch.news()
        except TimeoutError:
            if watch.ended:
                return
            left = next(core for core in self._handles if not core.record.final)
            watch.close()
            raise WaitTimeout(left.record.ref, left.record.snapshot, timeout=self._timeout or 0.0) from None


def as_completed(jobs: Iterable[Job[R]], timeout: float | None = None) -> Completed[R]:
    """
    Return an async iterator over *jobs* in the order in which they end; those that have ended come first.

    The same job given twice comes once. *timeout* is in seconds for all together; ``None`` waits for as long as the
    services answer, ``0`` looks once at each job. No task is made for a job.

    Iterating raises:
        WaitTimeout: Some had not ended in time.
        JobUnreachable, UnknownStatus, APIError, ...: What ended the wait for one job; going on gives the others.

    Raises:
        InvalidArgument: *timeout* is negative or no number, or something in *jobs* is no job.
    """
    return Completed(check_jobs(jobs), check_timeout(timeout))
