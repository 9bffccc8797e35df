"""Many jobs that end over a minute, a client that waits for all of them, and what polling each of them would cost."""

from __future__ import annotations

import asyncio
import contextlib
import heapq

import attrs

from asyncjobs import Exa, Settings, WaterCrawl
from asyncjobs.exa import EXA
from asyncjobs.kinds import Client, Limit, Pace
from asyncjobs.sandbox import Life, Sandbox
from asyncjobs.watercrawl import WATERCRAWL

MANY = 1000
#: Seconds over which the jobs end, evenly.
OVER = 60.0
LATENCY = 0.05


def now():
    return asyncio.get_running_loop().time()


def percentile(values, share):
    """Return the value below which this share of *values* lies."""
    return sorted(values)[min(int(len(values) * share), len(values) - 1)]


@attrs.frozen
class Figures:
    """How many requests there were, and how many seconds after each end it was known."""

    requests: int
    lags: list[float]

    @property
    def p95(self):
        return percentile(self.lags, 0.95)

    def __str__(self):
        return f"{self.requests} requests, {percentile(self.lags, 0.5):.2f} s p50, {self.p95:.2f} s p95"


def steady(seconds):
    """Return the pace of a loop that sleeps so long between two looks."""
    return Pace(first=seconds, factor=1.0, ceiling=seconds)


async def waiting(sandbox, jobs, ends):
    """Wait for all jobs at once and return the figures."""
    lags = []

    async def one(job, end):
        await job.wait()
        lags.append(now() - end)

    await asyncio.gather(*map(one, jobs, ends))
    return Figures(sandbox.ledger.count(), lags)


def polling(ends, interval, *, rate=None):
    """
    Return the figures of a bare loop for each job: ask, wait for the reply, sleep, ask again.

    The loops begin at 0, evenly over the first interval; *ends* are in seconds from then. Under a *rate* (requests in
    any second) those who ask queue, first come, first served.
    """
    asking = [(number * interval / len(ends), number) for number in range(len(ends))]
    heapq.heapify(asking)
    requests, lags, sent = 0, [], []
    while asking:
        at, number = heapq.heappop(asking)
        if rate is not None and len(sent) >= rate:
            at = max(at, sent[-rate] + 1.0)
        sent.append(at)
        requests += 1
        if ends[number] <= at + LATENCY / 2:
            lags.append(at + LATENCY - ends[number])
        else:
            heapq.heappush(asking, (at + LATENCY + interval, number))
    return Figures(requests, lags)


def counted(kind, name):
    """Return *kind* with all its looks and lists counted against the limit called *name*."""
    costs = {name: 1}
    surveys = tuple(attrs.evolve(each, call=attrs.evolve(each.call, costs=costs)) for each in kind.surveys)
    return attrs.evolve(kind, look=attrs.evolve(kind.look, costs=costs), surveys=surveys)


def provider_of(kind):
    return WATERCRAWL if kind.startswith("watercrawl") else EXA


@contextlib.asynccontextmanager
async def crowd(kind, *, places=0, count=MANY, over=OVER, rate=None, latency=LATENCY, pace=None, **settings):
    """
    Open a service with *count* jobs that end evenly over so many seconds (``None``: never), and a client.

    Gives the sandbox, the client, the jobs and the times of their ends. *places* is in how many websets they are,
    *rate* how many requests a second the client may send.
    """
    provider = provider_of(kind)
    if rate is not None:
        # Looks at some kinds are not counted by their service: here they are.
        kinds = tuple(counted(each, "any") if each.name == kind else each for each in provider.kinds)
        provider = attrs.evolve(provider, limits=(Limit("any", rate),), kinds=kinds)
    options = Settings(paces={} if pace is None else {kind: pace}, **settings)
    async with Sandbox(sockets=False, latency=latency) as sandbox:
        maker = (WaterCrawl if provider.name == "watercrawl" else Exa)(
            "key", base_url=sandbox.url, session=sandbox.session()
        )
        async with maker:
            lives = [None if over is None else 3 + over * (number + 0.5) / count for number in range(count)]
            # Who ends when has nothing to do with where it is in a list.
            lives = [lives[number * 617 % count] for number in range(count)]
            for works in lives:
                sandbox.script(kind, Life.ordinary(kind, works=works))
            websets = (
                [webset.id for webset in await asyncio.gather(*(maker.websets.create() for _ in range(places)))]
                if places
                else []
            )
            homes = [websets[number % places] if places else None for number in range(count)]
            made = await asyncio.gather(*(_create(maker, kind, home) for home in homes))
        rows = sandbox.ledger.created(kind)
        born = {row.ref: row.created_at for row in rows}
        lasts = {row.ref: life for row, life in zip(rows, lives, strict=True)}
        limits = None if rate is None else {"any": float(rate)}
        client = Client(
            provider,
            "key",
            base_url=sandbox.url,
            settings=attrs.evolve(options, rates=limits),
            session=sandbox.session(),
        )
        async with client:
            jobs = [client.job(job.ref) for job in made]
            ends = [None if over is None else born[str(job.ref)] + lasts[str(job.ref)] for job in jobs]
            await asyncio.sleep(rows[0].created_at + 3 - now())
            sandbox.ledger.clear()
            yield sandbox, client, jobs, ends


async def _create(client, kind, webset):
    match kind:
        case "exa.search":
            return await client.websets.searches.create(webset, query="cats", count=5)
        case "exa.enrichment":
            return await client.websets.enrichments.create(webset, description="How old?")
        case "exa.agent_run":
            return await client.agent.runs.create(query="cats")
    return await client.searches.create("cats")
