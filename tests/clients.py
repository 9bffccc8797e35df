"""Clients of a sandbox in memory."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from asyncjobs import Exa, Settings, WaterCrawl
from asyncjobs.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import aiohttp


def exa_on(sandbox: Sandbox, *, trace: aiohttp.TraceConfig | None = None, **settings: Any) -> Exa:
    """Return a client of Exa on *sandbox*; *trace* hears of its requests."""
    session = sandbox.session() if trace is None else sandbox.session(trace_configs=[trace])
    return Exa("key", base_url=sandbox.url, session=session, settings=Settings(**settings))


def watercrawl_on(sandbox: Sandbox, **settings: Any) -> WaterCrawl:
    """Return a client of WaterCrawl on *sandbox*."""
    return WaterCrawl("key", base_url=sandbox.url, session=sandbox.session(), settings=Settings(**settings))


@contextlib.asynccontextmanager
async def open_exa(**settings: Any) -> AsyncIterator[tuple[Sandbox, Exa]]:
    """Give a sandbox and a client of Exa on it."""
    async with Sandbox(sockets=False) as sandbox, exa_on(sandbox, **settings) as exa:
        yield sandbox, exa
