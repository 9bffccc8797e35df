"""
What ``asyncjobs show``, ``wait`` and ``cancel`` do, between the command line and the handles.

Each takes handles and a screen and returns the exit code; one that is cancelled says what it leaves running.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any, Final

from asyncjobs._board import Board
from asyncjobs._cancel import OUTCOMES
from asyncjobs._cli_services import explain
from asyncjobs._cli_silence import complaining
from asyncjobs._mass_cancel import cancel_all
from asyncjobs._models import CancelOutcome
from asyncjobs._states import JobState
from asyncjobs.errors import (
    AsyncJobsError,
    CancelUnconfirmed,
    JobError,
    RateLimited,
    WaitTimeout,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from asyncjobs._cli_screen import Screen
    from asyncjobs._job import Job

#: Seconds between two questions to a handle; nothing is sent for them.
_TICK: Final = 0.25

Result = CancelOutcome | AsyncJobsError


class Interrupted(Exception):
    """The command was interrupted before it knew the end of a job."""


# -- show ----------------------------------------------------------------------


async def show(jobs: Sequence[Job[Any]], screen: Screen) -> int:
    """Look at each job once and tell what was seen."""
    errors: dict[Job[Any], AsyncJobsError] = {}
    pending = set(jobs)

    async def look(job: Job[Any]) -> None:
        try:
            await job.refresh()
        except AsyncJobsError as error:
            errors[job] = error
        pending.discard(job)

    try:
        async with complaining(pending, screen):
            await asyncio.gather(*map(look, jobs))
    except asyncio.CancelledError:
        _give_up(pending, screen)
        screen.say("interrupted; the jobs were left as they are")
        raise
    screen.table([job for job in jobs if job not in errors])
    for job in jobs:
        screen.record(job, error=errors.get(job))
    for job, error in errors.items():
        screen.say(explain(job, error))
    return int(bool(errors))


# -- wait ----------------------------------------------------------------------


async def wait(jobs: Sequence[Job[Any]], screen: Screen, *, timeout: float | None = None) -> int:
    """Wait until the jobs have ended, and show how they get on."""
    errors: dict[Job[Any], AsyncJobsError] = {}
    pending = set(jobs)

    async def follow(job: Job[Any]) -> None:
        try:
            await _follow(job, timeout)
        except AsyncJobsError as error:
            errors[job] = error
        pending.discard(job)
        screen.record(job, error=errors.get(job))

    try:
        async with Board(screen.people, drawn=screen.drawn) as board, complaining(pending, screen):
            board.show(jobs)
            await asyncio.gather(*map(follow, jobs))
    except asyncio.CancelledError:
        _give_up(pending, screen)
        screen.say_left([job for job in jobs if not job.done], "interrupted")
        raise
    _tell_reasons(jobs, screen)
    for job, error in errors.items():
        screen.say(explain(job, error))
    # Of the others it is not known whether they are there at all.
    left = [job for job, error in errors.items() if isinstance(error, (WaitTimeout, JobError))]
    if left:
        screen.say_left(left, "gave up waiting")
    return int(any(job.state is not JobState.COMPLETED for job in jobs))


async def _follow(job: Job[Any], timeout: float | None) -> None:
    """Wait for the end, in at most *timeout* seconds; a service that cannot be reached at the start ends it soon."""
    try:
        async with asyncio.timeout(timeout or None):
            # It answers; the wait goes on as slowly as it asks for.
            with contextlib.suppress(RateLimited):
                await job.refresh()
            if timeout != 0:
                await job.wait()
    except TimeoutError as error:
        if isinstance(error, AsyncJobsError):
            raise
    if not job.done:
        raise WaitTimeout(job.ref, job.snapshot, timeout=timeout or 0.0)


def _tell_reasons(jobs: Sequence[Job[Any]], screen: Screen) -> None:
    """Show why jobs ended; the lines in a pipe have said it already."""
    if not screen.as_json and screen.out.is_terminal:
        reasons = [job for job in jobs if job.done and job.snapshot is not None and job.snapshot.reason]
        if reasons:
            screen.out.print()
        screen.table(reasons)


# -- cancel --------------------------------------------------------------------


async def cancel(
    jobs: Sequence[Job[Any]],
    screen: Screen,
    *,
    confirm: bool = True,
    timeout: float | None = 60.0,
    concurrency: int = 32,
) -> int:
    """Cancel the jobs and tell what became of each."""
    results: dict[Job[Any], Result] = {}
    pending = set(jobs)
    how = _confirmed if confirm else _requested
    try:
        async with contextlib.AsyncExitStack() as stack:
            if screen.drawn:
                board = await stack.enter_async_context(Board(screen.people, final=False))
                board.show(jobs)
            await stack.enter_async_context(complaining(pending, screen))
            await how(jobs, results, timeout, concurrency)
    except asyncio.CancelledError:
        _give_up((job for job in jobs if not job.done), screen)
        for job in jobs:
            if job.done:
                screen.record(job, outcome=OUTCOMES[job.state])
        screen.say_left([job for job in jobs if not job.done], "interrupted")
        raise
    errors = {job: result for job in jobs if isinstance(result := results[job], AsyncJobsError)}
    outcomes = {job: result for job in jobs if isinstance(result := results[job], CancelOutcome)}
    for job in jobs:
        screen.record(job, outcome=outcomes.get(job), error=errors.get(job))
    screen.outcomes(outcomes)
    for job, error in errors.items():
        screen.say(explain(job, error))
    left = [job for job, error in errors.items() if isinstance(error, CancelUnconfirmed)]
    if left:
        screen.say_left(left, "not seen to end in time")
    return int(bool(errors))


async def _confirmed(
    jobs: Sequence[Job[Any]], results: dict[Job[Any], Result], timeout: float | None, concurrency: int
) -> None:
    """Cancel and see the ends. A service that says "later" is asked again while there is time."""
    clock = asyncio.get_running_loop().time
    deadline = None if timeout is None else clock() + timeout
    by_ref = {job.ref: job for job in jobs}
    todo = list(jobs)
    while todo:
        left = None if deadline is None else max(deadline - clock(), 0.0)
        report = await cancel_all(todo, concurrency=concurrency, timeout=left)
        results.update({by_ref[ref]: result for ref, result in report.entries})
        later = {
            by_ref[ref]: error.retry_after or 1.0
            for ref, error in report.errors.items()
            if isinstance(error, RateLimited)
        }
        pause = max(later.values(), default=0.0)
        if deadline is not None and clock() + pause >= deadline:
            return
        todo = list(later)
        if todo:
            await asyncio.sleep(pause)


async def _requested(
    jobs: Sequence[Job[Any]], results: dict[Job[Any], Result], timeout: float | None, concurrency: int
) -> None:
    """Cancel, and see no more than that the services took the requests."""
    slots = asyncio.Semaphore(concurrency)

    async def request(job: Job[Any]) -> None:
        try:
            async with asyncio.timeout(timeout):
                results[job] = await _request(job, slots)
        except AsyncJobsError as error:
            results[job] = error
        except TimeoutError:
            results[job] = CancelUnconfirmed(job.ref, job.snapshot, timeout=timeout or 0.0)

    await asyncio.gather(*map(request, jobs))


async def _request(job: Job[Any], slots: asyncio.Semaphore) -> CancelOutcome:
    async with slots:
        outcome = await job.cancel(confirm=False, timeout=None)
    # A service that refuses for now is asked again by the client, which must not be closed before that.
    while outcome is CancelOutcome.REQUESTED and job.state is not JobState.CANCELING:
        await asyncio.sleep(_TICK)
        outcome = await job.cancel(confirm=False, timeout=None)
    return outcome


# -- what all of them do -------------------------------------------------------


def _give_up(pending: Iterable[Job[Any]], screen: Screen) -> None:
    """Let each job have its line all the same."""
    for job in pending:
        screen.record(job, error=Interrupted("interrupted before the end of the job was seen"))
