"""What a job that is waited for costs while nothing happens."""

from __future__ import annotations

import asyncio
import gc
import json
import tracemalloc

import pytest
from aiohttp import web
from services import URL, serving

from asyncjobs import Settings, wait_all
from asyncjobs.exa import EXA
from asyncjobs.kinds import Client, Pace

MANY = 2_000
#: Bytes of a row, about what a search is.
ROW = 1_200


def _row(number):
    row = {"id": f"agent_run_{number:08d}", "object": "agent_run", "status": "running", "request": {"query": ""}}
    row["request"]["query"] = "q" * (ROW - len(json.dumps(row)))
    return row


async def _pages(request):
    """Answer with the page of a list of runs that go on for ever."""
    await request.read()
    first = int(request.query.get("cursor", "0"))
    last = min(first + 100, MANY)
    rows = [_row(number) for number in range(first, last)]
    return web.json_response({"data": rows, "hasMore": last < MANY, "nextCursor": str(last)})


@pytest.mark.timeout(120)
async def test_a_waiting_job_is_small_and_does_not_grow():
    """Handle, future, agenda and the whole payload of the last look are at most 4 KB; and no round adds to them."""
    pace = Pace(first=10.0, factor=1.0, ceiling=10.0)
    async with (
        serving(_pages) as session,
        Client(EXA, "key", base_url=URL, session=session, settings=Settings(paces={"exa.agent_run": pace})) as client,
    ):
        tasks = len(asyncio.all_tasks())
        gc.collect()
        tracemalloc.start()
        try:
            before, _ = tracemalloc.get_traced_memory()
            jobs = [client.job(f"exa.agent_run:agent_run_{number:08d}") for number in range(MANY)]
            waiting = asyncio.ensure_future(wait_all(jobs))
            del jobs
            sizes = []
            for _ in range(4):
                await asyncio.sleep(10)
                gc.collect()
                sizes.append((tracemalloc.get_traced_memory()[0] - before) / MANY)
        finally:
            tracemalloc.stop()
        # The wait, the watcher, and what a session keeps.
        assert len(asyncio.all_tasks()) - tasks <= 5
        waiting.cancel()
        await asyncio.wait((waiting,))
    print(f"\n{sizes[0]:.0f} bytes a job, of which {ROW} are its payload")  # noqa: T201 - figures for people
    assert sizes[0] <= 4096
    assert sizes[-1] - sizes[0] <= 16


async def test_while_no_look_is_due_nothing_runs():
    """One timer serves all of them; what turns there are belong to the session, which minds its idle connections."""
    pace = Pace(first=1000.0, factor=1.0, ceiling=1000.0)
    turns = 0

    def count(original):
        def run_once():
            nonlocal turns
            turns += 1
            original()

        return run_once

    async with (
        serving(_pages) as session,
        Client(EXA, "key", base_url=URL, session=session, settings=Settings(paces={"exa.agent_run": pace})) as client,
    ):
        jobs = [client.job(f"exa.agent_run:agent_run_{number:08d}") for number in range(200)]
        waiting = asyncio.ensure_future(wait_all(jobs))
        await asyncio.sleep(60)
        loop = asyncio.get_running_loop()
        loop._run_once = count(loop._run_once)
        await asyncio.sleep(800)
        del loop._run_once
        waiting.cancel()
        await asyncio.wait((waiting,))
    # One in 15 s, whoever waits.
    assert turns <= 800 / 15 + 5
