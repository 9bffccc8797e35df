"""The services' own SDKs as contestants; the extra ``bench`` installs them."""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from benchmarks._harness import Server
from benchmarks._storms import CONNECTIONS, checked, new_world, timed, websets_of
from benchmarks._world import found_id, search_id, webset_id

if TYPE_CHECKING:
    from collections.abc import Iterator


def installed() -> bool:
    """Whether the SDKs are here."""
    return all(importlib.util.find_spec(name) for name in ("exa_py", "httpx", "watercrawl"))


def _sdk(name: str) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return importlib.import_module(name)


# -- cancelling ---------------------------------------------------------------------


async def _exa(url: str, jobs: int, latency: float, workers: int, *, warm: bool) -> dict[str, float]:
    server = Server(url)
    new_world(server, jobs)
    websets = websets_of(jobs)
    exa = _sdk("exa_py").AsyncExa("key", api_base=url)
    names = [(webset_id(number % websets), search_id(number)) for number in range(jobs + CONNECTIONS)]

    async def cancel(number: int) -> None:
        search = await exa.websets.searches.cancel(*names[number])
        assert search.status == "canceled", search.status

    async def work(numbers: Iterator[int]) -> None:
        for number in numbers:
            await cancel(number)

    async def storm() -> None:
        if workers:
            numbers = iter(range(jobs))
            await asyncio.gather(*(work(numbers) for _ in range(workers)))
        else:
            await asyncio.gather(*(cancel(number) for number in range(jobs)))

    if warm:
        await asyncio.gather(*(exa.websets.searches.get(*names[number]) for number in range(jobs, len(names))))
    server.latency(latency)
    figures = await timed(storm)
    await exa.aclose()
    return checked(server, figures, jobs, CONNECTIONS if warm else 0)


def exa(**options: Any) -> dict[str, float]:
    """Cancel with exa-py: *workers* of them, or all at once with 0."""
    return asyncio.run(_exa(**options))


async def _httpx(url: str, jobs: int, latency: float) -> dict[str, float]:
    server = Server(url)
    new_world(server, jobs)
    sdk = _sdk("httpx")
    limits = sdk.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS)
    async with sdk.AsyncClient(base_url=url, limits=limits, timeout=None) as client:

        def path(number: int) -> str:
            return f"/websets/v0/websets/{webset_id(number % websets_of(jobs))}/searches/{search_id(number)}"

        async def cancel(number: int) -> None:
            assert (await client.post(f"{path(number)}/cancel")).json()["status"] == "canceled"

        await asyncio.gather(*(client.get(path(number)) for number in range(jobs, jobs + CONNECTIONS)))
        server.latency(latency)
        figures = await timed(lambda: asyncio.gather(*map(cancel, range(jobs))))
    return checked(server, figures, jobs, CONNECTIONS)


def httpx(**options: Any) -> dict[str, float]:
    """Cancel with httpx, all at once, with as many connections as the others."""
    return asyncio.run(_httpx(**options))


def watercrawl(url: str, jobs: int, latency: float, workers: int) -> dict[str, float]:
    """Cancel with watercrawl-py in so many threads, each with a client, as a session is not made to be shared."""
    server = Server(url)
    new_world(server, jobs)
    sdk = _sdk("watercrawl")
    clients = [sdk.WaterCrawlAPIClient("key", url) for _ in range(workers)]
    for number, client in enumerate(clients):
        client.get_search_request(found_id(jobs + number))
    server.latency(latency)

    def work(worker: int) -> None:
        for number in range(worker, jobs, workers):
            clients[worker].stop_search_request(found_id(number))

    with ThreadPoolExecutor(workers) as threads:
        wall, used = time.perf_counter(), time.process_time()
        list(threads.map(work, range(workers)))
        wall, used = time.perf_counter() - wall, time.process_time() - used
    return checked(server, {"seconds": wall, "cpu": used, "stall": 0.0, "stretch": 0.0}, jobs, workers)
