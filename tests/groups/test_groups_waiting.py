"""``wait_all`` and ``as_completed``: many waits, no task for each."""

from __future__ import annotations

import asyncio

import pytest
from mixed_world import mixed

from asyncjobs import ClientClosed, InvalidArgument, JobState, NotFound, WaitTimeout, as_completed, wait_all


async def test_wait_all_gives_the_last_snapshots_in_order():
    """The results stand where their jobs stood, also for a job given twice and one that had ended."""
    async with mixed() as world:
        jobs = await world.many(8, works=10)
        ended = await world.create("exa.search", works=0.1)
        await ended.wait()

        snapshots = await wait_all([*jobs, jobs[0], ended])

        assert [*(job.ref for job in jobs), jobs[0].ref, ended.ref] == [snapshot.ref for snapshot in snapshots]
        assert all(snapshot.state is JobState.COMPLETED for snapshot in snapshots)


async def test_wait_all_starts_no_task_for_a_job():
    """The number of tasks does not grow with the number of waits."""
    async with mixed() as world:
        jobs = await world.many(200, works=30)
        waiting = asyncio.create_task(wait_all(jobs))
        before = len(asyncio.all_tasks())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        after = len(asyncio.all_tasks())
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

        # One watcher for each of the two clients.
        assert after <= before + 2


async def test_wait_all_times_out_and_leaves_the_jobs_running():
    """The error names the first that had not ended."""
    async with mixed() as world:
        short = await world.create("exa.search", works=1)
        long = await world.create("exa.agent_run")

        with pytest.raises(WaitTimeout) as caught:
            await wait_all([short, long], timeout=20)

        assert long.ref == caught.value.ref
        assert JobState.COMPLETED is short.state
        assert world.active() == 1


async def test_wait_all_raises_what_ended_a_wait():
    """An error of one job comes out at once; the others are not disturbed at the service."""
    async with mixed() as world:
        job = await world.create("exa.search")
        nobody = world.exa.job("exa.agent_run:agent_run_nobody")

        with pytest.raises(NotFound):
            await wait_all([job, nobody])

        assert world.active() == 1


async def test_wait_all_can_return_exceptions():
    """Asked to, it puts errors in the places of snapshots and raises nothing for a job."""
    async with mixed() as world:
        job = await world.create("exa.search", works=40)
        never = await world.create("exa.search")
        nobody = world.exa.job("exa.agent_run:agent_run_nobody")

        good, missing, late = await wait_all([job, nobody, never], timeout=60, return_exceptions=True)

        assert JobState.COMPLETED is good.state
        assert isinstance(missing, NotFound)
        assert isinstance(late, WaitTimeout)


async def test_wait_all_of_nothing_is_nothing():
    """No jobs, no wait."""
    assert await wait_all([]) == []


async def test_as_completed_gives_jobs_in_the_order_of_their_ends():
    """Whoever ends first comes first; one that had ended before comes at once."""
    async with mixed() as world:
        slow = await world.create("exa.agent_run", works=60)
        quick = await world.create("watercrawl.search", works=20)
        ended = await world.create("exa.search", works=0.1)
        await ended.wait()

        order = [job async for job in as_completed([slow, quick, ended, quick])]

        assert [ended, quick, slow] == order


async def test_as_completed_raises_an_error_once_and_goes_on():
    """What ends one wait is raised for that job; the iterator then gives the others."""
    async with mixed() as world:
        job = await world.create("exa.search", works=60)
        nobody = world.exa.job("exa.agent_run:agent_run_nobody")
        ends = as_completed([job, nobody])

        with pytest.raises(NotFound):
            await anext(ends)
        assert job is await anext(ends)
        with pytest.raises(StopAsyncIteration):
            await anext(ends)


async def test_as_completed_times_out():
    """The bound is for all together."""
    async with mixed() as world:
        jobs = [await world.create("exa.search", works=5), await world.create("exa.search")]
        given = []

        with pytest.raises(WaitTimeout) as caught:
            async for job in as_completed(jobs, timeout=30):
                given.append(job)

        assert jobs[:1] == given
        assert jobs[1].ref == caught.value.ref


async def test_leaving_as_completed_early_stops_the_looking():
    """After a ``break`` nobody looks at the remaining jobs."""
    async with mixed() as world:
        jobs = [await world.create("exa.search", works=2), await world.create("exa.search")]

        async for _ in as_completed(jobs):
            break
        await asyncio.sleep(1)
        before = world.sandbox.ledger.count("look")
        await asyncio.sleep(60)

        assert before == world.sandbox.ledger.count("look")


async def test_closing_the_client_ends_the_waits():
    """Whoever waits for many jobs of a client that closes gets ``ClientClosed``."""
    async with mixed() as world:
        jobs = await world.many(8)
        waiting = asyncio.create_task(wait_all(jobs))
        await asyncio.sleep(1)

        await world.exa.aclose()
        with pytest.raises(ClientClosed):
            await waiting


@pytest.mark.parametrize("timeout", [-1, float("nan"), "1"])
async def test_bad_timeouts_are_refused(timeout):
    """A bound that is no length of time is refused before anything is waited for."""
    with pytest.raises(InvalidArgument, match="timeout"):
        await wait_all([], timeout=timeout)
    with pytest.raises(InvalidArgument, match="timeout"):
        as_completed([], timeout=timeout)


async def test_what_is_no_job_is_refused():
    """The error says which one and of what type it is."""
    with pytest.raises(InvalidArgument, match=r"jobs\[0\].*str"):
        await wait_all(["exa.search:a/b"])  # type: ignore[list-item]
