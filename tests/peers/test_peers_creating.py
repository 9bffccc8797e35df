"""How other libraries create: twice when a reply is lost, and for nobody when the caller has gone."""

from __future__ import annotations

import asyncio

import pytest
from peers_world import ended, start, world_of

from asyncjobs import CreateUncertain, JobState, RateLimited, WaitTimeout
from asyncjobs.sandbox import Answer, Drop, Lose, Replace, Truncate

LOST_REPLIES = {
    "lost": Lose(),
    "cut": Truncate(),
    "500": Answer(500, processed=True),
    # Of no service's own making: its own words may say that nothing was begun.
    "503 of a proxy": Answer(503, "Service Unavailable", {"Retry-After": "1"}, processed=True),
    "408": Answer(408, processed=True),
    "no JSON": Replace(b"<html>"),
    "dropped": Drop(),
}


@pytest.mark.parametrize("action", LOST_REPLIES.values(), ids=LOST_REPLIES)
async def test_a_lost_reply_is_one_request_and_at_most_one_job(kind, action):
    """One sent a paid request three times when two replies were lost; here it leaves once, and its fate is told."""
    async with world_of(kind) as world:
        world.fault("create", action, times=3)
        (told,) = await asyncio.gather(world.creation(), return_exceptions=True)
        if isinstance(told, CreateUncertain):
            assert (told.kind, bool(told.sent)) == (kind, True)
        else:
            # Found again, where the service keeps what tells it apart.
            assert world.word(told)
        assert world.sent("create") == 1
        assert len(world.sandbox.ledger.created(kind)) <= 1


async def test_a_create_gives_up_on_a_hint_of_a_day_and_tells_it(kind):
    """One sleeps for as long as it is told to; here the retry budget ends it, the error has the hint, nothing began."""
    async with world_of(kind) as world:
        world.refuse("create", 429, hint="86400", times=None)
        with pytest.raises(RateLimited) as caught:
            await world.create()
        assert caught.value.retry_after == 86_400
        assert world.elapsed <= 125
        assert world.sandbox.ledger.created(kind) == []


# -- create and wait, in one go -----------------------------------------------------


async def create_and_wait(creation, timeout=None):
    """Do what other libraries have one call for."""
    async with creation as job:
        return await job.result(timeout)


@pytest.mark.parametrize("after", [0.1, 1.1, 5.0], ids=["request on its way", "reply on its way", "waiting"])
async def test_create_and_wait_that_is_cancelled_leaves_nothing_running(kind, after):
    """Several left the job running when their caller was cancelled, some for one endpoint only; here none runs on."""
    async with world_of(kind, latency=2.0) as world:
        task = start(create_and_wait(world.creation()))
        await asyncio.sleep(after)
        task.cancel()
        assert (await ended(task)).cancelled()
        assert len(world.sandbox.ledger.created(kind)) == 1
        assert world.sent("cancel") == 1
        assert world.active() == 0


async def test_create_and_wait_that_times_out_leaves_nothing_running_and_names_the_job(kind):
    """In one a timeout left the job running and its error did not say which; here it is cancelled and named."""
    async with world_of(kind) as world:
        with pytest.raises(WaitTimeout) as caught:
            await create_and_wait(world.creation(), timeout=1)
        (row,) = world.sandbox.ledger.created(kind)
        assert str(caught.value.ref) == row.ref
        assert not caught.value.snapshot.state.final
        assert not hasattr(caught.value, "__notes__")
        assert world.sent("cancel") == 1
        assert world.active() == 0


async def test_create_and_wait_that_is_bounded_from_outside_leaves_nothing_running(kind):
    """The same with the caller's own asyncio.timeout, which comes out as it is."""
    async with world_of(kind) as world:
        with pytest.raises(TimeoutError) as caught:
            async with asyncio.timeout(1):
                await create_and_wait(world.creation())
        assert type(caught.value) is TimeoutError
        assert world.sent("cancel") == 1
        assert world.active() == 0


async def test_an_unowned_create_whose_caller_is_cancelled_is_not_lost(kind):
    """One documents the window between request and reply as not covered; here the client keeps what was made."""
    async with world_of(kind, latency=2.0) as world:
        task = start(world.creation())
        await asyncio.sleep(1.1)
        task.cancel()
        assert (await ended(task)).cancelled()
        await asyncio.sleep(5)
        (job,) = world.client.adopted
        assert str(job.ref) == world.sandbox.ledger.created(kind)[0].ref
        assert job.state is not JobState.UNKNOWN
        assert world.sent("cancel") == 0
