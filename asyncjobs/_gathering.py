"""Waiting for many jobs at once: a future for each wait, no task."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Any, Generic, Literal, Self, TypeVar, overload

from asyncjobs._job import parts_of
from asyncjobs._settings import check_timeout
from asyncjobs._waiters import is_final
from asyncjobs.errors import AsyncJobsError, WaitTimeout

if TYPE_CHECKING:
    from collections.abc import Iterable

    from asyncjobs._core import Core
    from asyncjobs._job import Job
    from asyncjobs._models import Snapshot
    from asyncjobs._waiters import Waiter

R = TypeVar("R")


def check_jobs(jobs: Iterable[Job[R]]) -> list[Job[R]]:
    """
    Return *jobs* as a list.

    Raises:
        InvalidArgument: One of them is no job.
    """
    found = list(jobs)
    for index, job in enumerate(found):
        parts_of(job, f"jobs[{index}]")
    return found


class _Watch:
    """The waits for the ends of several jobs, and the queue of those that came."""

    def __init__(self, cores: Iterable[Core[Any]]) -> None:
        self.ended: deque[Core[Any]] = deque()
        self.errors: dict[Core[Any], AsyncJobsError] = {}
        self._waiters: dict[Core[Any], Waiter] = {}
        self._wakes: set[asyncio.Future[None]] = set()
        for core in cores:
            if core.record.final:
                self.ended.append(core)
            else:
                waiter = self._waiters[core] = core.enter(is_final)
                waiter.future.add_done_callback(lambda _, core=core: self._came(core))  # type: ignore[misc] # a default binds

    def __len__(self) -> int:
        """How many have neither ended nor been given up."""
        return len(self._waiters)

    def _came(self, core: Core[Any]) -> None:
        waiter = self._waiters.pop(core, None)
        if waiter is None:
            return
        core.leave(waiter)
        if waiter.error is not None:
            self.errors[core] = waiter.error
        self.ended.append(core)
        for wake in self._wakes:
            if not wake.done():
                wake.set_result(None)

    async def news(self) -> None:
        """Wait until one more has ended."""
        wake = asyncio.get_running_loop().create_future()
        self._wakes.add(wake)
        try:
            await wake
        finally:
            self._wakes.discard(wake)

    def close(self) -> None:
        """Stop waiting."""
        waiters, self._waiters = self._waiters, {}
        for core, waiter in waiters.items():
            core.leave(waiter)


def _distinct(jobs: Iterable[Job[Any]]) -> dict[Core[Any], Job[Any]]:
    """Return the cores of *jobs*, each once, after asking whether their clients can be used."""
    cores: dict[Core[Any], Job[Any]] = {}
    for job in jobs:
        engine, core = parts_of(job)
        if not core.record.final:
            engine.enter()
        cores.setdefault(core, job)
    return cores


async def _glance(cores: Iterable[Core[Any]]) -> dict[Core[Any], AsyncJobsError]:
    """Look once at each of *cores* that has not ended; return what would have ended the waits of some."""
    looks = {core: core.begin_look() for core in cores if not core.record.final}
    for look in looks.values():
        look.shared.hold()
    try:
        if looks:
            await asyncio.wait({look.shared.task for look in looks.values()})
    finally:
        for look in looks.values():
            look.shared.release()
    return {core: look.verdict for core, look in looks.items() if look.verdict is not None}


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
    cores = _distinct(found)
    errors = await _glance(cores) if timeout == 0 else {}
    watch = _Watch(cores)
    watch.errors.update(errors)
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
        self._watch: _Watch | None = None
        self._handles: dict[Core[Any], Job[Any]] = {}
        self._deadline: float | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

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
            self._handles = _distinct(self._jobs)
            if self._timeout == 0:
                await _glance(self._handles)
            self._watch = _Watch(self._handles)
        watch = self._watch
        while not watch.ended:
            # Somebody else may have taken the one that woke us.
            if not len(watch):
                raise StopAsyncIteration
            await self._wait(watch)
        core = watch.ended.popleft()
        if error := watch.errors.pop(core, None):
            raise error
        return self._handles[core]

    async def _wait(self, watch: _Watch) -> None:
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
