"""Outlasting cancellation: how a leaving task waits for clean-up that belongs to the client."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import anyio

if TYPE_CHECKING:
    from collections.abc import Iterable


async def outlast(tasks: Iterable[asyncio.Task[Any]], *, cancelled: bool) -> None:
    """
    Wait until *tasks* are done although the waiting task is being cancelled.

    An anyio scope cannot interrupt this wait. A native cancel does so if it is the second one: *cancelled* says
    that the first has happened; otherwise it is kept, and raised at the end. The tasks
    themselves are never cancelled from here, and what bounds the wait is what bounds them.
    """
    kept: asyncio.CancelledError | None = None
    pending = {task for task in tasks if not task.done()}
    with anyio.CancelScope(shield=True):
        while pending:
            try:
                _, pending = await asyncio.wait(pending)
            except asyncio.CancelledError as error:
                if cancelled:
                    raise
                cancelled, kept = True, error
                pending = {task for task in pending if not task.done()}
    if kept is not None:
        raise kept
