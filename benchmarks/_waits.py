"""Who waits: bare aiohttp with a loop for each job, asyncjobs and exa-py; functions for processes of their own."""

from __future__ import annotations

import asyncio
import importlib
import random
import time
import warnings
from typing import TYPE_CHECKING, Any

import aiohttp
import attrs

from asyncjobs import Exa, JobState, Settings, WaterCrawl
from asyncjobs.kinds import Pace
from benchmarks._harness import Server, percentile
from benchmarks._world import found_id, run_id, search_id, webset_id

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

#: What is waited for: the kind, and in how many websets so many jobs lie.
KINDS = {
    "searches in 10 websets": ("exa.search", 10),
    "searches in as many websets": ("exa.search", None),
    "agent runs": ("exa.agent_run", 1),
    "WaterCrawl searches": ("watercrawl.search", 1),
}
_CONNECTIONS = 100


@attrs.frozen
class _Scene:
    """Some jobs that end in time, and when each was seen to."""

    server: Server
    kind: str
    jobs: int
    websets: int
    ends: list[float]
    woken: dict[int, float] = attrs.field(factory=dict[int, float])

    @classmethod
    def begin(cls, url: str, what: str, jobs: int, seconds: float, latency: float) -> _Scene:
        kind, websets = KINDS[what]
        websets = jobs if websets is None else min(websets, jobs)
        server = Server(url)
        # The same for all who are compared; the first second is for beginning to wait.
        draw = random.Random(jobs)
        began = time.monotonic() + 1.0
        ends = [began + draw.uniform(0, seconds) for _ in range(jobs)]
        server.world(jobs=jobs, websets=websets, ends=ends, latency=latency)
        return cls(server, kind, jobs, websets, ends)

    def path(self, number: int) -> str:
        if self.kind == "exa.search":
            return f"/websets/v0/websets/{webset_id(number % self.websets)}/searches/{search_id(number)}"
        if self.kind == "exa.agent_run":
            return f"/agent/runs/{run_id(number)}"
        return f"/api/v1/core/search/{found_id(number)}/"

    def ref(self, number: int) -> str:
        if self.kind == "exa.search":
            return f"exa.search:{webset_id(number % self.websets)}/{search_id(number)}"
        return f"{self.kind}:{run_id(number) if self.kind == 'exa.agent_run' else found_id(number)}"

    def wake(self, number: int) -> None:
        self.woken[number] = time.monotonic()

    async def timed(self, work: Callable[[], Awaitable[Any]]) -> dict[str, Any]:
        used = time.process_time()
        await work()
        used = time.process_time() - used
        stats = self.server.stats()
        assert len(self.woken) == self.jobs, len(self.woken)
        assert set(stats["asked"]) <= {"look", "survey"}, stats["asked"]
        lags = [self.woken[number] - end for number, end in enumerate(self.ends)]
        assert min(lags) >= 0, "somebody woke before the end"
        times = sorted(stats["times"])
        return {
            "requests": len(times),
            "looks": stats["asked"].get("look", 0),
            "megabytes": stats["bytes"] / 1e6,
            "cpu": used,
            "p50": percentile(lags, 0.5),
            "p95": percentile(lags, 0.95),
            "p99": percentile(lags, 0.99),
            "peak": _most_within_a_second(times),
        }


def _most_within_a_second(times: list[float]) -> int:
    most = first = 0
    for last, at in enumerate(times):
        while times[first] <= at - 1.0:
            first += 1
        most = max(most, last - first + 1)
    return most


class _Turnstile:
    """Lets so many through in a second, evenly and in the order in which they came."""

    def __init__(self, rate: float | None) -> None:
        self._gap = 0.0 if rate is None else 1.0 / rate
        self._next = 0.0

    async def __call__(self) -> None:
        now = asyncio.get_running_loop().time()
        mine = max(self._next, now)
        self._next = mine + self._gap
        if mine > now:
            await asyncio.sleep(mine - now)


async def _bare(
    url: str, what: str, jobs: int, seconds: float, latency: float, interval: float, rate: float | None = None
) -> dict[str, Any]:
    scene = _Scene.begin(url, what, jobs, seconds, latency)
    admitted = _Turnstile(rate)
    connector = aiohttp.TCPConnector(limit=_CONNECTIONS)
    timeout = aiohttp.ClientTimeout(total=None)
    async with aiohttp.ClientSession(url, connector=connector, timeout=timeout) as session:

        async def wait(number: int) -> None:
            # Loops that all began at once would ask all at once.
            await asyncio.sleep(random.uniform(0, interval))
            while True:
                await admitted()
                async with session.get(scene.path(number)) as reply:
                    if (await reply.json())["status"] in {"completed", "finished"}:
                        scene.wake(number)
                        return
                await asyncio.sleep(interval)

        return await scene.timed(lambda: asyncio.gather(*map(wait, range(jobs))))


def bare(**options: Any) -> dict[str, Any]:
    """Wait with a polling loop for each job."""
    return asyncio.run(_bare(**options))


async def _ours(
    url: str, what: str, jobs: int, seconds: float, latency: float, interval: float, rate: float | None = None
) -> dict[str, Any]:
    scene = _Scene.begin(url, what, jobs, seconds, latency)
    paces = {scene.kind: Pace(first=interval, factor=1, ceiling=interval)}
    rates = {} if rate is None else {"account": rate}
    settings = Settings(connections=_CONNECTIONS, paces=paces, rates=rates)
    service = WaterCrawl if scene.kind == "watercrawl.search" else Exa
    async with service("key", base_url=url, settings=settings) as client:
        handles = [client.job(scene.ref(number)) for number in range(jobs)]

        async def wait(number: int) -> None:
            snapshot = await handles[number].wait()
            assert snapshot.state is JobState.COMPLETED, snapshot.state
            scene.wake(number)

        return await scene.timed(lambda: asyncio.gather(*map(wait, range(jobs))))


def ours(**options: Any) -> dict[str, Any]:
    """Wait with asyncjobs."""
    return asyncio.run(_ours(**options))


async def _exa(url: str, what: str, jobs: int, seconds: float, latency: float, interval: float) -> dict[str, Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sdk = importlib.import_module("exa_py")
    scene = _Scene.begin(url, what, jobs, seconds, latency)
    exa = sdk.AsyncExa("key", api_base=url)

    async def wait(number: int) -> None:
        if scene.kind == "exa.agent_run":
            await exa.agent.runs.poll_until_finished(run_id(number), poll_interval=int(interval * 1000))
        else:
            # It can wait for a webset only, and has no helper for a search: a loop of its own user.
            ids = webset_id(number % scene.websets), search_id(number)
            while (await exa.websets.searches.get(*ids)).status != "completed":  # noqa: ASYNC110
                await asyncio.sleep(interval)
        scene.wake(number)

    figures = await scene.timed(lambda: asyncio.gather(*map(wait, range(jobs))))
    await exa.aclose()
    return figures


def exa(**options: Any) -> dict[str, Any]:
    """Wait with exa-py."""
    return asyncio.run(_exa(**options))
