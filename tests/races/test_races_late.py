"""What outlasts `settle` shows at the next look, and what never ends is the caller's to bound."""

from __future__ import annotations

import asyncio

import pytest
from races_world import KIND, another_client, create, opened, server_state

from asyncjobs import CancelOutcome, CancelUnconfirmed, JobCanceled, JobState, WaitTimeout
from asyncjobs.sandbox import Fault, Life, Lose, races


@pytest.mark.parametrize("at", [12.7, 301.0])
async def test_races_lost_revoke_shows_as_contradiction(at):
    """The cancel was confirmed; minutes later the row is finished, and the next look says so without changing it."""
    async with opened() as (sandbox, client):
        job = await create(sandbox, client, races.loses_the_revoke(at))

        assert await job.cancel() is CancelOutcome.CANCELED
        await job.refresh()
        assert job.contradiction is None
        await asyncio.sleep(at)
        snapshot = await job.refresh()

        assert (job.state, snapshot.state) == (JobState.CANCELED, JobState.CANCELED)
        assert job.contradiction is not None
        assert (job.contradiction.state, job.contradiction.status) == (JobState.COMPLETED, "finished")
        assert await job.cancel() is CancelOutcome.CANCELED


async def test_races_lost_revoke_can_be_taken_at_its_word():
    """`reopen` believes the later look, and the result is there."""
    async with opened() as (sandbox, client):
        job = await create(sandbox, client, races.loses_the_revoke())
        await job.cancel()
        await asyncio.sleep(13)
        await job.refresh(reopen=True)

        assert (job.state, job.contradiction) == (JobState.COMPLETED, None)
        assert len((await job.result()).results) == 5


async def test_races_canceled_with_a_result_is_canceled():
    """Only the status decides; the result stays where it can be found."""
    async with opened() as (sandbox, client):
        job = await create(sandbox, client, races.keeps_its_result())

        assert await job.cancel() is CancelOutcome.CANCELED
        with pytest.raises(JobCanceled):
            await job.result()
        assert job.snapshot.raw["result"]


async def test_races_broken_cancel_that_the_job_survives():
    """A 500, then 403 for ever, and the job goes on: the cancel waits, and tells what really came."""
    async with opened() as (sandbox, client):
        sandbox.fault(races.without_broker())
        job = await create(sandbox, client, races.sticks_in_canceling(17.0))

        assert await job.cancel(timeout=60) is CancelOutcome.ALREADY_DONE
        assert job.state is JobState.COMPLETED
        assert [row.status for row in sandbox.ledger.requests if row.verb == "cancel"] == [500, 403]


async def test_races_stuck_canceling_is_unconfirmed():
    """For ever "canceling": the caller's bound passes, and the state says how far it came."""
    async with opened() as (sandbox, client):
        sandbox.fault(races.without_broker())
        job = await create(sandbox, client, races.sticks_in_canceling())

        with pytest.raises(CancelUnconfirmed):
            await job.cancel(timeout=20)
        assert job.state is JobState.CANCELING
        assert sandbox.ledger.count("cancel", KIND) < 5


async def test_races_stuck_new_is_unconfirmed():
    """What no worker takes can be neither cancelled nor waited for; both say so in time."""
    async with opened() as (sandbox, client):
        job = await create(sandbox, client, races.never_starts())

        with pytest.raises(CancelUnconfirmed):
            await job.cancel(timeout=20)
        with pytest.raises(WaitTimeout):
            await job.wait(timeout=20)
        assert job.state is JobState.QUEUED


@pytest.mark.parametrize("life", [races.never_ends(), races.loses_the_worker()], ids=["hung", "killed"])
async def test_races_stuck_running_is_cleared_by_a_cancel(life):
    """A wait gives up at its bound, and a cancel ends the row that no worker has any more."""
    async with opened() as (sandbox, client):
        job = await create(sandbox, client, life)

        with pytest.raises(WaitTimeout):
            await job.wait(timeout=3600)
        assert await job.cancel() is CancelOutcome.CANCELED


@pytest.mark.parametrize(("apart", "statuses"), [(0.0, [204, 204]), (0.02, [204, 403])])
async def test_races_two_cancels_of_two_clients(apart, statuses):
    """Both get the same outcome, whether the second DELETE was taken or refused."""
    async with opened() as (sandbox, client), another_client(sandbox) as other:
        job = await create(sandbox, client, races.cancels_twice())
        twin = other.job_of(other._engine.provider.kind(KIND), job.id)

        async def second():
            await asyncio.sleep(apart)
            return await twin.cancel()

        assert await asyncio.gather(job.cancel(), second()) == [CancelOutcome.CANCELED] * 2
        assert server_state(sandbox, job) is JobState.CANCELED
        assert [row.status for row in sandbox.ledger.requests if row.verb == "cancel"] == statuses


async def test_races_end_that_a_look_catches_right_after_the_204_is_doubted():
    """Others look in the 4 ms in which the row reads finished, after our cancel was answered: it is canceled next."""
    async with opened(latency=0.0) as (sandbox, client):
        job = await create(sandbox, client, races.finishes_before_cancel(0.05))
        cancelling = asyncio.create_task(job.cancel())
        await asyncio.sleep(0.052)
        assert sandbox.status(str(job.ref)) == "finished"
        await job.refresh()

        assert await cancelling is CancelOutcome.CANCELED
        assert (job.state, sandbox.status(str(job.ref))) == (JobState.CANCELED, "canceled")


async def test_races_end_that_a_look_catches_while_a_broken_off_cancel_is_executed_is_doubted():
    """The reply is lost and the service works on: what is seen then is not the last word either."""
    async with opened(latency=0.0) as (sandbox, client):
        job = await create(sandbox, client, races.finishes_before_cancel(0.05))
        sandbox.fault(Fault(Lose(), verb="cancel"))
        cancelling = asyncio.create_task(job.cancel())
        await asyncio.sleep(0.052)
        assert sandbox.status(str(job.ref)) == "finished"
        await job.refresh()

        assert await cancelling is CancelOutcome.CANCELED
        assert sandbox.status(str(job.ref)) == "canceled"


async def test_races_refusal_is_no_reason_to_doubt():
    """What was refused has no effect any more: the end is told at once."""
    async with opened() as (sandbox, client):
        job = await create(sandbox, client, Life.ordinary(KIND, works=1.0))
        await asyncio.sleep(2)
        began = asyncio.get_running_loop().time()

        assert await job.cancel() is CancelOutcome.ALREADY_DONE
        assert asyncio.get_running_loop().time() - began < 0.1
