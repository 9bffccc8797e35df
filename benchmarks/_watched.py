"""Many jobs that are watched by one client, for the parts that ask what that costs; for processes of their own."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import random
import time
import tracemalloc
from typing import TYPE_CHECKING, Any

from asyncjobs import CancelOutcome, Exa, Settings, wait_all
from asyncjobs.kinds import Pace
from benchmarks._harness import Server, percentile
from benchmarks._world import run_id, search_id, webset_id

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from asyncjobs import Job

PER_WEBSET = 100
_TICK = 0.05


def _ref(kind: str, number: int, websets: int) -> str:
    if kind == "exa.agent_run":
        return f"exa.agent_run:{run_id(number)}"
    return f"exa.search:{webset_id(number % websets)}/{search_id(number)}"


async def _until_seen(jobs: list[Job[Any]], since: float) -> None:
    """Wait until every job was looked at after *since*, by the wall clock."""
    for job in jobs:
        while job.snapshot is None or job.snapshot.observed_at.timestamp() < since:  # noqa: ASYNC110
            await asyncio.sleep(_TICK)


async def _until_quiet(server: Server) -> None:
    """Wait until nothing was asked for a while."""
    before = -1
    while (asked := sum((await asyncio.to_thread(server.stats))["asked"].values())) != before:
        before = asked
        await asyncio.sleep(0.5)


@contextlib.asynccontextmanager
async def _waiting(jobs: list[Job[Any]]) -> AsyncIterator[asyncio.Task[Any]]:
    task = asyncio.create_task(wait_all(jobs))
    try:
        yield task
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def _first_round(url: str, kind: str, jobs: int) -> float:
    """Return how long it takes to look at all once, in seconds."""
    websets = max(1, jobs // PER_WEBSET)
    async with Exa("key", base_url=url, settings=_every(kind, 3600.0)) as exa:
        handles = [exa.job(_ref(kind, number, websets)) for number in range(jobs)]
        began = time.monotonic()
        async with _waiting(handles):
            await _until_seen(handles, 0.0)
            return time.monotonic() - began


def _every(kind: str, pause: float) -> Settings:
    return Settings(paces={kind: Pace(first=pause, factor=1, ceiling=pause, urgent=pause)})


async def _rounds(
    url: str, kind: str, jobs: int, rounds: int, *, trace: bool, spare: float = 4.0, sites: bool = False
) -> dict[str, Any]:
    server = Server(url)
    websets = max(1, jobs // PER_WEBSET)
    server.world(jobs=jobs, websets=websets)
    if trace:
        tracemalloc.start()
    # Between two rounds there must be time in which nothing happens.
    pause = spare + 2 * await _first_round(url, kind, jobs)
    async with Exa("key", base_url=url, settings=_every(kind, pause)) as exa:
        # What is loaded and remembered with the first request is no job's.
        await exa.job(_ref(kind, 0, websets)).refresh()
        held: list[int] = []
        used: list[float] = []
        idle: list[float] = []
        gc.collect()
        base = tracemalloc.get_traced_memory()[0]
        before = tracemalloc.take_snapshot() if sites else None
        handles = [exa.job(_ref(kind, number, websets)) for number in range(jobs)]
        asked = sum(server.stats()["asked"].values())
        since, began = time.time(), time.process_time()
        async with _waiting(handles):
            for _ in range(rounds):
                await _until_seen(handles, since)
                used.append(time.process_time() - began)
                await _until_quiet(server)
                gc.collect()
                held.append(tracemalloc.get_traced_memory()[0] - base)
                quiet = sum(server.stats()["asked"].values())
                since, began = time.time(), time.process_time()
                await asyncio.sleep(1.0)
                calm = time.process_time() - began
                if sum(server.stats()["asked"].values()) == quiet:
                    idle.append(calm)
            if before is not None:
                for site in tracemalloc.take_snapshot().compare_to(before, "lineno")[:20]:
                    frame = site.traceback[0]
                    print(f"{site.size_diff / jobs:8.0f} bytes/job  {frame.filename[-50:]}:{frame.lineno}")
    assert idle, "there was no second without a request"
    return {
        "bytes": max(held) / jobs,
        # The first round leaves what later ones reuse.
        "growth": (held[-1] - held[1]) / jobs / (rounds - 2) if rounds > 2 else 0.0,
        "held": [each / jobs for each in held],
        "first": used[0] / jobs * 1e6,
        "each": min(used[1:], default=float("nan")) / jobs * 1e6,
        "idle": min(idle) * 1000,
        "requests": (quiet - asked) / rounds,
    }


def ours(**options: Any) -> dict[str, Any]:
    """
    Watch *jobs* for so many *rounds* of looks: processor time in µs a job, idle in ms a second; with *trace* the bytes.

    With *sites*, where the most of them were allocated is printed.
    """
    return asyncio.run(_rounds(**options))


async def _cancels(url: str, jobs: int, rate: float, cancels: int) -> dict[str, Any]:
    server = Server(url)
    # As many websets as jobs: the lists that show them all take the whole rate.
    server.world(jobs=jobs, websets=jobs, latency=0.02)
    draw = random.Random(cancels)
    called = []
    async with Exa("key", base_url=url, settings=Settings(rates={"account": rate})) as exa:
        handles = [exa.job(_ref("exa.search", number, jobs)) for number in range(jobs)]
        async with _waiting(handles):
            await asyncio.sleep(2.0)
            for number in draw.sample(range(jobs), cancels):
                await asyncio.sleep(draw.uniform(0.5, 1.5))
                called.append(time.monotonic())
                assert await handles[number].cancel() is CancelOutcome.CANCELED
            stats = server.stats()
    assert len(stats["cancels"]) == cancels, stats["asked"]
    lags = [arrived - at for arrived, at in zip(stats["cancels"], called, strict=True)]
    times = sorted(stats["times"])
    return {
        "p50": percentile(lags, 0.5) * 1000,
        "longest": max(lags) * 1000,
        "asked": len(times) / (times[-1] - times[0]),
    }


def ours_cancelling(**options: Any) -> dict[str, Any]:
    """Cancel some of the jobs that are watched under a limit of requests; how late each is on the wire, in ms."""
    return asyncio.run(_cancels(**options))


async def _wakes(url: str, kind: str, jobs: int, ending: int, pause: float) -> dict[str, float]:
    server = Server(url)
    websets = max(1, jobs // ending)
    # The newest are on one page of the list of runs; of searches, those of one webset are in one reply.
    last = range(jobs - ending, jobs) if kind == "exa.agent_run" else range(0, jobs, websets)
    pace = Pace(first=pause, factor=1, ceiling=pause)
    woken: dict[int, float] = {}
    since_reply: list[float] = []
    async with Exa("key", base_url=url, settings=Settings(paces={kind: pace})) as exa:
        never = time.monotonic() + 1e6
        ends = [never] * jobs
        for number in last:
            ends[number] = time.monotonic() + 2 * pause
        server.world(jobs=jobs, websets=websets, ends=ends)
        handles = [exa.job(_ref(kind, number, websets)) for number in range(jobs)]

        async def wait(number: int) -> None:
            snapshot = await handles[number].wait()
            woken[number] = time.monotonic()
            since_reply.append(time.time() - snapshot.observed_at.timestamp())

        tasks = [asyncio.create_task(wait(number)) for number in range(jobs)]
        await asyncio.wait([tasks[number] for number in last])
        stats = server.stats()
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
    shown = {int(number): at for number, at in stats["shown"].items()}
    assert set(woken) == set(last) == set(shown), (len(woken), len(shown))
    assert len(set(shown.values())) == 1, "they ended in more than one look"
    since_sent = [woken[number] - shown[number] for number in last]
    return {
        "p50": percentile(since_reply, 0.5) * 1000,
        "p95": percentile(since_reply, 0.95) * 1000,
        "sent": percentile(since_sent, 0.95) * 1000,
    }


def ours_waking(**options: Any) -> dict[str, float]:
    """Wait for all, of which some end in one look; how long after its reply their waiters went on, in ms."""
    return asyncio.run(_wakes(**options))
