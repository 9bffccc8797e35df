"""How other libraries cancel: refusals as bare errors, and acknowledgements taken for ends."""

from __future__ import annotations

import asyncio

import pytest
from peers_world import ended, start, world_of

from asyncjobs import CancelOutcome, CancelUnconfirmed, InvalidRequest, JobCanceled, JobState, RateLimited
from asyncjobs.sandbox import Answer, Stall


@pytest.mark.parametrize(
    ("life", "before", "outcome"),
    [
        ({"waits": 5.0}, None, CancelOutcome.CANCELED),
        ({}, None, CancelOutcome.CANCELED),
        ({}, "canceled", CancelOutcome.CANCELED),
        ({"works": 0.0}, None, CancelOutcome.ALREADY_DONE),
        ({}, "failed", CancelOutcome.ALREADY_DONE),
    ],
    ids=["new", "running", "canceled", "finished", "failed"],
)
async def test_a_search_can_be_cancelled_whatever_its_state(life, before, outcome):
    """The service's own SDK raises the bare 403 for all states but one; here each has an outcome, and nothing runs."""
    async with world_of("watercrawl.search") as world, world.another_client() as stranger:
        job = await world.create(**life)
        if before is not None:
            world.sandbox.end(str(job.ref), before)
        unseen = stranger.job(job.ref)
        assert await unseen.cancel() is outcome
        assert unseen.done
        assert world.active() == 0


async def test_a_cancel_that_is_refused_with_400_tells_what_the_service_said():
    """One raised a bare ValueError; here the error has the status, the request's id, and names the job."""
    async with world_of("exa.agent_run") as world:
        job = await world.create()
        world.refuse("cancel", 400)
        with pytest.raises(InvalidRequest) as caught:
            await job.cancel()
        assert (caught.value.status, caught.value.ref) == (400, job.ref)
        assert caught.value.request_id
        assert world.elapsed == 0


@pytest.mark.parametrize("kind", ["exa.search", "exa.enrichment"])
async def test_a_cancel_that_is_refused_for_its_state_to_the_end_tells_it_too(kind):
    """Where a 400 may be a matter of state the cancel is asked for again; in the end the refusal is the cause."""
    async with world_of(kind) as world:
        job = await world.create()
        world.refuse("cancel", 400, times=None)
        with pytest.raises(CancelUnconfirmed) as caught:
            await job.cancel()
        cause = caught.value.__cause__
        assert isinstance(cause, InvalidRequest)
        assert cause.status == 400
        assert cause.request_id


async def test_a_cancelled_caller_of_cancel_is_cancelled(kind):
    """One took its own caller's cancellation for the job's and returned True; here the task ends cancelled."""
    async with world_of(kind) as world:
        job = await world.create(after_cancel=[(20, world.words.canceled)])
        for action in (Stall(2.0), None):
            if action is not None:
                world.fault("cancel", action)
            caller = start(job.cancel())
            await asyncio.sleep(1)
            caller.cancel()
            assert (await ended(caller)).cancelled()


async def test_a_cancelled_job_ends_no_timeout(kind):
    """In one, a job's CancelledError came out of the wait and looked like the task's own; here it is another error."""
    async with world_of(kind) as world:
        job = await world.create()
        async with asyncio.timeout(100) as bound:
            await job.cancel()
            with pytest.raises(JobCanceled) as caught:
                await job
        assert not bound.expired()
        assert not isinstance(caught.value, asyncio.CancelledError)
        assert asyncio.current_task().cancelling() == 0


async def test_a_waiter_learns_that_we_cancelled(kind):
    """A wait that begins after the cancel, in another task, gets the end, and its result says who asked."""
    async with world_of(kind) as world:
        job = await world.create(after_cancel=[(4, world.words.canceled)])
        canceling = start(job.cancel())
        await asyncio.sleep(1)
        waiting, result = start(job.wait()), start(job.result())
        assert (await waiting).state is JobState.CANCELED
        error = (await ended(result)).exception()
        assert isinstance(error, JobCanceled)
        assert error.requested_by_us
        assert await canceling is CancelOutcome.CANCELED


@pytest.mark.parametrize("verb", ["cancel", "delete"])
async def test_a_job_that_ends_with_its_container_was_not_cancelled_by_us(verb):
    """A webset that is cancelled or deleted takes its searches along: they end, with the reason if there is one."""
    async with world_of("exa.search") as world:
        job = await world.create()
        waiting = start(job.wait())
        await asyncio.sleep(1)
        await getattr(world.client.websets, verb)(*world.webset)
        snapshot = await waiting
        assert not job.requested_by_us
        if verb == "cancel":
            assert (snapshot.state, snapshot.reason) == (JobState.CANCELED, "webset_canceled")
        else:
            assert snapshot.state in {JobState.CANCELED, JobState.GONE}


async def test_a_cancel_gives_up_on_a_hint_of_a_day_and_tells_it(kind):
    """One sleeps for as long as it is told to; here the retry budget ends it, and the error has the hint."""
    async with world_of(kind) as world:
        job = await world.create()
        world.refuse("cancel", 429, hint="86400", times=None)
        with pytest.raises(RateLimited) as caught:
            await job.cancel(timeout=None)
        assert (caught.value.retry_after, caught.value.ref) == (86_400, job.ref)
        assert world.elapsed <= 125


async def test_a_cancel_with_a_bound_keeps_it_under_a_hint_of_a_day(kind):
    """Half a minute is half a minute."""
    async with world_of(kind) as world:
        job = await world.create()
        world.fault("cancel", Answer(429, headers={"Retry-After": "86400"}), times=None)
        with pytest.raises(CancelUnconfirmed):
            await job.cancel()
        assert world.elapsed == pytest.approx(30)
