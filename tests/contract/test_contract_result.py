"""DESIGN section 3: result, which is also what ``await job`` gives."""

from __future__ import annotations

import asyncio

import pytest
from contract_world import FAILING, FETCHING, REASONING, SHEETS, World, later, start

from asyncjobs import JobCanceled, JobError, JobFailed, JobGone, JobUnreachable, ServerError, WaitTimeout


async def test_result_is_the_resource_of_the_kind(kind):
    """R is the attrs class of the service's resource, as it is at the end."""
    async with World(kind) as world:
        job = await world.create(works=5)
        result = await job.result()
        assert type(result) is SHEETS[kind].resource
        assert result.status == world.completed


async def test_awaiting_a_job_is_its_result(kind):
    """await job and job.result() are the same."""
    async with World(kind) as world:
        job = await world.create(works=5)
        assert await job == await job.result()


async def test_a_job_can_be_awaited_again(kind):
    """The second time nothing is asked."""
    async with World(kind) as world:
        job = await world.create(works=5)
        first, sent = await job, world.asked_anything()
        assert await job is first
        assert world.asked_anything() == sent


async def test_handles_share_the_result(kind):
    """Another handle of the job gives the same object."""
    async with World(kind) as world:
        job = await world.create(works=5)
        result = await job
        assert await world.client.job(job.ref) is result


@pytest.mark.parametrize("kind", FETCHING)
async def test_the_extra_request_is_shared(kind):
    """Callers at the same time cause one."""
    async with World(kind, latency=0.5) as world:
        job = await world.create(works=5)
        results = await asyncio.gather(*(job for _ in range(5)), world.client.job(job.ref))
        assert world.sent("result") == 1
        assert all(result is results[0] for result in results)


@pytest.mark.parametrize("kind", FETCHING)
async def test_the_extra_request_brings_the_rows(kind):
    """The result itself, not the address of a file."""
    async with World(kind) as world:
        job = await world.create(works=5)
        result = await job
        assert isinstance(job.snapshot.resource.result, str)
        assert isinstance(result.result, tuple)
        assert len(result.result) > 1


@pytest.mark.parametrize("kind", FETCHING)
async def test_a_cancelled_caller_does_not_take_the_extra_request_down(kind):
    """It goes on for those who still want it."""
    async with World(kind, latency=1) as world:
        job = await world.create(works=0)
        first, second = start(job.result()), start(job.result())
        await later(1.3)
        first.cancel()
        assert (await second).status == world.completed
        assert world.sent("result") == 1


@pytest.mark.parametrize("kind", FETCHING)
async def test_the_extra_request_is_made_again_if_it_was_given_up(kind):
    """Nobody gets the end of a request that was dropped with its last caller."""
    async with World(kind) as world:
        job = await world.create(works=0)
        world.hang("result")
        with pytest.raises(WaitTimeout):
            await job.result(timeout=5)
        assert (await job.result()).status == world.completed
        assert world.sent("result") == 2


@pytest.mark.parametrize("kind", FETCHING)
async def test_a_failed_extra_request_is_made_again_by_the_next_caller(kind):
    """Only a success is kept."""
    async with World(kind, retry_budget=0) as world:
        job = await world.create(works=0)
        world.answer("result", 500)
        with pytest.raises(ServerError) as caught:
            await job.result()
        assert caught.value.ref == job.ref
        assert (await job.result()).status == world.completed


@pytest.mark.parametrize("kind", FETCHING)
async def test_the_extra_request_is_tried_again(kind):
    """A passing error is no result."""
    async with World(kind) as world:
        job = await world.create(works=0)
        world.answer("result", 503, times=2)
        assert (await job.result()).status == world.completed


@pytest.mark.parametrize("kind", FETCHING)
async def test_the_timeout_bounds_the_extra_request_too(kind):
    """Wait and fetching together."""
    async with World(kind) as world:
        job = await world.create(works=3)
        world.hang("result")
        with pytest.raises(WaitTimeout) as caught:
            await job.result(timeout=10)
        assert world.elapsed == pytest.approx(10)
        assert caught.value.ref == job.ref


@pytest.mark.parametrize("kind", FETCHING)
async def test_a_new_epoch_has_a_new_result(kind):
    """What was fetched belongs to the end that was held."""
    async with World(kind) as world:
        job = await world.create(works=1)
        await job
        world.revive(job, works=5)
        await job.refresh(reopen=True)
        await job
        assert world.sent("result") == 2


@pytest.mark.parametrize("kind", FAILING)
async def test_the_result_of_a_failed_job_is_job_failed(kind):
    """With ref, snapshot and reason."""
    async with World(kind) as world:
        job = await world.create(works=5, ends=world.failed)
        with pytest.raises(JobFailed) as caught:
            await job
        assert (caught.value.ref, caught.value.snapshot) == (job.ref, job.snapshot)
        assert caught.value.reason == job.snapshot.reason


async def test_the_result_of_a_canceled_job_is_job_canceled(kind):
    """With ref, snapshot, and that it was not we who asked."""
    async with World(kind) as world:
        job = await world.create()
        world.end(job, world.canceled)
        with pytest.raises(JobCanceled) as caught:
            await job
        assert (caught.value.ref, caught.value.snapshot) == (job.ref, job.snapshot)
        assert not caught.value.requested_by_us


async def test_the_result_of_a_job_that_we_cancelled_says_so(kind):
    """A waiter in another task learns who asked."""
    async with World(kind) as world:
        job = await world.create()
        waiting = start(job.result())
        await later(2)
        await job.cancel()
        with pytest.raises(JobCanceled) as caught:
            await waiting
        assert caught.value.requested_by_us


@pytest.mark.parametrize("kind", [kind for kind in REASONING if kind not in FAILING])
async def test_a_cancel_by_the_service_keeps_its_reason(kind):
    """Credits ran out: nobody asked, and the reason is there."""
    async with World(kind) as world:
        job = await world.create()
        world.end(job, world.canceled, "out_of_credits")
        with pytest.raises(JobCanceled) as caught:
            await job
        assert (caught.value.reason, caught.value.requested_by_us) == ("out_of_credits", False)


async def test_job_canceled_is_no_cancelled_error(kind):
    """A cancelled job does not look like a cancelled task."""
    async with World(kind) as world:
        job = await world.create()
        world.end(job, world.canceled)
        task = start(job.result())
        await asyncio.wait({task})
        assert not task.cancelled()
        assert isinstance(task.exception(), JobError)
        assert not isinstance(task.exception(), asyncio.CancelledError)


async def test_the_result_of_a_job_that_is_gone_is_job_gone(kind):
    """With ref and what was last seen."""
    async with World(kind) as world:
        job = await world.create()
        await job.refresh()
        world.forget(job)
        with pytest.raises(JobGone) as caught:
            await job
        assert (caught.value.ref, caught.value.snapshot) == (job.ref, job.snapshot)


async def test_result_has_the_timeout_of_wait(kind):
    """WaitTimeout, and the job goes on."""
    async with World(kind) as world:
        job = await world.create()
        with pytest.raises(WaitTimeout):
            await job.result(timeout=5)
        assert world.elapsed == pytest.approx(5)
        assert world.word(job) == world.working


async def test_timeout_zero_gives_the_result_of_a_job_that_has_ended(kind):
    """What is held, or what one look shows, is judged; fetching what it made is not cut off."""
    async with World(kind, latency=1) as world:
        job = await world.unseen(works=0)
        assert (await job.result(timeout=0)).status == world.completed


async def test_result_has_the_guards_of_wait(kind):
    """JobUnreachable as from wait."""
    async with World(kind, unreachable_after=50) as world:
        job = await world.create()
        world.cut("look", times=None)
        with pytest.raises(JobUnreachable):
            await job


async def test_a_fetched_result_outlives_the_client(kind):
    """What is cached needs no client."""
    async with World(kind) as world:
        job = await world.create(works=1)
        result = await job
        await world.client.aclose()
        assert await job is result
