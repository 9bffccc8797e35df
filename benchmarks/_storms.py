"""Who cancels in a storm: bare aiohttp and asyncjobs; functions for processes of their own."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import resource
import statistics
import time
from typing import TYPE_CHECKING, Any

import aiohttp

from asyncjobs import CancelOutcome, Exa, Settings, WaterCrawl, cancel_all
from benchmarks._harness import Server
from benchmarks._world import found_id, search_id, webset_id

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

    Storm = Callable[[range], Awaitable[None]]

CONNECTIONS = 100
_PER_WEBSET = 100
_BEAT = 0.005


async def _beat(lags: list[float], stretches: list[float]) -> None:
    loop = asyncio.get_running_loop()
    while True:
        expected, used = loop.time() + _BEAT, time.process_time()
        await asyncio.sleep(_BEAT)
        lags.append(loop.time() - expected)
        stretches.append(time.process_time() - used)


async def timed(work: Callable[[], Awaitable[Any]]) -> dict[str, float]:
    """
    Return what *work* took: by the clock, of the processor, and at a stretch.

    Python's garbage collector goes through what was made for it (handles, paths, connections) first, for whoever it is:
    else that would fall into the work, or not, by chance. What it costs to have made handles is so in no figure.
    """
    gc.collect()
    lags: list[float] = []
    stretches: list[float] = []
    beat = asyncio.create_task(_beat(lags, stretches))
    await asyncio.sleep(4 * _BEAT)
    lags.clear()
    stretches.clear()
    wall, used = time.perf_counter(), time.process_time()
    await work()
    wall, used = time.perf_counter() - wall, time.process_time() - used
    # The beat that was due while the last of it ran must still be heard.
    await asyncio.sleep(2 * _BEAT)
    beat.cancel()
    return {"seconds": wall, "cpu": used, "stall": max(lags), "stretch": max(stretches)}


def websets_of(jobs: int) -> int:
    """Return how many websets the searches lie in."""
    return max(1, jobs // _PER_WEBSET)


def new_world(server: Server, jobs: int) -> None:
    """Begin a world with *jobs* to cancel, and some more to be looked at while connections are opened."""
    # Replies that take their time make a client open as many as it may.
    server.world(jobs=jobs + CONNECTIONS, websets=websets_of(jobs), latency=0.05)


def checked(
    server: Server, figures: dict[str, float], jobs: int, looks: int, *, confirmed: bool = False
) -> dict[str, float]:
    """Return the figures of a storm if it was one: each job cancelled by one request, and nothing else was asked."""
    stats = server.stats()
    asked = stats["asked"]
    assert (asked["cancel"], stats["canceled"], stats["twice"]) == (jobs, jobs, 0), asked
    assert confirmed or asked.get("look", 0) == looks, asked
    assert confirmed or set(asked) <= {"cancel", "look"}, asked
    return {
        "rate": jobs / figures["seconds"],
        "cpu": figures["cpu"] / jobs * 1e6,
        "stall": figures["stall"] * 1000,
        "stretch": figures["stretch"] * 1000,
        "seconds": figures["seconds"],
        "requests": (sum(asked.values()) - looks) / jobs,
        "connections": stats["connections"],
    }


def _path(service: str, number: int, websets: int) -> str:
    if service == "watercrawl":
        return f"/api/v1/core/search/{found_id(number)}/"
    return f"/websets/v0/websets/{webset_id(number % websets)}/searches/{search_id(number)}"


@contextlib.asynccontextmanager
async def _with_aiohttp(url: str, jobs: int, *, service: str, workers: int, warm: bool) -> AsyncIterator[Storm]:
    """Yield what cancels the jobs of these numbers: all at once, or *workers* at a time."""
    paths = [_path(service, number, websets_of(jobs)) for number in range(jobs + CONNECTIONS)]
    connector = aiohttp.TCPConnector(limit=CONNECTIONS)
    async with aiohttp.ClientSession(url, connector=connector, headers={"x-api-key": "key"}) as session:

        async def look(number: int) -> None:
            async with session.get(paths[number]) as reply:
                await reply.json()

        async def cancel(number: int) -> None:
            if service == "watercrawl":
                async with session.delete(paths[number]) as reply:
                    assert reply.status == 204
                    await reply.read()
            else:
                async with session.post(f"{paths[number]}/cancel") as reply:
                    assert (await reply.json())["status"] == "canceled"

        async def work(numbers: Iterator[int]) -> None:
            for number in numbers:
                await cancel(number)

        async def storm(numbers: range) -> None:
            if workers:
                shared = iter(numbers)
                await asyncio.gather(*(work(shared) for _ in range(workers)))
            else:
                await asyncio.gather(*(cancel(number) for number in numbers))

        if warm:
            await asyncio.gather(*map(look, range(jobs, jobs + CONNECTIONS)))
        yield storm


@contextlib.asynccontextmanager
async def _with_asyncjobs(
    url: str,
    jobs: int,
    *,
    service: str,
    workers: int,
    warm: bool,
    confirm: bool = True,
    deadline: float = 60.0,
) -> AsyncIterator[Storm]:
    """Yield the same with handles, which are made before."""
    websets = websets_of(jobs)
    settings = Settings(connections=CONNECTIONS, request_timeout=deadline)
    client: Exa | WaterCrawl
    if service == "watercrawl":
        client = WaterCrawl("key", base_url=url, settings=settings)
        refs = [f"watercrawl.search:{found_id(number)}" for number in range(jobs + CONNECTIONS)]
    else:
        client = Exa("key", base_url=url, settings=settings)
        refs = [f"exa.search:{webset_id(n % websets)}/{search_id(n)}" for n in range(jobs + CONNECTIONS)]
    expected = CancelOutcome.CANCELED if confirm else CancelOutcome.REQUESTED
    async with client:
        handles = [client.job(ref) for ref in refs]

        async def storm(numbers: range) -> None:
            chosen = handles[numbers.start : numbers.stop]
            if workers:
                report = await cancel_all(chosen, concurrency=workers)
                outcomes = [outcome for _, outcome in report.entries]
            else:
                outcomes = list(await asyncio.gather(*(job.cancel(confirm=confirm) for job in chosen)))
            assert outcomes == [expected] * len(chosen), set(map(str, outcomes))

        if warm:
            await asyncio.gather(*(job.refresh() for job in handles[jobs:]))
        yield storm


async def _alone(
    client: Any, url: str, jobs: int, latency: float, *, warm: bool, confirmed: bool = False, **options: Any
) -> dict[str, float]:
    server = Server(url)
    new_world(server, jobs)
    async with client(url, jobs, warm=warm, **options) as storm:
        server.latency(latency)
        figures = await timed(lambda: storm(range(jobs)))
    return checked(server, figures, jobs, CONNECTIONS if warm else 0, confirmed=confirmed)


def bare(**options: Any) -> dict[str, float]:
    """Cancel with bare aiohttp: *workers* of them, or all at once with 0."""
    return asyncio.run(_alone(_with_aiohttp, **options))


def ours(*, descriptors: int | None = None, **options: Any) -> dict[str, float]:
    """Cancel with asyncjobs: *workers* at a time by ``cancel_all``, or by ``gather`` with 0."""
    if descriptors is not None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    return asyncio.run(_alone(_with_asyncjobs, **options))


async def _in_turns(url: str, jobs: int, workers: int, batches: int) -> dict[str, float]:
    server = Server(url)
    new_world(server, jobs * batches)
    clients: dict[str, Any] = {"bare": _with_aiohttp, "ours": _with_asyncjobs}
    used: dict[str, list[float]] = {who: [] for who in clients}
    options = {"service": "exa", "workers": workers, "warm": True}
    async with contextlib.AsyncExitStack() as stack:
        storms = {
            who: await stack.enter_async_context(client(url, jobs * batches, **options))
            for who, client in clients.items()
        }
        server.latency(0.0)
        for batch in range(batches):
            who = ("bare", "ours")[batch % 2]
            figures = await timed(lambda: storms[who](range(batch * jobs, (batch + 1) * jobs)))  # noqa: B023
            used[who].append(figures["cpu"] / jobs * 1e6)
    checked(server, figures, jobs * batches, 2 * CONNECTIONS)
    return {who: statistics.median(values) for who, values in used.items()} | {
        "ratio": statistics.median(ours / bare for bare, ours in zip(used["bare"], used["ours"], strict=True))
    }


def in_turns(**options: Any) -> dict[str, float]:
    """Let both take turns in one process, with *batches* of *jobs*: their processor time, with the least noise."""
    return asyncio.run(_in_turns(**options))
