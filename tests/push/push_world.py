"""A service with running searches, a client, and what the service would push about them."""

from __future__ import annotations

import asyncio
import contextlib

from asyncjobs import Exa, Settings
from asyncjobs.sandbox import Life, Sandbox
from asyncjobs.sandbox._webset_shapes import enrichment, search


def now():
    """Return the seconds since the test began: a virtual loop begins at 1000."""
    return asyncio.get_running_loop().time() - 1000.0


@contextlib.asynccontextmanager
async def world(*, count=1, websets=1, works=20.0, kind="exa.search", latency=0.0, **settings):
    """Open a service with so many jobs, and a client that holds them; the ledger begins here."""
    async with (
        Sandbox(sockets=False, latency=latency) as sandbox,
        Exa("key", base_url=sandbox.url, session=sandbox.session(), settings=Settings(**settings)) as exa,
    ):
        if count:
            sandbox.script(kind, Life.ordinary(kind, works=works), times=None)
        homes = [(await exa.websets.create()).id for _ in range(websets)]
        jobs = [await create(exa, kind, homes[number % websets]) for number in range(count)]
        sandbox.ledger.clear()
        yield sandbox, exa, jobs


async def create(exa, kind, webset):
    if kind == "exa.search":
        return await exa.websets.searches.create(webset, query="cats", count=5)
    return await exa.websets.enrichments.create(webset, description="How old?")


def shown(sandbox, job):
    """Return the whole object as the service shows it now, without asking for it."""
    world = sandbox._open
    shape = search if job.kind == "exa.search" else enrichment
    return shape(world, world.by_ref(str(job.ref)), world.now())
