"""DESIGN section 3: cancel, as far as it is the same on every kind."""

from __future__ import annotations

import asyncio

import pytest
from contract_world import FAILING, NEVER, World, later, start, stop_tasks

from asyncjobs import (
    AuthenticationError,
    CancelOutcome,
    CancelUnconfirmed,
    ClientClosed,
    InvalidArgument,
    JobCanceled,
    JobState,
    NotFound,
    NotSupported,
    TransportError,
)

# -- outcomes ------------------------------------------------------------------


async def test_a_confirmed_cancel_has_seen_the_end(kind):
    """When it returns, the job was seen final, here and at the service."""
    async with World(kind) as world:
        job = await world.create()
        assert await job.cancel() is CancelOutcome.CANCELED
        assert job.state is JobState.CANCELED
        assert world.word(job) == world.canceled


async def test_a_confirmed_cancel_waits_for_a_service_that_takes_its_time(kind):
    """An accepted request is not an end."""
    async with World(kind) as world:
        job = await world.create(after_cancel=[(12, world.canceled)])
        assert await job.cancel() is CancelOutcome.CANCELED
        assert 12 <= world.elapsed < 20


async def test_a_job_that_was_never_looked_at_can_be_cancelled(kind):
    """A ref is enough."""
    async with World(kind) as world:
        job = await world.unseen()
        assert await job.cancel() is CancelOutcome.CANCELED


async def test_whoever_asked_the_outcome_is_canceled(kind):
    """Somebody else was faster."""
    async with World(kind) as world:
        job = await world.create()
        world.end(job, world.canceled)
        assert await job.cancel() is CancelOutcome.CANCELED


async def test_a_job_that_completed_is_already_done(kind):
    """It ended by itself before our request arrived."""
    async with World(kind) as world:
        job = await world.unseen(works=0)
        assert await job.cancel() is CancelOutcome.ALREADY_DONE
        assert job.state is JobState.COMPLETED


@pytest.mark.parametrize("kind", FAILING)
async def test_a_job_that_failed_is_already_done(kind):
    """It gave up before our request arrived."""
    async with World(kind) as world:
        job = await world.unseen(works=0, ends=world.failed)
        assert await job.cancel() is CancelOutcome.ALREADY_DONE
        assert job.state is JobState.FAILED


async def test_a_job_that_completes_while_the_request_is_under_way_is_already_done(kind):
    """The result is kept."""
    async with World(kind, latency=4) as world:
        job = await world.create(works=3.5)
        assert await job.cancel() is CancelOutcome.ALREADY_DONE
        assert (await job).status == world.completed


async def test_a_job_that_completes_after_our_cancel_was_taken_is_already_done(kind):
    """An accepted cancel may still lose the race."""
    async with World(kind) as world:
        job = await world.create(works=10, after_cancel=[(20, world.canceled)])
        assert await job.cancel() is CancelOutcome.ALREADY_DONE
        assert job.state is JobState.COMPLETED


async def test_a_job_that_the_service_forgot_is_gone(kind):
    """404 after it was seen."""
    async with World(kind) as world:
        job = await world.create()
        await job.refresh()
        world.forget(job)
        assert await job.cancel() is CancelOutcome.GONE


async def test_cancelling_a_job_that_never_was_raises_not_found(kind):
    """After the grace that a new job would get."""
    async with World(kind) as world:
        with pytest.raises(NotFound):
            await world.nobody().cancel()
        assert world.elapsed < 30


async def test_an_outcome_is_its_string(kind):
    """For logs and for comparisons."""
    async with World(kind) as world:
        assert await (await world.create()).cancel() == "canceled"


# -- once -----------------------------------------------------------------------


async def test_a_held_end_needs_no_request(kind):
    """Whatever it is."""
    async with World(kind) as world:
        done, lost = await world.create(works=1), await world.create()
        world.forget(lost)
        await asyncio.gather(done.wait(), lost.wait())
        sent = world.asked_anything()
        assert await done.cancel() is CancelOutcome.ALREADY_DONE
        assert await lost.cancel() is CancelOutcome.GONE
        assert await lost.cancel(confirm=False) is CancelOutcome.GONE
        assert await lost.cancel(timeout=0) is CancelOutcome.GONE
        assert world.asked_anything() == sent


async def test_a_second_cancel_gives_the_same_outcome(kind):
    """And sends nothing."""
    async with World(kind) as world:
        job = await world.create()
        first = await job.cancel()
        sent = world.asked_anything()
        assert await job.cancel() is first
        assert world.asked_anything() == sent


async def test_cancels_at_the_same_time_share_one_request(kind):
    """Through however many handles."""
    async with World(kind, latency=1) as world:
        job = await world.create()
        handles = [job, world.client.job(job.ref), world.client.job(str(job.ref))]
        outcomes = await asyncio.gather(*(handle.cancel() for handle in handles * 2))
        assert set(outcomes) == {CancelOutcome.CANCELED}
        assert world.sent("cancel") == 1


async def test_a_cancel_that_comes_while_one_is_under_way_joins_it(kind):
    """In whatever phase that one is."""
    async with World(kind, latency=2) as world:
        job = await world.create(after_cancel=[(10, world.canceled)])
        calls = []
        for _ in range(6):
            calls.append(start(job.cancel()))
            await later(1.5)
        assert set(await asyncio.gather(*calls)) == {CancelOutcome.CANCELED}
        assert world.sent("cancel") == 1


async def test_a_cancelled_canceller_disturbs_no_other(kind):
    """The shared request goes on."""
    async with World(kind, latency=2) as world:
        job = await world.create()
        first, second = start(job.cancel()), start(job.cancel())
        await later(1)
        first.cancel()
        assert await second is CancelOutcome.CANCELED
        assert world.sent("cancel") == 1


async def test_a_cancel_that_lost_its_caller_on_the_wire_is_let_finish(kind):
    """Aborting it would leave open whether the job runs on."""
    async with World(kind, latency=2) as world:
        job = await world.create()
        await_it = start(job.cancel())
        await later(0.5)
        await stop_tasks(await_it)
        await later(10)
        assert world.word(job) == world.canceled
        assert world.sent("cancel") == 1


async def test_a_cancel_after_one_that_was_given_up_is_a_new_one(kind):
    """Nobody joins a cancel that ended in this very moment."""
    async with World(kind) as world:
        job = await world.create(after_cancel=NEVER)
        with pytest.raises(CancelUnconfirmed):
            await job.cancel(timeout=5)
        world.end(job, world.canceled)
        assert await job.cancel(timeout=5) is CancelOutcome.CANCELED
        assert world.elapsed < 7


async def test_a_cancel_after_a_bounded_one_is_a_new_one(kind):
    """The same when it was the caller's own bound that ended the first."""
    async with World(kind) as world:
        job = await world.create(after_cancel=NEVER)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(5):
                await job.cancel()
        world.end(job, world.canceled)
        assert await job.cancel(timeout=5) is CancelOutcome.CANCELED


# -- bounds ----------------------------------------------------------------------


async def test_a_cancel_that_is_not_confirmed_raises_cancel_unconfirmed(kind):
    """A TimeoutError with ref, snapshot and bound."""
    async with World(kind) as world:
        job = await world.create(after_cancel=NEVER)
        with pytest.raises(CancelUnconfirmed) as caught:
            await job.cancel(timeout=7)
        assert world.elapsed == pytest.approx(7)
        error = caught.value
        assert isinstance(error, TimeoutError)
        assert (error.ref, error.snapshot, error.timeout) == (job.ref, job.snapshot, 7)


async def test_the_bound_is_half_a_minute(kind):
    """The default timeout is 30 s."""
    async with World(kind) as world:
        job = await world.create(after_cancel=NEVER)
        with pytest.raises(CancelUnconfirmed):
            await job.cancel()
        assert world.elapsed == pytest.approx(30)


async def test_no_timeout_has_no_bound(kind):
    """None waits for as long as the service takes."""
    async with World(kind) as world:
        job = await world.create(after_cancel=[(500, world.canceled)])
        assert await job.cancel(timeout=None) is CancelOutcome.CANCELED
        assert world.elapsed >= 500


async def test_each_canceller_has_its_own_bound(kind):
    """A short one beside a long one."""
    async with World(kind) as world:
        job = await world.create(after_cancel=[(20, world.canceled)])
        short, long = await asyncio.gather(job.cancel(timeout=5), job.cancel(), return_exceptions=True)
        assert isinstance(short, CancelUnconfirmed)
        assert long is CancelOutcome.CANCELED
        assert world.sent("cancel") == 1


async def test_the_bound_covers_a_request_that_hangs(kind):
    """A service that does not answer cannot hold the caller for longer."""
    async with World(kind) as world:
        job = await world.create()
        world.hang("cancel")
        with pytest.raises(CancelUnconfirmed):
            await job.cancel(timeout=5)
        assert world.elapsed == pytest.approx(5)


async def test_the_bound_does_not_count_the_queue(kind):
    """A batch under a rate limit is not cut off for queueing."""
    async with World(kind, connections=1, request_timeout=500) as world:
        job, other = await world.create(), await world.create()
        world.hang("look", 100, job=other)
        busy = start(other.refresh())
        await later(1)
        assert await job.cancel(timeout=5) is CancelOutcome.CANCELED
        assert 100 <= world.elapsed < 105
        await busy


async def test_a_request_that_still_queues_is_withdrawn_with_its_caller(kind):
    """asyncio.timeout bounds the queue too, and nothing is sent afterwards."""
    async with World(kind, connections=1, request_timeout=500) as world:
        job, other = await world.create(), await world.create()
        world.hang("look", 100, job=other)
        busy = start(other.refresh())
        await later(1)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(10):
                await job.cancel()
        await busy
        await later(100)
        assert world.sent("cancel") == 0
        assert world.word(job) == world.working


async def test_timeout_zero_judges_the_first_reply(kind):
    """One request; if its reply does not show the end, CancelUnconfirmed at once."""
    async with World(kind) as world:
        job = await world.create(after_cancel=[(5, world.canceled)])
        with pytest.raises(CancelUnconfirmed):
            await job.cancel(timeout=0)
        assert (world.sent("cancel"), world.elapsed) == (1, 0)


async def test_timeout_zero_waits_for_that_reply(kind):
    """However long it takes."""
    async with World(kind, latency=3) as world:
        job = await world.create(after_cancel=[(50, world.canceled)])
        began = world.elapsed
        with pytest.raises(CancelUnconfirmed):
            await job.cancel(timeout=0)
        assert world.elapsed - began == pytest.approx(3)


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_timeout_zero_sends_one_request_only(kind, status):
    """There is no time to send it again."""
    async with World(kind) as world:
        job = await world.create()
        world.answer("cancel", status, times=None)
        with pytest.raises(CancelUnconfirmed):
            await job.cancel(timeout=0)
        await later(100)
        assert world.sent("cancel") == 1


async def test_a_negative_timeout_is_refused(kind):
    """Before anything is sent."""
    async with World(kind) as world:
        job = await world.create()
        with pytest.raises(InvalidArgument, match="timeout"):
            await job.cancel(timeout=-1)
        assert world.sent("cancel") == 0


# -- unconfirmed -------------------------------------------------------------------


async def test_an_unconfirmed_cancel_returns_when_the_service_took_it(kind):
    """confirm=False does not wait for the end."""
    async with World(kind) as world:
        job = await world.create(after_cancel=[(50, world.canceled)])
        assert await job.cancel(confirm=False) is CancelOutcome.REQUESTED
        assert world.elapsed == 0
        assert job.state is JobState.CANCELING
        assert job.requested_by_us


async def test_an_unconfirmed_cancel_tells_the_end_if_it_is_known(kind):
    """REQUESTED is for when it is not."""
    async with World(kind) as world:
        job = await world.unseen(works=0)
        assert await job.cancel(confirm=False) in {CancelOutcome.ALREADY_DONE, CancelOutcome.REQUESTED}
        await job.wait()
        assert await job.cancel(confirm=False) is CancelOutcome.ALREADY_DONE


async def test_an_unconfirmed_cancel_beside_a_confirmed_one(kind):
    """One request; each gets what it asked for."""
    async with World(kind) as world:
        job = await world.create(after_cancel=[(5, world.canceled)])
        outcomes = await asyncio.gather(job.cancel(confirm=False), job.cancel())
        assert outcomes == [CancelOutcome.REQUESTED, CancelOutcome.CANCELED]
        assert world.sent("cancel") == 1


async def test_a_job_whose_cancel_was_requested_can_be_waited_for(kind):
    """The wait sees the end."""
    async with World(kind) as world:
        job = await world.create(after_cancel=[(5, world.canceled)])
        await job.cancel(confirm=False)
        assert (await job.wait()).state is JobState.CANCELED


# -- errors --------------------------------------------------------------------------


async def test_a_kind_without_cancel_says_so_without_io(kind):
    """NotSupported names verb and kind."""
    async with World(kind, without=["cancel"]) as world:
        job = await world.create()
        sent = world.asked_anything()
        for options in ({}, {"confirm": False}, {"timeout": 0}):
            with pytest.raises(NotSupported) as caught:
                await job.cancel(**options)
            assert (caught.value.verb, caught.value.kind, caught.value.ref) == ("cancel", kind, job.ref)
        assert world.asked_anything() == sent


async def test_a_kind_without_cancel_still_gives_the_outcome_of_an_ended_job(kind):
    """There is nothing to ask for."""
    async with World(kind, without=["cancel"]) as world:
        job = await world.create(works=1)
        await job.wait()
        assert await job.cancel() is CancelOutcome.ALREADY_DONE


async def test_a_wrong_key_is_raised_at_once(kind):
    """Authentication errors come out, with the ref."""
    async with World(kind) as world:
        job = await world.create()
        world.answer("cancel", 401, times=None)
        with pytest.raises(AuthenticationError) as caught:
            await job.cancel()
        assert world.sent("cancel") == 1
        assert (caught.value.ref, caught.value.snapshot) == (job.ref, job.snapshot)


async def test_each_canceller_gets_an_error_of_its_own(kind):
    """Raised exceptions collect tracebacks."""
    async with World(kind) as world:
        job = await world.create()
        world.answer("cancel", 401, times=None)
        first, second = await asyncio.gather(job.cancel(), job.cancel(), return_exceptions=True)
        assert isinstance(first, AuthenticationError)
        assert isinstance(second, AuthenticationError)
        assert first is not second


async def test_a_broken_connection_is_raised_after_retries(kind):
    """Once the retry budget is spent."""
    async with World(kind, retry_budget=20) as world:
        job = await world.create()
        world.cut("cancel", times=None)
        with pytest.raises(TransportError) as caught:
            await job.cancel(timeout=None)
        assert world.sent("cancel") > 2
        assert world.elapsed <= 20
        assert caught.value.ref == job.ref


@pytest.mark.parametrize("status", [429, 500, 502, 503])
async def test_a_passing_error_is_tried_again(kind, status):
    """Sending a cancel again is safe."""
    async with World(kind) as world:
        job = await world.create()
        world.answer("cancel", status, times=2)
        assert await job.cancel() is CancelOutcome.CANCELED
        assert world.sent("cancel") == 3


async def test_a_lost_reply_is_no_lost_cancel(kind):
    """The request took effect, is sent again, and the end is seen."""
    async with World(kind) as world:
        job = await world.create()
        world.lose("cancel", times=2)
        assert await job.cancel() is CancelOutcome.CANCELED
        assert world.word(job) == world.canceled


async def test_an_unreadable_reply_is_no_failed_cancel(kind):
    """A 2xx says that the service took it; a look tells the rest."""
    async with World(kind) as world:
        job = await world.create()
        world.reply("cancel", b"<html>")
        assert await job.cancel() is CancelOutcome.CANCELED
        assert world.sent("cancel") == 1


async def test_looks_that_fail_do_not_fail_a_cancel(kind):
    """The end is seen later."""
    async with World(kind) as world:
        job = await world.create(after_cancel=[(3, world.canceled)])
        world.answer("look", 500, times=3)
        assert await job.cancel() is CancelOutcome.CANCELED
        assert world.sent("look") < 10


async def test_looks_that_keep_failing_leave_a_cancel_unconfirmed(kind):
    """At a pace, until the bound."""
    async with World(kind) as world:
        job = await world.create(after_cancel=[(3, world.canceled)])
        world.cut("look", times=None)
        with pytest.raises(CancelUnconfirmed):
            await job.cancel()
        assert world.elapsed == pytest.approx(30)
        assert world.sent("look") < 60


async def test_a_look_that_is_refused_ends_a_cancel(kind):
    """What ends a wait ends the waiting for a confirmation."""
    async with World(kind) as world:
        job = await world.create(after_cancel=[(3, world.canceled)])
        world.answer("look", 401, times=None)
        with pytest.raises(AuthenticationError):
            await job.cancel()


async def test_closing_the_client_ends_a_cancel_that_waits(kind):
    """ClientClosed, promptly."""
    async with World(kind) as world:
        job = await world.create(after_cancel=NEVER)
        canceling = start(job.cancel())
        await later(3)
        await world.client.aclose()
        with pytest.raises(ClientClosed) as caught:
            await canceling
        assert caught.value.ref == job.ref
        assert world.elapsed == pytest.approx(3)


async def test_cancelling_on_a_closed_client_raises_client_closed(kind):
    """Nothing is sent."""
    async with World(kind) as world:
        job = await world.create()
        await world.client.aclose()
        with pytest.raises(ClientClosed):
            await job.cancel()
        assert world.sent("cancel") == 0


# -- who asked -----------------------------------------------------------------------


async def test_requested_by_us_is_told_from_the_request_on(kind):
    """Before it nobody asked; a request that still queues has not asked."""
    async with World(kind, connections=1, request_timeout=500) as world:
        job, other = await world.create(), await world.create()
        assert not job.requested_by_us
        world.hang("look", 50, job=other)
        busy = start(other.refresh())
        await later(1)
        canceling = start(job.cancel())
        await later(1)
        assert not job.requested_by_us
        await asyncio.gather(busy, canceling)
        assert job.requested_by_us


async def test_a_cancel_by_others_is_not_ours(kind):
    """requested_by_us stays false."""
    async with World(kind) as world:
        job = await world.create()
        world.end(job, world.canceled)
        await job.wait()
        assert not job.requested_by_us


async def test_a_waiter_sees_our_cancel(kind):
    """cancel in one task, wait and result in others."""
    async with World(kind) as world:
        job = await world.create()
        waiting, result = start(job.wait()), start(job.result())
        await later(1)
        await job.cancel()
        assert (await waiting).state is JobState.CANCELED
        with pytest.raises(JobCanceled):
            await result


async def test_looking_hastens_after_our_cancel(kind):
    """The end is noticed sooner than the ordinary pace would."""
    async with World(kind) as world:
        job = await world.create(after_cancel=[(1, world.canceled)])
        watching = start(job.wait())
        await later(60)
        began = world.elapsed
        await job.cancel()
        assert world.elapsed - began < 2.5
        await watching
