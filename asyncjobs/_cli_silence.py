"""Saying that a service does not answer, while a command waits for it."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any, Final

from asyncjobs._cli_services import BY_KIND, address

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Collection
    from datetime import datetime

    from asyncjobs._cli_screen import Screen
    from asyncjobs._job import Job

#: After how many seconds without an answer a service is complained of: at the start, and later, when looks are rarer.
_SILENT_AT_FIRST: Final = 2.0
_SILENT_LATER: Final = 20.0
#: Seconds between two glances at the handles; they are glances at memory, nothing is sent.
_TICK: Final = 0.25


@contextlib.asynccontextmanager
async def complaining(pending: Collection[Job[Any]], screen: Screen) -> AsyncGenerator[None, None]:
    """Say when a service whose jobs are *pending* does not answer for a while, once for each silence."""
    task = asyncio.create_task(_complain(pending, screen))
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def _complain(pending: Collection[Job[Any]], screen: Screen) -> None:
    clock = asyncio.get_running_loop().time
    began = clock()
    # For each service the latest word from it and when that was noticed, and which were complained of.
    heard: dict[str, tuple[datetime | None, float]] = {}
    told: set[str] = set()
    while True:
        await asyncio.sleep(_TICK)
        by_name = {provider.name: provider for provider in (BY_KIND[job.kind] for job in pending)}
        for provider in by_name.values():
            snapshots = [job.snapshot for job in pending if BY_KIND[job.kind] is provider]
            latest = max((snapshot.observed_at for snapshot in snapshots if snapshot is not None), default=None)
            before, since = heard.setdefault(provider.name, (None, began))
            if latest != before:
                heard[provider.name] = latest, clock()
                told.discard(provider.name)
            elif provider.name not in told and clock() - since > (_SILENT_LATER if latest else _SILENT_AT_FIRST):
                told.add(provider.name)
                screen.say(f"no usable answer from {provider.name} ({address(provider)}) so far; trying on")
