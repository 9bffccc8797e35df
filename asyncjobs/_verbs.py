"""What the verbs of a handle do; :class:`asyncjobs.Job` says what they promise."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING, Any, Final, TypeVar

from asyncjobs._ownership import outlast
from asyncjobs._retry import Retries, backoff
from asyncjobs._settings import check_timeout
from asyncjobs._shared import Shared
from asyncjobs._states import JobState
from asyncjobs._waiters import is_final
from asyncjobs._wire import build, read_answer, read_snapshot
from asyncjobs.errors import (
    APIError,
    AsyncJobsError,
    ClientClosed,
    JobCanceled,
    JobFailed,
    JobGone,
    NotFound,
    NotSupported,
    WaitTimeout,
    WrongLoop,
)

if TYPE_CHECKING:
    from asyncjobs._core import Core
    from asyncjobs._engine import Engine
    from asyncjobs._models import Snapshot

R = TypeVar("R")

#: A job that is denied may appear in any moment: it is asked for again after so many seconds at the latest.
_DENIED: Final = 2.0


def _held(core: Core[R]) -> Snapshot[R]:
    snapshot = core.record.snapshot
    assert snapshot is not None
    return snapshot


async def refresh(engine: Engine, core: Core[R], *, reopen: bool) -> Snapshot[R]:
    """Look once more, again while that is harmless and the retry budget lasts."""
    loop = asyncio.get_running_loop()
    retries = Retries(engine.settings.retry_budget, repeatable=True)
    denials = 0
    while True:
        engine.enter()
        look = core.begin_look()
        try:
            await look.shared.join()
        except AsyncJobsError as error:
            engine.enter()
            took = 0.0 if look.began is None else loop.time() - look.began
            spread = random.random()  # noqa: S311 - jitter is no secret
            if isinstance(error, NotFound) and look.verdict is None and core.record.snapshot is not None:
                # It exists, and this server has not heard of it yet; or it vanished, which the next looks will prove.
                denials += 1
                delay: float | None = min(backoff(denials, spread), _DENIED)
            else:
                delay = retries.after(error, took=took, spread=spread)
            if delay is None:
                raise
            if not await engine.tasks.run(engine.caller.rest(retries, delay), f"backoff before {core.record.ref}"):
                raise
            continue
        if reopen:
            core.reopen(look)
        return _held(core)


async def wait(engine: Engine, core: Core[R], timeout: float | None) -> Snapshot[R]:
    """Wait for the end."""
    timeout = check_timeout(timeout)
    record = core.record
    if not record.final:
        engine.enter()
        if timeout == 0:
            cause = await look_once(core)
            if not record.final:
                raise WaitTimeout(record.ref, record.snapshot, timeout=0.0) from cause
        elif not await core.wait_for(is_final, timeout=timeout):
            raise WaitTimeout(record.ref, record.snapshot, timeout=timeout or 0.0)
    return _held(core)


async def look_once(core: Core[Any]) -> AsyncJobsError | None:
    """Look once, and return what went wrong that would end no longer wait; what would is raised."""
    look = core.begin_look()
    try:
        await look.shared.join()
    except ClientClosed:
        raise
    except AsyncJobsError as error:
        if look.verdict is not None:
            raise look.verdict.about(core.record.ref, core.record.snapshot) from error.__cause__
        return error
    return None


async def result(engine: Engine, core: Core[R], timeout: float | None) -> R:
    """Wait for the end and return what the job made, or raise what became of it."""
    timeout = check_timeout(timeout)
    record = core.record
    deadline = asyncio.get_running_loop().time() + timeout if timeout else None
    snapshot = await wait(engine, core, timeout)
    if snapshot.state is JobState.FAILED:
        raise JobFailed(record.ref, snapshot)
    if snapshot.state is JobState.CANCELED:
        raise JobCanceled(record.ref, snapshot, requested_by_us=record.requested_by_us)
    if snapshot.state is JobState.GONE:
        raise JobGone(record.ref, snapshot)
    fetched = _fetched(engine, core)
    if fetched is None:
        return snapshot.resource
    try:
        async with asyncio.timeout_at(deadline):
            return await fetched.join()
    except TimeoutError as error:
        if isinstance(error, AsyncJobsError):
            raise
        raise WaitTimeout(record.ref, record.snapshot, timeout=timeout or 0.0) from None


def _fetched(engine: Engine, core: Core[R]) -> Shared[R] | None:
    """Return the fetching of the result, one for all callers; ``None`` for kinds whose last look has it all."""
    if core.record.kind.result is None:
        return None
    if core.result is not None:
        epoch, shared = core.result
        failed = shared.task.done() and not shared.given_up and shared.task.exception() is not None
        if epoch == core.record.epoch and not shared.given_up and not failed:
            return shared
    engine.enter()
    shared = Shared(engine.tasks.start_errand(_fetch(core), f"result of {core.record.ref}"))
    core.result = (core.record.epoch, shared)
    return shared


async def _fetch(core: Core[R]) -> R:
    kind, ref = core.record.kind, core.record.ref
    assert kind.result is not None
    request = build(kind.result, ref.parts, verb="result")
    try:
        snapshot = await core.send(request, lambda reply: read_snapshot(kind, ref, reply, "poll"))
    except APIError as error:
        if error.status in {404, 410}:
            raise JobGone(ref, core.record.snapshot) from error
        raise
    return snapshot.resource


async def stop(engine: Engine, core: Core[R]) -> Snapshot[R]:
    """Ask for an early end."""
    kind, ref = core.record.kind, core.record.ref
    if kind.stop is None:
        raise NotSupported("stop", kind.name, ref=ref)
    if not core.record.final:
        engine.enter()
        request = build(kind.stop, ref.parts, verb="stop")
        sending = core.send(request, lambda reply: (read_answer(kind, ref, reply, "poll"), reply.began))
        snapshot, began = await engine.tasks.run(sending, f"stop {ref}")
        if snapshot is None:
            return await refresh(engine, core, reopen=False)
        core.take_in(snapshot, began=began)
    return _held(core)


async def leave(engine: Engine, core: Core[Any], exc: BaseException | None) -> None:
    """Cancel a job whose owner leaves its block because of *exc* (``None``: for no reason)."""
    if core.record.final or engine.closed:
        return  # A client that closes cancels what it owns itself.
    error: BaseException | None
    try:
        cleanup = engine.clean_up(core)
    except WrongLoop as wrong:
        error = wrong
    else:
        await outlast(
            (cleanup,),
            cancelled=isinstance(exc, asyncio.CancelledError),
            again=lambda: (engine.clean_up(core, again=True),),
        )
        error = None if cleanup.cancelled() else cleanup.exception()
    if error is None:
        return
    if exc is None:
        raise error
    exc.add_note(f"{core.record.ref} could not be cancelled and may still be running: {error}")
