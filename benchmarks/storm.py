"""
How fast are thousands of jobs cancelled, beside bare aiohttp and the services' own SDKs?

Bare aiohttp is the least that a program could do: POST, read, ``json()``, with a limit of 100 connections like ours.
Each job must be cancelled once, by one request whose reply says so, or a measurement fails. *stall* is for how long
the event loop was kept from a heartbeat of 5 ms; the processor time is the client's alone.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import statistics
import sys
import time
from typing import TYPE_CHECKING, Any

import aiohttp

from asyncjobs import CancelOutcome, Exa, Settings, cancel_all
from benchmarks._harness import Row, Server, alone, measure, median, ratio, repeat
from benchmarks._world import search_id, webset_id

if TYPE_CHECKING:
    import argparse
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

    Storm = Callable[[range], Awaitable[None]]
    Turns = Callable[[dict[str, dict[str, Any]]], dict[str, list[Any]]]

CONNECTIONS = 100
WORKERS = 32
_PER_WEBSET = 100
_BEAT = 0.005


async def _beat(lags: list[float]) -> None:
    loop = asyncio.get_running_loop()
    while True:
        expected = loop.time() + _BEAT
        await asyncio.sleep(_BEAT)
        lags.append(loop.time() - expected)


async def _timed(work: Callable[[], Awaitable[Any]]) -> dict[str, float]:
    lags = [0.0]
    beat = asyncio.create_task(_beat(lags))
    await asyncio.sleep(4 * _BEAT)
    lags.clear()
    wall, used = time.perf_counter(), time.process_time()
    await work()
    wall, used = time.perf_counter() - wall, time.process_time() - used
    # The beat that was due while the last of it ran must still be heard.
    await asyncio.sleep(2 * _BEAT)
    beat.cancel()
    return {"seconds": wall, "cpu": used, "stall": max(lags)}


def _checked(server: Server, figures: dict[str, float], jobs: int, before: int) -> dict[str, float]:
    stats = server.stats()
    assert stats["asked"] == {"cancel": jobs} | ({"look": before} if before else {}), stats["asked"]
    assert (stats["canceled"], stats["twice"]) == (jobs, 0), stats
    figures["rate"] = jobs / figures["seconds"]
    figures["cpu_each"] = figures["cpu"] / jobs * 1e6
    figures["stall_ms"] = figures["stall"] * 1000
    figures["connections"] = stats["connections"]
    return figures


def _websets(jobs: int) -> int:
    return max(1, jobs // _PER_WEBSET)


def _world(server: Server, jobs: int) -> None:
    # Those beyond the first are there to be looked at while connections are opened, which replies that take their
    # time make more of.
    server.world(jobs=jobs + CONNECTIONS, websets=_websets(jobs), latency=0.05)


@contextlib.asynccontextmanager
async def _with_aiohttp(url: str, jobs: int, workers: int, *, warm: bool) -> AsyncIterator[Storm]:
    """Yield what cancels the searches of these numbers: all at once, or *workers* at a time."""
    websets = _websets(jobs)
    connector = aiohttp.TCPConnector(limit=CONNECTIONS)
    async with aiohttp.ClientSession(url, connector=connector, headers={"x-api-key": "key"}) as session:

        def path(number: int) -> str:
            return f"/websets/v0/websets/{webset_id(number % websets)}/searches/{search_id(number)}"

        paths = [path(number) for number in range(jobs + CONNECTIONS)]

        async def look(number: int) -> None:
            async with session.get(paths[number]) as reply:
                await reply.json()

        async def cancel(number: int) -> None:
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
    url: str, jobs: int, workers: int, *, warm: bool, deadline: float = 60.0
) -> AsyncIterator[Storm]:
    """Yield the same with handles, which are made before."""
    websets = _websets(jobs)
    settings = Settings(connections=CONNECTIONS, request_timeout=deadline)
    async with Exa("key", base_url=url, settings=settings) as exa:
        numbers = range(jobs + CONNECTIONS)
        handles = [exa.job(f"exa.search:{webset_id(number % websets)}/{search_id(number)}") for number in numbers]

        async def storm(numbers: range) -> None:
            chosen = handles[numbers.start : numbers.stop]
            if workers:
                report = await cancel_all(chosen, concurrency=workers)
                outcomes = [outcome for _, outcome in report.entries]
            else:
                outcomes = list(await asyncio.gather(*(job.cancel() for job in chosen)))
            assert outcomes == [CancelOutcome.CANCELED] * len(chosen), set(map(str, outcomes))

        if warm:
            await asyncio.gather(*(job.refresh() for job in handles[jobs:]))
        yield storm


_CLIENTS = {"bare": _with_aiohttp, "ours": _with_asyncjobs}


async def _alone(who: str, url: str, jobs: int, latency: float, workers: int, *, warm: bool) -> dict[str, float]:
    server = Server(url)
    _world(server, jobs)
    async with _CLIENTS[who](url, jobs, workers, warm=warm) as storm:
        server.latency(latency)
        figures = await _timed(lambda: storm(range(jobs)))
    return _checked(server, figures, jobs, CONNECTIONS if warm else 0)


def bare(**options: Any) -> dict[str, float]:
    """Cancel with bare aiohttp: *workers* of them, or all at once with 0."""
    return asyncio.run(_alone("bare", **options))


def ours(**options: Any) -> dict[str, float]:
    """Cancel with asyncjobs: *workers* at a time by ``cancel_all``, or by ``gather`` with 0."""
    return asyncio.run(_alone("ours", **options))


async def _together(url: str, jobs: int, workers: int, batches: int) -> dict[str, float]:
    server = Server(url)
    _world(server, jobs * batches)
    used: dict[str, list[float]] = {"bare": [], "ours": []}
    async with contextlib.AsyncExitStack() as stack:
        storms = {
            who: await stack.enter_async_context(client(url, jobs * batches, workers, warm=True))
            for who, client in _CLIENTS.items()
        }
        server.latency(0.0)
        for batch in range(batches):
            who = ("bare", "ours")[batch % 2]
            gc.collect()
            figures = await _timed(lambda: storms[who](range(batch * jobs, (batch + 1) * jobs)))  # noqa: B023
            used[who].append(figures["cpu"] / jobs * 1e6)
    return {who: statistics.median(values) for who, values in used.items()} | {
        "ratio": statistics.median(ours / bare for bare, ours in zip(used["bare"], used["ours"], strict=True))
    }


def together(**options: Any) -> dict[str, float]:
    """Let both take turns in one process, with *batches* of *jobs*: their processor time, with the least noise."""
    return asyncio.run(_together(**options))


# -- what is measured ---------------------------------------------------------------

GATHER, BATCH = "gather", "workers"
#: By the number of jobs: how long the loop may stall, in ms.
_STALLS = {1000: 40, 5000: 150}


def _pair(server: Server, jobs: int, latency: float, *, warm: bool, turns: Turns) -> Iterator[Row]:
    """Compare bare aiohttp and asyncjobs: all at once, and so many at a time."""
    options = {"url": server.url, "jobs": jobs, "latency": latency, "warm": warm}
    contestants = {
        f"{who} {how}": {"function": f"benchmarks.storm:{who}", "workers": workers, **options}
        for who in ("bare", "ours")
        for how, workers in ((GATHER, 0), (BATCH, WORKERS))
    }
    results = turns(contestants)
    named = f"{jobs:,} cancels, {latency * 1000:g} ms, {'warm' if warm else 'cold'}"
    promised = jobs >= 1000 and not latency and warm
    for how, dearest in ((GATHER, 1.35), (BATCH, 1.2)):
        bare, ours = results[f"bare {how}"], results[f"ours {how}"]
        case = f"{named}, {'gather' if how == GATHER else 'cancel_all'}"
        yield Row(case, "bare aiohttp", median(bare, "rate"), "requests/s")
        yield Row(case, "asyncjobs", median(ours, "rate"), "requests/s")
        yield Row(case, "  of bare aiohttp", ratio(ours, bare, "rate"), "x", least=0.85 if promised else None)
        yield Row(case, "bare aiohttp, processor time", median(bare, "cpu_each"), "µs/cancel")
        yield Row(case, "asyncjobs, processor time", median(ours, "cpu_each"), "µs/cancel")
        yield Row(case, "  of bare aiohttp", ratio(ours, bare, "cpu_each"), "x", most=dearest if promised else None)
        longest = _STALLS.get(jobs) if how == GATHER else 15
        yield Row(case, "bare aiohttp, longest stall", median(bare, "stall_ms"), "ms")
        yield Row(case, "asyncjobs, longest stall", median(ours, "stall_ms"), "ms", most=longest if promised else None)


def _turn_by_turn(server: Server) -> Iterator[Row]:
    for how, workers, dearest in (("gather", 0, 1.35), ("cancel_all", WORKERS, 1.2)):
        figures = measure("benchmarks.storm:together", url=server.url, jobs=500, workers=workers, batches=40)
        case = f"40 turns of 500 cancels in one process, {how}"
        yield Row(case, "bare aiohttp, processor time", figures["bare"], "µs/cancel")
        yield Row(case, "asyncjobs, processor time", figures["ours"], "µs/cancel")
        yield Row(case, "  of bare aiohttp", figures["ratio"], "x", most=dearest)


def rows(server: Server, chosen: argparse.Namespace) -> Iterator[Row]:
    """Measure and yield."""
    if chosen.turns:
        yield from _turn_by_turn(server)
        return

    def turns(contestants: dict[str, dict[str, Any]]) -> dict[str, list[Any]]:
        return repeat(contestants, chosen.repeats, profile=chosen.profile)

    for latency in chosen.latency:
        for jobs in chosen.jobs:
            for warm in (True,) if chosen.warm else (True, False):
                yield from _pair(server, jobs, latency / 1000, warm=warm, turns=turns)


def options(made: argparse.ArgumentParser) -> None:
    """Add the options of this part."""
    made.add_argument("--jobs", type=int, nargs="+", default=[100, 1000, 5000], help="default: 100 1000 5000")
    made.add_argument("--latency", type=float, nargs="+", default=[0, 50], help="in ms (default: 0 50)")
    made.add_argument("--turns", action="store_true", help="only let both take turns in one process: the least noise")
    made.add_argument("--warm", action="store_true", help="leave out the storms that begin without connections")


def main(arguments: list[str] | None = None) -> int:
    """Measure, print, and return the exit code."""
    return alone("storm", __doc__, options, rows, arguments)


if __name__ == "__main__":
    sys.exit(main())
