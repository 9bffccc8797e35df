"""What a batch of cancels costs in tasks, and that its cancels do not get into each other's way."""

from __future__ import annotations

import asyncio

import attrs
import pytest
from scale_world import crowd

from asyncjobs import CancelOutcome, ClientClosed, WaterCrawl, cancel_all
from asyncjobs.sandbox import Life, Sandbox

KINDS = ["exa.search", "exa.agent_run", "watercrawl.search"]
BATCH = 200


def ours():
    return {task for task in asyncio.all_tasks() if task.get_name() == "asyncjobs: cancels"}


async def by_gather(jobs):
    return list(await asyncio.gather(*(job.cancel() for job in jobs)))


async def by_cancel_all(jobs):
    return [outcome for _, outcome in (await cancel_all(jobs)).entries]


@pytest.mark.parametrize("way", [by_gather, by_cancel_all])
@pytest.mark.parametrize("connections", [1, 5, 100])
@pytest.mark.parametrize("kind", KINDS)
async def test_each_cancel_of_a_batch_is_sent_once_and_comes_to_its_end(kind, connections, way):
    """However few connections they share, and so however often one request takes over the task of another."""
    places = 1 if kind == "exa.search" else 0
    async with crowd(kind, places=places, count=BATCH, over=None, connections=connections) as (sandbox, _, jobs, _ends):
        assert await way(jobs) == [CancelOutcome.CANCELED] * BATCH
        assert sandbox.ledger.count("cancel") == BATCH


async def test_a_batch_of_cancels_needs_no_more_tasks_than_connections():
    """A request that ends makes room for the next one, which goes on in its task."""
    seen = set()
    async with crowd("exa.agent_run", count=BATCH, over=None, connections=5) as (_, _client, jobs, _ends):
        cancels = asyncio.ensure_future(by_gather(jobs))
        while not cancels.done():
            seen |= ours()
            await asyncio.sleep(0.001)
        assert await cancels == [CancelOutcome.CANCELED] * BATCH
    assert len(seen) == 5


@pytest.mark.parametrize("turns", range(8))
async def test_a_client_that_closes_amid_a_batch_begins_no_more_cancels(turns):
    """However far the batch has come: closing joins those under way, and starts no task that nobody would join."""
    async with crowd("exa.agent_run", count=BATCH, over=None, connections=100) as (sandbox, client, jobs, _ends):
        callers = [asyncio.ensure_future(job.cancel()) for job in jobs]
        for _ in range(turns):
            await asyncio.sleep(0)
        await client.aclose()
        sent = sandbox.ledger.count("cancel")
        for _ in range(5):
            assert not ours()
            await asyncio.sleep(0)
        outcomes = await asyncio.gather(*callers, return_exceptions=True)
        assert {type(outcome) for outcome in outcomes} == {ClientClosed}
        assert sandbox.ledger.count("cancel") == sent < BATCH


async def test_callers_that_leave_take_no_other_cancel_down():
    """Every other caller of a batch gives up at a moment of its own; the others get their outcomes."""
    async with crowd("exa.agent_run", count=BATCH, over=None, connections=5) as (sandbox, _, jobs, _ends):
        callers = [asyncio.ensure_future(job.cancel()) for job in jobs]
        for leaver in callers[::2]:
            await asyncio.sleep(0.005)
            leaver.cancel()
        outcomes = await asyncio.gather(*callers, return_exceptions=True)
        assert outcomes[1::2] == [CancelOutcome.CANCELED] * (BATCH // 2)
        assert any(isinstance(outcome, asyncio.CancelledError) for outcome in outcomes)
        assert BATCH // 2 < sandbox.ledger.count("cancel") < BATCH


async def test_a_batch_that_is_given_up_holds_up_no_other_cancel():
    """Thousands whose callers leave at once are withdrawn, and the next cancel is sent within a few turns."""
    async with crowd("exa.agent_run", count=2001, over=None, connections=100) as (_, _client, jobs, _ends):
        *batch, last = jobs
        callers = [asyncio.ensure_future(job.cancel()) for job in batch]
        for _ in range(3):
            await asyncio.sleep(0)
        for caller in callers:
            caller.cancel()
        await asyncio.wait(callers)
        other = asyncio.ensure_future(last.cancel())
        turns = 0
        while not last.requested_by_us:
            turns += 1
            await asyncio.sleep(0)
        assert turns < 30
        assert await other is CancelOutcome.CANCELED


@pytest.mark.parametrize("turns", [1, 2, 3, 5, 10])
async def test_the_end_of_the_loop_amid_a_batch_leaves_no_task(turns):
    """Nobody closed the client: what has not begun by then never does."""
    async with crowd("exa.agent_run", count=BATCH, over=None, connections=100) as (_, _client, jobs, _ends):
        callers = [asyncio.create_task(job.cancel(), name="asyncjobs: a caller") for job in jobs]
        for _ in range(turns):
            await asyncio.sleep(0)
        doomed = [task for task in asyncio.all_tasks() if task.get_name().startswith("asyncjobs")]
        for task in doomed:
            task.cancel()
        await asyncio.gather(*doomed, return_exceptions=True)
        assert not ours()
        await asyncio.sleep(0)
        assert not ours()
        assert all(caller.cancelled() for caller in callers)


async def test_jobs_whose_cancels_were_answered_already_are_no_matter():
    """However many of them one batch has, each is only waited for."""
    life = Life.ordinary("watercrawl.search", works=None)
    count = 1500
    async with Sandbox(sockets=False) as sandbox:
        sandbox.script("watercrawl.search", attrs.evolve(life, after_cancel=((5.0, "canceled"),)), times=count)
        async with WaterCrawl("key", base_url=sandbox.url, session=sandbox.session()) as client:
            jobs = await asyncio.gather(*(client.searches.create("q") for _ in range(count)))
            asked = await asyncio.gather(*(job.cancel(confirm=False) for job in jobs))
            assert set(asked) == {CancelOutcome.REQUESTED}
            callers = [asyncio.ensure_future(job.cancel()) for job in jobs]
            await asyncio.sleep(1)
            report = await cancel_all(jobs)
            assert report.counts == {"canceled": count}
            assert set(await asyncio.gather(*callers)) == {CancelOutcome.CANCELED}
