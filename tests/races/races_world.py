"""Trials of one race: a sandbox, a client, and a search that is cancelled while it goes so."""

from __future__ import annotations

import asyncio
import contextlib
import random
from typing import TYPE_CHECKING, Any

import attrs

from asyncjobs import CancelOutcome, JobState
from asyncjobs.kinds import Client
from asyncjobs.sandbox import Sandbox
from asyncjobs.watercrawl._provider import CRAWL, SEARCH, SITEMAP, WATERCRAWL

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from asyncjobs.sandbox import Life

KIND = SEARCH.name
KINDS = {kind.name: kind for kind in (SEARCH, CRAWL, SITEMAP)}
_SITE = {"url": "https://example.com", "options": {"spider_options": {}, "page_options": {}}}
BODIES = {SEARCH.name: {"query": "cats", "search_options": {}}, CRAWL.name: _SITE, SITEMAP.name: _SITE}

#: As long as a DELETE took; half of it passes on the way there.
LATENCY = 0.03

OUTCOMES = {
    JobState.CANCELED: CancelOutcome.CANCELED,
    JobState.COMPLETED: CancelOutcome.ALREADY_DONE,
    JobState.FAILED: CancelOutcome.ALREADY_DONE,
}


@attrs.frozen
class Ended:
    """What a trial came to.

    The handle's *state*, the *outcome* of its cancel, the *server*'s state when all is over, and, if that is another
    one, the state that a further look *contradicts* the handle with.
    """

    state: JobState
    outcome: CancelOutcome
    server: JobState
    contradicts: JobState | None

    @property
    def right(self) -> bool:
        """Whether client and server agree."""
        return (self.state, self.outcome) == (self.server, OUTCOMES[self.server])


@contextlib.asynccontextmanager
async def opened(*, settle: float | None = None, **options: Any) -> AsyncIterator[tuple[Sandbox, Client]]:
    """Open a sandbox and a client for it; *settle* replaces the kinds'."""
    kinds = (kind if settle is None else attrs.evolve(kind, settle=settle) for kind in KINDS.values())
    provider = attrs.evolve(WATERCRAWL, kinds=tuple(kinds))
    async with (
        Sandbox(**{"sockets": False, "latency": LATENCY} | options) as sandbox,
        Client(provider, "key", base_url=sandbox.url, session=sandbox.session()) as client,
    ):
        yield sandbox, client


def another_client(sandbox):
    """Return one more client of the same sandbox."""
    return Client(WATERCRAWL, "other", base_url=sandbox.url, session=sandbox.session())


async def create(sandbox, client, life, kind=KIND):
    """Return a new job that lives so."""
    sandbox.script(kind, life)
    return await client.create(client._engine.provider.kind(kind), BODIES[kind])


def server_state(sandbox, job):
    """Return the state that the server's word means."""
    return SEARCH.words[sandbox.status(str(job.ref))]


async def trials(
    life: Callable[[random.Random], Life],
    number: int,
    *,
    settle: float | None = None,
    watched: bool = False,
    kind: str = KIND,
) -> list[Ended]:
    """Cancel *number* jobs one after the other; *watched*, while others look at them in the same moment."""
    ended = []
    async with opened(settle=settle) as (sandbox, client):
        for seed in range(number):
            rng = random.Random(seed)
            job = await create(sandbox, client, life(rng), kind)
            await asyncio.sleep(rng.uniform(0, 2))
            looks = [asyncio.create_task(_look(job, rng.uniform(0, 0.1))) for _ in range(4 if watched else 0)]
            await asyncio.sleep(0.05)
            outcome = await job.cancel()
            state = job.state
            await asyncio.gather(*looks)
            await asyncio.sleep(1)
            if server_state(sandbox, job) is not state:
                await job.refresh()
            contradicts = None if job.contradiction is None else job.contradiction.state
            ended.append(Ended(state, outcome, server_state(sandbox, job), contradicts))
    return ended


async def _look(job, delay):
    await asyncio.sleep(delay)
    await job.refresh()
