"""One sandbox, both clients, and jobs of all four kinds."""

from __future__ import annotations

import itertools
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import attrs

from asyncjobs import Exa, Settings, WaterCrawl
from asyncjobs.sandbox import Life, Sandbox

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from asyncjobs import Job

KINDS = ("exa.search", "exa.enrichment", "exa.agent_run", "watercrawl.search")


@attrs.define
class Mixed:
    """What a test of many jobs talks to."""

    sandbox: Sandbox
    exa: Exa
    watercrawl: WaterCrawl
    webset: str

    async def create(
        self, kind: str, *, works: float | None = None, waits: float = 0.0, ends: str | None = None
    ) -> Job[Any]:
        """Return a job of *kind* that works for so long (``None``: for ever)."""
        self.sandbox.script(kind, Life.ordinary(kind, waits=waits, works=works, ends=ends))
        match kind:
            case "exa.search":
                return await self.exa.websets.searches.create(self.webset, query="cats", count=3)
            case "exa.enrichment":
                return await self.exa.websets.enrichments.create(self.webset, description="How old is it?")
            case "exa.agent_run":
                return await self.exa.agent.runs.create(query="cats")
            case _:
                return await self.watercrawl.searches.create("cats")

    async def many(self, number: int, **life: Any) -> list[Job[Any]]:
        """Return *number* jobs, the four kinds in turn."""
        return [await self.create(kind, **life) for kind in itertools.islice(itertools.cycle(KINDS), number)]

    def active(self) -> int:
        """Return how many jobs run at the services."""
        return len(self.sandbox.ledger.active())


@asynccontextmanager
async def mixed(**settings: Any) -> AsyncIterator[Mixed]:
    """A world for the four kinds."""
    chosen = Settings(**settings)
    async with (
        Sandbox(sockets=False) as sandbox,
        Exa("key", base_url=sandbox.url, settings=chosen, session=sandbox.session()) as exa,
        WaterCrawl("key", base_url=sandbox.url, settings=chosen, session=sandbox.session()) as watercrawl,
    ):
        webset = await exa.websets.create(metadata={})
        yield Mixed(sandbox, exa, watercrawl, webset.id)
