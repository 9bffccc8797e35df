"""``JobGroup``: a block that owns many jobs."""

from __future__ import annotations

import asyncio
import logging

import anyio
import pytest
from mixed_world import mixed

from asyncjobs import InvalidArgument, JobGroup, JobState
from asyncjobs.sandbox import Answer, Fault, Stall


async def test_a_clean_exit_waits_for_all_jobs():
    """Leaving the block without an exception waits until every job has ended, and cancels none."""
    async with mixed() as world:
        jobs = await world.many(8, works=20)

        async with JobGroup() as group:
            for job in jobs:
                assert job is group.add(job)

        assert all(job.state is JobState.COMPLETED for job in jobs)
        assert world.sandbox.ledger.count("cancel") == 0


async def test_members_that_fail_are_no_error():
    """A job that fails, or is cancelled by somebody else, ends like any other."""
    async with mixed() as world:
        failing = await world.create("exa.agent_run", works=3, ends="failed")
        canceled = await world.create("watercrawl.search", works=None)

        async with JobGroup() as group:
            group.add(failing)
            group.add(canceled)
            await asyncio.sleep(1)
            world.sandbox.end(str(canceled.ref), "canceled")

        assert (failing.state, canceled.state) == (JobState.FAILED, JobState.CANCELED)


async def test_an_exception_in_the_body_cancels_the_rest_and_leaves_bare():
    """The exception itself comes out, no exception group, and nothing runs on."""
    async with mixed() as world:
        jobs = await world.many(8)

        with pytest.raises(ZeroDivisionError) as caught:
            async with JobGroup() as group:
                for job in jobs:
                    group.add(job)
                await asyncio.sleep(1)
                _ = 1 / 0

        assert type(caught.value) is ZeroDivisionError
        assert all(job.state is JobState.CANCELED for job in jobs)
        assert world.active() == 0


@pytest.mark.parametrize("where", ["in the body", "while waiting"])
async def test_a_cancelled_owner_cancels_the_jobs(where):
    """Being cancelled in the body or in the wait at its end cancels the jobs before the cancellation goes on."""
    async with mixed() as world:
        jobs = await world.many(4)

        async def own():
            async with JobGroup() as group:
                for job in jobs:
                    group.add(job)
                if where == "in the body":
                    await asyncio.sleep(3600)

        owner = asyncio.create_task(own())
        await asyncio.sleep(2)
        owner.cancel()
        with pytest.raises(asyncio.CancelledError):
            await owner

        assert world.active() == 0


async def test_an_anyio_deadline_cancels_the_jobs():
    """An anyio scope that ends the block does not interrupt the cleaning up."""
    async with mixed() as world:
        jobs = await world.many(4)

        with anyio.move_on_after(2) as scope:
            async with JobGroup() as group:
                for job in jobs:
                    group.add(job)

        assert scope.cancelled_caught
        assert world.active() == 0


async def test_an_owner_cancelled_twice_is_let_go_and_closing_finishes():
    """The second cancel frees the leaver; the client cancels the jobs before it closes."""
    async with mixed(cleanup_timeout=30) as world:
        jobs = await world.many(8)
        world.sandbox.fault(Fault(Stall(5.0), verb="cancel", times=None))

        async def own():
            async with JobGroup() as group:
                for job in jobs:
                    group.add(job)
                await asyncio.sleep(3600)

        owner = asyncio.create_task(own())
        await asyncio.sleep(1)
        owner.cancel()
        await asyncio.sleep(0.1)
        owner.cancel()
        before = asyncio.get_running_loop().time()
        with pytest.raises(asyncio.CancelledError):
            await owner
        assert asyncio.get_running_loop().time() - before < 1

        await world.exa.aclose()
        await world.watercrawl.aclose()
        assert world.active() == 0


async def test_a_job_that_cannot_be_cancelled_is_noted_and_logged(caplog):
    """What may still run is named in a note of the exception and in the log."""
    async with mixed(retry_budget=0) as world:
        job = await world.create("exa.search")
        world.sandbox.fault(Fault(Answer(500, "{}", {}), verb="cancel", times=None))

        with caplog.at_level(logging.ERROR), pytest.raises(ZeroDivisionError) as caught:
            async with JobGroup() as group:
                group.add(job)
                _ = 1 / 0

        assert str(job.ref) in "".join(caught.value.__notes__)
        assert str(job.ref) in caplog.text


async def test_adding_a_job_twice_owns_it_once():
    """The same job may be added again, through any handle."""
    async with mixed() as world:
        job = await world.create("exa.search", works=2)

        async with JobGroup() as group:
            group.add(job)
            group.add(world.exa.job(job.ref))
            assert (job,) == group.jobs

        assert not job.owned


async def test_a_detached_job_goes_on():
    """``detach`` takes a job out of its group."""
    async with mixed() as world:
        job = await world.create("exa.agent_run")

        with pytest.raises(ZeroDivisionError):
            async with JobGroup() as group:
                group.add(job)
                job.detach()
                _ = 1 / 0

        assert world.active() == 1


async def test_an_empty_group_does_nothing():
    """A block without jobs is left at once."""
    async with JobGroup() as group:
        assert group.jobs == ()


async def test_jobs_may_be_added_while_the_group_waits():
    """Another task can hand over a job as long as the block has not been left."""
    async with mixed() as world:
        first = await world.create("exa.search", works=5)
        second = await world.create("exa.search", works=30)

        async def add_later(group):
            await asyncio.sleep(2)
            group.add(second)

        async with JobGroup() as group:
            group.add(first)
            task = asyncio.create_task(add_later(group))

        await task
        assert JobState.COMPLETED is second.state


async def test_a_group_refuses_what_it_cannot_own():
    """What is no job, and a group outside of its block, are refused at once; a block is entered once."""
    group = JobGroup()
    async with mixed() as world:
        job = await world.create("exa.search", works=1)
        with pytest.raises(RuntimeError):
            group.add(job)
        async with group:
            with pytest.raises(InvalidArgument, match="str"):
                group.add("exa.search:a/b")  # type: ignore[arg-type]
        with pytest.raises(RuntimeError):
            async with group:
                pass
