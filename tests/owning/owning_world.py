"""What the tests of owning share: a service whose jobs never end by themselves, and clients of it."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

from asyncjobs.sandbox import Life, Sandbox

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

RUN = Life.ordinary("exa.agent_run", works=None)
SEARCH = Life.ordinary("watercrawl.search", works=None)


@contextlib.asynccontextmanager
async def endless(run: Life = RUN, **options: Any) -> AsyncIterator[Sandbox]:
    """Open a sandbox in memory whose jobs run until they are cancelled; *run* is how those of Exa's agent live."""
    async with Sandbox(sockets=False, **options) as sandbox:
        sandbox.script("watercrawl.search", SEARCH, times=None)
        sandbox.script("exa.agent_run", run, times=None)
        yield sandbox


async def hold(owned: Any, entered: asyncio.Event | None = None) -> None:
    """Own a job, or what is being created, until something ends the block."""
    async with owned as job:
        if entered is not None:
            entered.set()
        await job.wait()


def ours() -> list[asyncio.Task[Any]]:
    """Return the tasks that the library started and that have not ended."""
    return [task for task in asyncio.all_tasks() if task.get_name().startswith("asyncjobs")]


async def end_the_loop(*spared: asyncio.Task[Any]) -> None:
    """
    Cancel all tasks but our own and wait for them, as ``asyncio.run`` does at its end.

    What they start meanwhile is not waited for. The server's own tasks live on.
    """
    doomed = [
        task for task in asyncio.all_tasks() if task not in {*spared, asyncio.current_task()} and _is_a_clients(task)
    ]
    for task in doomed:
        task.cancel()
    await asyncio.gather(*doomed, return_exceptions=True)


def _is_a_clients(task: asyncio.Task[Any]) -> bool:
    return task.get_name().startswith("asyncjobs") or "start." in getattr(task.get_coro(), "__qualname__", "")
