"""DESIGN section 3: stop, for the kinds that can finish early."""

from __future__ import annotations

import pytest
from contract_world import STOPPABLE, UNSTOPPABLE, World, start

from asyncjobs import InvalidRequest, JobState, NotSupported


@pytest.mark.parametrize("kind", STOPPABLE)
async def test_a_stopped_job_finishes_early_with_what_there_is(kind):
    """It completes, with results."""
    async with World(kind) as world:
        job = await world.create(after_stop=[(2, world.completed)])
        snapshot = await job.stop()
        assert not snapshot.state.final
        assert (await job.wait()).state is JobState.COMPLETED
        assert (await job).status == world.completed
        assert 2 <= world.elapsed < 10


@pytest.mark.parametrize("kind", STOPPABLE)
async def test_a_stop_that_ends_the_job_at_once_is_seen(kind):
    """The snapshot that it returns is the held one, and waiters are told."""
    async with World(kind) as world:
        job = await world.create(after_stop=[(0, world.completed)])
        waiting = start(job.wait())
        snapshot = await job.stop()
        assert snapshot is job.snapshot
        assert snapshot.state is JobState.COMPLETED
        assert await waiting is snapshot


@pytest.mark.parametrize("kind", STOPPABLE)
async def test_a_job_that_has_ended_is_left_alone(kind):
    """Nothing is sent."""
    async with World(kind) as world:
        job = await world.create(works=1)
        await job.wait()
        assert (await job.stop()).state is JobState.COMPLETED
        assert world.sent("stop") == 0


@pytest.mark.parametrize("kind", STOPPABLE)
async def test_a_stop_is_no_cancel(kind):
    """Nobody asked for a cancel."""
    async with World(kind) as world:
        job = await world.create(after_stop=[(2, world.completed)])
        await job.stop()
        assert not job.requested_by_us
        assert job.state is JobState.RUNNING


@pytest.mark.parametrize("kind", STOPPABLE)
async def test_a_stop_whose_reply_is_lost_is_sent_again(kind):
    """Stopping twice is harmless."""
    async with World(kind) as world:
        job = await world.create(after_stop=[(2, world.completed)])
        world.lose("stop")
        await job.stop()
        assert (await job.wait()).state is JobState.COMPLETED


@pytest.mark.parametrize("kind", STOPPABLE)
async def test_a_stop_that_the_service_refuses_is_raised(kind):
    """With the ref."""
    async with World(kind) as world:
        job = await world.create()
        world.answer("stop", 400)
        with pytest.raises(InvalidRequest) as caught:
            await job.stop()
        assert caught.value.ref == job.ref


@pytest.mark.parametrize("kind", UNSTOPPABLE)
async def test_a_kind_without_stop_says_so_without_io(kind):
    """NotSupported names verb and kind."""
    async with World(kind) as world:
        job = await world.create()
        sent = world.asked_anything()
        with pytest.raises(NotSupported) as caught:
            await job.stop()
        assert (caught.value.verb, caught.value.kind, caught.value.ref) == ("stop", kind, job.ref)
        assert world.asked_anything() == sent
