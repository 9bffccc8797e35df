"""The pieces that the single tests of cancellation share."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

import pytest

from asyncjobs import ClientClosed, Exa, Settings, WaterCrawl
from asyncjobs.sandbox import Life, Sandbox

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable

RUNNING = Life.ordinary("watercrawl.search", works=300.0)
RUN = Life.ordinary("exa.agent_run", works=300.0)


@contextlib.asynccontextmanager
async def sandbox_with(life: Life = RUNNING, **options: Any) -> AsyncIterator[Sandbox]:
    """Open a sandbox whose runs last for five minutes, and so do its searches unless they have another *life*."""
    async with Sandbox(sockets=False, **options) as sandbox:
        sandbox.script("watercrawl.search", life, times=None)
        sandbox.script("exa.agent_run", RUN, times=None)
        yield sandbox


def exa_on(sandbox: Sandbox, **settings: Any) -> Exa:
    """Return a client of Exa on *sandbox*."""
    return Exa("key", base_url=sandbox.url, session=sandbox.session(), settings=Settings(**settings))


def watercrawl_on(sandbox: Sandbox, **settings: Any) -> WaterCrawl:
    """Return a client of WaterCrawl on *sandbox*."""
    return WaterCrawl("key", base_url=sandbox.url, session=sandbox.session(), settings=Settings(**settings))


def start(work: Awaitable[Any], name: str = "helper") -> asyncio.Task[Any]:
    """Run *work* in a task of its own."""

    async def run() -> Any:
        return await work

    return asyncio.get_running_loop().create_task(run(), name=name)


async def turns(number: int = 6) -> None:
    """Let what is under way get on, without letting time pass."""
    for _ in range(number):
        await asyncio.sleep(0)


def now() -> float:
    """Return the loop's time."""
    return asyncio.get_running_loop().time()


async def expect_closed(task: asyncio.Task[Any]) -> None:
    """Check that *task* was told at once that the client is closed."""
    before = now()
    with pytest.raises(ClientClosed):
        await task
    assert now() == before
