"""Groups and gathers of what they were not made for: typed errors, or the obvious result."""

from __future__ import annotations

import asyncio
import math

import pytest
from scale_world import crowd

from asyncjobs import (
    ClientClosed,
    Exa,
    InvalidArgument,
    JobGroup,
    JobState,
    Settings,
    WaterCrawl,
    as_completed,
    cancel_all,
    wait_all,
)
from asyncjobs.kinds import Limit
from asyncjobs.sandbox import Life, Sandbox


async def test_nothing_to_wait_for_is_no_wait():
    """Empty in, empty out, at once."""
    assert await wait_all([]) == []
    assert [job async for job in as_completed([])] == []
    report = await cancel_all([])
    assert (report.entries, report.ok) == ((), True)
    async with JobGroup() as group:
        pass
    assert group.jobs == ()


async def test_the_same_job_twice_is_one_job():
    """Waited for once, cancelled once, and told as often as it was given where the order is that of the input."""
    async with crowd("exa.agent_run", count=1, over=5.0) as (sandbox, client, (job,), _):
        again = client.job(job.ref)
        first, second = await wait_all([job, again])
        assert first == second
        assert [ended.ref async for ended in as_completed([job, again])] == [job.ref]
        assert await asyncio.gather(job, again) == [first.resource, first.resource]
    async with crowd("exa.agent_run", count=1, over=None) as (sandbox, client, (job,), _):
        async with asyncio.timeout(60):
            report = await cancel_all([job, client.job(job.ref)])
        assert report.counts == {"canceled": 1}
        assert sandbox.ledger.count("cancel") == 1


async def test_the_same_job_twice_in_a_group_is_owned_once():
    """The group has it once."""
    async with crowd("exa.agent_run", count=1, over=5.0) as (_, client, (job,), _ends):
        async with JobGroup() as group:
            assert group.add(job) is job
            group.add(client.job(job.ref))
            assert len(group.jobs) == 1
        assert job.state is JobState.COMPLETED


async def test_jobs_of_several_clients_and_services_go_together():
    """Each is asked of its own."""
    async with Sandbox(sockets=False) as sandbox:
        for kind in ("exa.agent_run", "watercrawl.search"):
            sandbox.script(kind, Life.ordinary(kind, works=5.0), times=None)
        async with (
            Exa("one", base_url=sandbox.url, session=sandbox.session()) as one,
            Exa("two", base_url=sandbox.url, session=sandbox.session()) as two,
            WaterCrawl("three", base_url=sandbox.url, session=sandbox.session()) as three,
        ):

            async def jobs():
                return [
                    await one.agent.runs.create(query="a"),
                    await two.agent.runs.create(query="b"),
                    await three.searches.create("c"),
                ]

            ends = await wait_all(await jobs())
            assert [end.state for end in ends] == [JobState.COMPLETED] * 3
            assert len([job async for job in as_completed(await jobs())]) == 3
            async with JobGroup() as group:
                for job in await jobs():
                    group.add(job)
            assert all(job.done for job in group.jobs)
            report = await cancel_all(await jobs())
            assert report.counts == {"canceled": 3}
            # The same job seen by two clients is two handles, and one job.
            job = await one.agent.runs.create(query="d")
            both = await wait_all([job, two.job(job.ref)])
            assert [end.state for end in both] == [JobState.COMPLETED] * 2


@pytest.mark.parametrize("concurrency", [0, -1, 1.5, True, "many"])
async def test_a_concurrency_that_is_no_count_is_refused(concurrency):
    """By the name of the argument, before anything is sent."""
    async with crowd("exa.agent_run", count=1, over=None) as (sandbox, _, jobs, _ends):
        with pytest.raises(InvalidArgument, match="concurrency"):
            await cancel_all(jobs, concurrency=concurrency)
        assert sandbox.ledger.count() == 0


async def test_handles_of_a_closed_client_say_so():
    """Waiting raises, a cancel_all reports, and what was known stays readable."""
    async with crowd("exa.agent_run", count=2, over=None) as (_, client, jobs, _ends):
        await jobs[0].refresh()
        await client.aclose()
        for wait in (wait_all(jobs), as_completed(jobs).__anext__(), jobs[0].wait()):
            with pytest.raises(ClientClosed):
                await wait
        report = await cancel_all(jobs)
        assert {type(error) for error in report.errors.values()} == {ClientClosed}
        with pytest.raises(ClientClosed):
            async with JobGroup() as group:
                group.add(jobs[0])
        assert jobs[0].state is JobState.RUNNING


@pytest.mark.parametrize("rate", [0, 0.0, -1, math.nan, "ten", None, True])
def test_a_rate_that_is_none_is_refused(rate):
    """By its name."""
    with pytest.raises(InvalidArgument, match=r"rates\['account'\]"):
        Settings(rates={"account": rate})


@pytest.mark.parametrize(
    ("count", "seconds"), [(0, 1.0), (-1, 1.0), (1.5, 1.0), (math.nan, 1.0), (1, 0), (1, math.nan)]
)
def test_a_limit_that_is_none_is_refused(count, seconds):
    """A provider that allows nothing would hold every request for ever."""
    with pytest.raises(InvalidArgument):
        Limit("account", count, seconds)
