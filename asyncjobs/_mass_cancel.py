"""Cancelling many jobs: one call, one report, no task of our own for each."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from typing import TYPE_CHECKING, Any

import attrs

from asyncjobs._cancel import OUTCOMES
from asyncjobs._ends import check_jobs
from asyncjobs._job import parts_of
from asyncjobs._settings import check_count, check_timeout
from asyncjobs._waiters import Joiner
from asyncjobs.errors import AsyncJobsError, CancelUnconfirmed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from asyncjobs._canceling import Canceling
    from asyncjobs._core import Core
    from asyncjobs._engine import Engine
    from asyncjobs._job import Job
    from asyncjobs._models import CancelOutcome
    from asyncjobs._refs import JobRef


@attrs.frozen
class CancelReport:
    """
    What became of each job of a :func:`cancel_all`.

    *entries* has, in the order given and each job once, the ref and the outcome or the error.
    """

    entries: tuple[tuple[JobRef, CancelOutcome | AsyncJobsError], ...] = ()

    @property
    def ok(self) -> bool:
        """Whether every job was seen to have ended."""
        return not self.errors

    @property
    def errors(self) -> Mapping[JobRef, AsyncJobsError]:
        """Why jobs may still be running: by ref, the error of each that was not seen to end."""
        return {ref: result for ref, result in self.entries if isinstance(result, AsyncJobsError)}

    @property
    def counts(self) -> Mapping[str, int]:
        """How many jobs ended how: by outcome, and by the name of the error's class."""
        return Counter(
            type(result).__name__ if isinstance(result, AsyncJobsError) else str(result) for _, result in self.entries
        )

    def __str__(self) -> str:
        return ", ".join(f"{count} {name}" for name, count in self.counts.items()) or "no jobs"


class _Each(Joiner):
    """The wait for one of many cancels: it tells them all at once, in the next turn of the event loop."""

    __slots__ = ("canceling", "core", "work")

    def __init__(self, work: _MassCancel, core: Core[Any], canceling: Canceling) -> None:
        super().__init__(confirm=True, timeout=work.each, outer=work.outer)
        self.work: _MassCancel = work
        self.core: Core[Any] = core
        self.canceling: Canceling = canceling

    def wake(self) -> None:
        self.work.hear(self)

    def answered(self) -> None:
        self.work.hear(self)


class _MassCancel:
    """Starts cancels while fewer than *concurrency* wait for their first answer, and collects what comes."""

    def __init__(
        self, parts: dict[Core[Any], Engine], concurrency: int, *, each: float | None = None, outer: bool = True
    ) -> None:
        self.each: float | None = each
        self.outer: bool = outer
        self._todo = deque(parts.items())
        self._concurrency = concurrency
        self._asking: set[_Each] = set()
        self._open: set[_Each] = set()
        self._news: list[_Each] = []
        self._starting = False
        self._loop = asyncio.get_running_loop()
        self.results: dict[Core[Any], CancelOutcome | AsyncJobsError] = {}
        self._done: asyncio.Future[None] = self._loop.create_future()

    async def run(self) -> None:
        self._start()
        await self._done

    def close(self) -> None:
        """Wait for nothing more; what only queues is withdrawn."""
        self._todo.clear()
        for each in self._open:
            each.canceling.leave(each)
        self._open.clear()

    def hear(self, each: _Each) -> None:
        """
        Take in that *each* was answered, or is over.

        Whoever tells is in the middle of something, and so is left later. The next one is started now: its request
        goes on in the task in which this one ends.
        """
        if not self._news:
            self._loop.call_soon(self._take_in)
        self._news.append(each)
        self._asking.discard(each)
        # One that was answered before this call is told so while it is being started.
        if not self._starting:
            self._start()

    def _take_in(self) -> None:
        news, self._news = self._news, []
        for each in news:
            if each.settled and each in self._open:
                self._open.discard(each)
                each.canceling.leave(each)
                try:
                    self.results[each.core] = each.canceling.outcome(each)
                except AsyncJobsError as error:
                    self.results[each.core] = error
        self._start()

    def _start(self) -> None:
        self._starting = True
        while self._todo and len(self._asking) < self._concurrency:
            core, engine = self._todo.popleft()
            if core.record.final:
                self.results[core] = OUTCOMES[core.record.state]
                continue
            try:
                if self.outer:
                    engine.enter()
                each = _Each(self, core, engine.canceling(core))
            except AsyncJobsError as error:
                self.results[core] = error
                continue
            self._open.add(each)
            self._asking.add(each)
            each.canceling.enter(each)
        self._starting = False
        if not self._todo and not self._open and not self._done.done():
            self._done.set_result(None)


def _parts(jobs: Iterable[Job[Any]]) -> dict[Core[Any], Engine]:
    parts: dict[Core[Any], Engine] = {}
    for job in check_jobs(jobs):
        engine, core = parts_of(job)
        parts[core] = engine
    return parts


def _report(parts: Iterable[Core[Any]], work: _MassCancel, timeout: float | None) -> CancelReport:
    entries: list[tuple[JobRef, CancelOutcome | AsyncJobsError]] = []
    for core in parts:
        record = core.record
        result: CancelOutcome | AsyncJobsError | None = work.results.get(core)
        if result is None:
            result = OUTCOMES.get(record.state)
        if result is None:
            result = CancelUnconfirmed(record.ref, record.snapshot, timeout=timeout or 0.0)
        entries.append((record.ref, result))
    return CancelReport(tuple(entries))


async def clean_up_all(jobs: Iterable[Job[Any]], *, concurrency: int, timeout: float) -> CancelReport:
    """Cancel owned jobs for an owner who leaves, each within *timeout* seconds, also while their client closes."""
    parts = _parts(jobs)
    work = _MassCancel(parts, concurrency, each=timeout, outer=False)
    try:
        await work.run()
    finally:
        work.close()
    return _report(parts, work, timeout)


async def cancel_all(jobs: Iterable[Job[Any]], *, concurrency: int = 32, timeout: float | None = 60.0) -> CancelReport:
    """
    Cancel *jobs* and report what became of each; never raises for a single job.

    At most *concurrency* requests wait for their first answer at the same time. *timeout* is in seconds and bounds
    the whole, queueing included; ``None`` has no bound, ``0`` judges the first reply for each job. Jobs that had
    not ended then are reported with ``CancelUnconfirmed``. Each job is cancelled as by ``Job.cancel()``.

    When this call itself is cancelled, requests that only queue are withdrawn.

    Raises:
        InvalidArgument: An argument cannot be used; nothing was sent.
    """
    timeout = check_timeout(timeout)
    check_count(concurrency, "concurrency")
    parts = _parts(jobs)
    work = _MassCancel(parts, concurrency, each=0.0 if timeout == 0 else None)
    try:
        # Without time to wait, one request is made for each job and its reply judged.
        async with asyncio.timeout(timeout or None):
            await work.run()
    except TimeoutError:
        pass
    finally:
        work.close()
    return _report(parts, work, timeout)
