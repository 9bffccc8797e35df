"""Outlasting cancellation: how a leaving task waits for clean-up that belongs to the client."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

import anyio

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from asyncjobs._refs import JobRef

_log = logging.getLogger("asyncjobs")


async def outlast(
    tasks: Iterable[asyncio.Task[Any]],
    *,
    cancelled: bool,
    again: Callable[[], Iterable[asyncio.Task[Any]]] | None = None,
    timeout: float | None = None,
) -> None:
    """
    Wait until *tasks* are done, or for *timeout* seconds, although the waiting task is being cancelled.

    An anyio scope cannot interrupt this wait. A native cancel does so if it is the second one: *cancelled* says
    that the first has happened; otherwise it is kept, and raised at the end. The tasks
    themselves are never cancelled from here, and what bounds the wait is what bounds them.

    The end of ``asyncio.run`` cancels everything, *tasks* included. Where that is the first cancel that this waiter
    gets, its clean-up must not be lost to it: *again* starts what was broken off once more, out of reach of that end.
    """
    loop = asyncio.get_running_loop()
    deadline = None if timeout is None else loop.time() + timeout
    kept: asyncio.CancelledError | None = None
    left = tuple(tasks)
    with anyio.CancelScope(shield=True):
        while True:
            pending = [task for task in left if not task.done()]
            if not pending:
                if kept is None or again is None or not any(task.cancelled() for task in left):
                    break
                left, again = tuple(again()), None
                continue
            bound = None if deadline is None else deadline - loop.time()
            if bound is not None and bound <= 0:
                break
            try:
                await asyncio.wait(pending, timeout=bound)
            except asyncio.CancelledError as error:
                if cancelled:
                    raise
                cancelled, kept = True, error
    if kept is not None:
        raise kept


def report_left(ref: JobRef, error: BaseException) -> None:
    """Log that an owned job may still be running although its block was left; *error* says why."""
    if isinstance(error, (asyncio.CancelledError, GeneratorExit)):
        _log.error("%s is owned and its cancelling was broken off, it may still be running", ref)
    else:
        why = str(error) or type(error).__name__
        _log.error("%s is owned and could not be cancelled, it may still be running: %s", ref, why)


def report_second(ref: JobRef) -> None:
    """Log that what :func:`report_left` said is over: the clean-up that began again has succeeded."""
    _log.warning("%s was cancelled at the second attempt", ref)
