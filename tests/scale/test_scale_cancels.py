"""What a batch of cancels costs in tasks, and that its cancels do not get into each other's way."""

from __future__ import annotations

import asyncio

import pytest
from scale_world import crowd

from asyncjobs import CancelOutcome, ClientClosed, cancel_all

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
