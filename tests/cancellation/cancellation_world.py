"""The pieces that the single tests of cancellation share."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import pytest
from loops import now

from asyncjobs import ClientClosed
from asyncjobs.sandbox import Life, Sandbox

if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncIterator

RUNNING = Life.ordinary("watercrawl.search", works=300.0)
RUN = Life.ordinary("exa.agent_run", works=300.0)


@contextlib.asynccontextmanager
async def sandbox_with(life: Life = RUNNING, **options: Any) -> AsyncIterator[Sandbox]:
    """Open a sandbox whose runs last for five minutes, and so do its searches unless they have another *life*."""
    async with Sandbox(sockets=False, **options) as sandbox:
        sandbox.script("watercrawl.search", life, times=None)
        sandbox.script("exa.agent_run", RUN, times=None)
        yield sandbox


async def expect_closed(task: asyncio.Task[Any]) -> None:
    """Check that *task* was told at once that the client is closed."""
    before = now()
    with pytest.raises(ClientClosed):
        await task
    assert now() == before
