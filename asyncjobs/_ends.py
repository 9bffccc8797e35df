"""The ends of several jobs at once: a future for each wait, no task."""

from __future__ import annotations

import asyncio
import contextvars
from collections import deque
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, TypeVar

from asyncjobs._job import parts_of
from asyncjobs._waiters import is_final
from asyncjobs.errors import AsyncJobsError, ClientClosed, InvalidArgument

if TYPE_CHECKING:
    from asyncjobs._core import Core
    from asyncjobs._job import Job
    from asyncjobs._waiters import Waiter

R = TypeVar("R")


def check_jobs(jobs: Iterable[Job[R]]) -> list[Job[R]]:
    """
    Return *jobs* as a list.

    Raises:
        InvalidArgument: They are not several, or one of them is no job.
    """
    if not isinstance(jobs, Iterable):  # pyright: ignore[reportUnnecessaryIsInstance] - users' input
        raise InvalidArgument("jobs", f"expected several, got {type(jobs).__name__}")
    found = list(jobs)
    for index, job in enumerate(found):
        parts_of(job, f"jobs[{index}]")
    return found


class Ends:
    """The waits for the ends of several jobs, and the queue of those that came."""

    def __init__(self, cores: Iterable[Core[Any]], found: dict[Core[Any], AsyncJobsError] | None = None) -> None:
        """Wait for *cores*; or for none of them, if all were looked at and *found* has what was wrong with some."""
        self.ended: deque[Core[Any]] = deque()
        self.errors: dict[Core[Any], AsyncJobsError] = {}
        self._waiters: dict[Core[Any], Waiter] = {}
        self._cores: dict[asyncio.Future[None], Core[Any]] = {}
        self._wakes: set[asyncio.Future[None]] = set()
        # One callback and one context for all: there may be a hundred thousand.
        came, context = self._came, contextvars.copy_context()
        for core in cores:
            if core.record.final:
                self.ended.append(core)
            elif found is not None:
                if core in found:
                    self.errors[core] = found[core]
                    self.ended.append(core)
            else:
                waiter = self._waiters[core] = core.enter(is_final)
                self._cores[waiter.future] = core
                waiter.future.add_done_callback(came, context=context)

    def __len__(self) -> int:
        """How many have neither ended nor been given up."""
        return len(self._waiters)

    def _came(self, future: asyncio.Future[None]) -> None:
        core = self._cores.pop(future, None)
        waiter = None if core is None else self._waiters.pop(core, None)
        if core is None or waiter is None:
            return
        core.leave(waiter)
        if waiter.error is not None:
            self.errors[core] = waiter.error
        self.ended.append(core)
        self._tell()

    def drop(self, core: Core[Any]) -> None:
        """Wait for one of them no longer, if it is one of them."""
        waiter = self._waiters.pop(core, None)
        if waiter is not None:
            self._cores.pop(waiter.future, None)
            core.leave(waiter)
            self._tell()

    def _tell(self) -> None:
        for wake in self._wakes:
            if not wake.done():
                wake.set_result(None)

    async def news(self) -> None:
        """Wait until one more has ended or was dropped."""
        wake = asyncio.get_running_loop().create_future()
        self._wakes.add(wake)
        try:
            await wake
        finally:
            self._wakes.discard(wake)

    def close(self) -> None:
        """Stop waiting."""
        waiters, self._waiters = self._waiters, {}
        self._cores.clear()
        for core, waiter in waiters.items():
            core.leave(waiter)


def distinct_cores(jobs: Iterable[Job[Any]]) -> dict[Core[Any], Job[Any]]:
    """Return the cores of *jobs*, each once, after asking whether their clients can be used."""
    cores: dict[Core[Any], Job[Any]] = {}
    for job in jobs:
        engine, core = parts_of(job)
        if not core.record.final:
            engine.enter()
        cores.setdefault(core, job)
    return cores


async def glance(cores: Iterable[Core[Any]]) -> dict[Core[Any], AsyncJobsError]:
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
    closed = ClientClosed("the client was closed; the job goes on at the service")
    broken_off = {
        core: closed.about(core.record.ref, core.record.snapshot)
        for core, look in looks.items()
        if look.shared.task.cancelled()
    }
    return broken_off | {core: look.verdict for core, look in looks.items() if look.verdict is not None}
