"""DESIGN section 3: wait."""

from __future__ import annotations

import asyncio

import pytest
from contract_world import FAILING, World, later, start, stop_tasks

from asyncjobs import ClientClosed, InvalidArgument, JobState, NotFound, RateLimited, WaitTimeout
from asyncjobs.kinds import Pace


async def test_wait_returns_the_end_of_a_job_that_completed(kind):
    """COMPLETED is a return value."""
    async with World(kind) as world:
        job = await world.create(works=5)
        snapshot = await job.wait()
        assert snapshot.state is JobState.COMPLETED
        assert snapshot is job.snapshot
        assert snapshot.status == world.completed


@pytest.mark.parametrize("kind", FAILING)
async def test_wait_never_raises_because_the_job_failed(kind):
    """FAILED is a return value."""
    async with World(kind) as world:
        job = await world.create(works=5, ends=world.failed)
        assert (await job.wait()).state is JobState.FAILED


async def test_wait_returns_the_end_of_a_job_that_was_canceled(kind):
    """CANCELED is a return value, whoever asked for it."""
    async with World(kind) as world:
        job = await world.create()
        waiting = start(job.wait())
        await later(3)
        world.end(job, world.canceled)
        assert (await waiting).state is JobState.CANCELED


async def test_wait_returns_the_end_of_a_job_that_is_gone(kind):
    """GONE is a return value."""
    async with World(kind) as world:
        job = await world.create()
        waiting = start(job.wait())
        await later(3)
        world.forget(job)
        assert (await waiting).state is JobState.GONE


async def test_waiting_for_a_job_that_has_ended_sends_nothing(kind):
    """What is held is enough."""
    async with World(kind) as world:
        job = await world.create(works=1)
        snapshot = await job.wait()
        sent = world.asked_anything()
        assert await job.wait() is snapshot
        assert await job.wait(timeout=0) is snapshot
        assert world.asked_anything() == sent


async def test_an_end_is_known_after_the_client_was_closed(kind):
    """What was seen needs no client."""
    async with World(kind) as world:
        job = await world.create(works=1)
        await job.wait()
        await world.client.aclose()
        assert (await job.wait()).state is JobState.COMPLETED


async def test_the_end_is_noticed_soon(kind):
    """At most the ceiling of the kind's pace passes between the end and the return."""
    async with World(kind) as world:
        job = await world.create(works=100)
        await job.wait()
        assert 100 <= world.elapsed <= 100 + world.kind.pace.ceiling * 1.2


# -- timeout ---------------------------------------------------------------


async def test_a_wait_that_takes_too_long_raises_wait_timeout(kind):
    """It is a TimeoutError with ref, the last snapshot and the bound, raised when the bound has passed."""
    async with World(kind) as world:
        job = await world.create()
        with pytest.raises(WaitTimeout) as caught:
            await job.wait(timeout=7.5)
        assert world.elapsed == pytest.approx(7.5)
        error = caught.value
        assert isinstance(error, TimeoutError)
        assert (error.ref, error.snapshot, error.timeout) == (job.ref, job.snapshot, 7.5)
        assert error.snapshot.status == world.working


async def test_after_a_wait_timeout_the_remote_job_goes_on(kind):
    """Nothing was cancelled, and one can wait again."""
    async with World(kind) as world:
        job = await world.create(works=10)
        with pytest.raises(WaitTimeout):
            await job.wait(timeout=5)
        assert world.word(job) == world.working
        assert world.sent("cancel") == 0
        assert (await job.wait()).state is JobState.COMPLETED


async def test_the_timeout_bounds_a_request_in_flight(kind):
    """A service that does not answer cannot hold a wait for longer."""
    async with World(kind) as world:
        job = await world.create()
        world.hang("look", times=None)
        with pytest.raises(WaitTimeout):
            await job.wait(timeout=20)
        assert world.elapsed == pytest.approx(20)


async def test_the_timeout_bounds_a_pause(kind):
    """A service that asks for a pause cannot hold a wait for longer."""
    async with World(kind) as world:
        job = await world.create()
        world.answer("look", 429, retry_after=60, times=None)
        with pytest.raises(WaitTimeout):
            await job.wait(timeout=20)
        assert world.elapsed == pytest.approx(20)


async def test_no_timeout_waits_as_long_as_the_job_works(kind):
    """None has no bound."""
    async with World(kind, paces={kind: Pace(first=300, ceiling=600)}) as world:
        job = await world.create(works=86_400)
        assert (await job.wait()).state is JobState.COMPLETED
        assert world.elapsed >= 86_400


async def test_a_negative_timeout_is_refused(kind):
    """Before anything is sent."""
    async with World(kind) as world:
        job = await world.create()
        with pytest.raises(InvalidArgument, match="timeout"):
            await job.wait(timeout=-1)
        assert world.sent("look") == 0


async def test_timeout_zero_looks_once(kind):
    """One look, then the judgement: not ended."""
    async with World(kind) as world:
        job = await world.create()
        with pytest.raises(WaitTimeout) as caught:
            await job.wait(timeout=0)
        assert (world.sent("look"), world.elapsed) == (1, 0)
        assert caught.value.snapshot.source == "poll"


async def test_timeout_zero_returns_an_end_that_its_look_shows(kind):
    """One look, then the judgement: ended."""
    async with World(kind) as world:
        job = await world.unseen(works=0)
        assert (await job.wait(timeout=0)).state is JobState.COMPLETED
        assert world.sent("look") == 1


async def test_timeout_zero_whose_look_fails_is_a_wait_timeout(kind):
    """What would not end a longer wait does not end this one differently; it is the cause."""
    async with World(kind) as world:
        job = await world.create()
        world.answer("look", 429)
        with pytest.raises(WaitTimeout) as caught:
            await job.wait(timeout=0)
        assert isinstance(caught.value.__cause__, RateLimited)
        assert world.sent("look") == 1


async def test_timeout_zero_for_a_job_that_never_was(kind):
    """The first 404 proves nothing yet."""
    async with World(kind) as world:
        with pytest.raises(WaitTimeout) as caught:
            await world.nobody().wait(timeout=0)
        assert isinstance(caught.value.__cause__, NotFound)


async def test_completion_wins_over_a_timeout_in_the_same_tick(kind):
    """News that comes with the deadline counts, whichever of the two the loop serves first."""
    async with World(kind) as world, world.another_client() as other:
        job = await world.create(works=3)
        end = await other.job(job.ref).wait()
        world.hang("look", times=None)
        waiting = start(job.wait(timeout=5))
        deadline = world.now() + 5
        await later(1)
        asyncio.get_running_loop().call_at(deadline, lambda: job._core.take_in(end, began=deadline))
        assert (await waiting).state is JobState.COMPLETED
        assert world.now() == pytest.approx(deadline)


async def test_durations_are_those_of_the_loops_clock(kind, monkeypatch):
    """A step of the wall clock changes no deadline."""
    async with World(kind) as world:
        job = await world.create()
        waiting = start(job.wait(timeout=50))
        await later(1)
        monkeypatch.setattr("time.time", lambda: 4_000_000_000.0)
        with pytest.raises(WaitTimeout):
            await waiting
        assert world.elapsed == pytest.approx(50)


# -- many waiters ---------------------------------------------------------------


async def test_each_waiter_has_its_own_deadline(kind):
    """A short wait beside a long one, in any order."""
    async with World(kind) as world:
        job = await world.create(works=30)
        ends = {}

        async def wait(timeout):
            try:
                await job.wait(timeout)
            except WaitTimeout:
                ends[timeout] = world.elapsed
            else:
                ends[timeout] = "done"

        await asyncio.gather(*(wait(timeout) for timeout in (10, None, 5, 100)))
        assert ends == {10: pytest.approx(10), 5: pytest.approx(5), None: "done", 100: "done"}


async def test_a_cancelled_waiter_disturbs_no_other(kind):
    """The other waits on, and the looks go on as if nothing had happened."""
    async with World(kind) as world:
        job = await world.create(works=30)
        first, second = start(job.wait()), start(job.wait())
        await later(10)
        sent = world.sent("look")
        first.cancel()
        await asyncio.wait({first})
        assert first.cancelled()
        assert (await second).state is JobState.COMPLETED
        assert world.sent("look") > sent


async def test_a_cancelled_waiter_during_a_request_disturbs_no_other(kind):
    """The request under way belongs to all who wait."""
    async with World(kind, latency=4) as world:
        job = await world.unseen(works=0)
        first, second = start(job.wait()), start(job.wait())
        await later(2)
        first.cancel()
        assert (await second).state is JobState.COMPLETED
        assert world.sent("look") == 1


async def test_a_cancelled_waiter_sends_nothing(kind):
    """Neither a cancel nor one more look."""
    async with World(kind) as world:
        job = await world.create()
        waiting = start(job.wait())
        await later(10)
        sent = world.asked_anything()
        await stop_tasks(waiting)
        await later(100)
        assert world.asked_anything() == sent


async def test_a_waiter_that_comes_later_joins_the_looks(kind):
    """Two waiters cost what one costs."""
    async with World(kind) as world:
        await (await world.create(works=60)).wait()
        alone = world.sent("look")
        job = await world.create(works=60)
        first = start(job.wait())
        await later(30)
        await asyncio.gather(first, job.wait())
        assert world.sent("look") - alone <= alone * 1.2


async def test_closing_the_client_ends_the_waits(kind):
    """ClientClosed, at once, with the ref; the job goes on."""
    async with World(kind) as world:
        job = await world.create()
        waiting = start(job.wait())
        await later(5)
        await world.client.aclose()
        with pytest.raises(ClientClosed) as caught:
            await waiting
        assert world.elapsed == pytest.approx(5)
        assert caught.value.ref == job.ref
        assert world.word(job) == world.working


async def test_waiting_on_a_closed_client_raises_client_closed(kind):
    """There is nobody to look."""
    async with World(kind) as world:
        job = await world.create()
        await world.client.aclose()
        with pytest.raises(ClientClosed):
            await job.wait()


# -- gather -----------------------------------------------------------------------


async def test_gather_waits_for_all(kind):
    """Awaiting jobs together takes as long as the longest."""
    async with World(kind) as world:
        jobs = [await world.create(works=works) for works in (5, 50, 20)]
        results = await asyncio.gather(*jobs)
        assert [result.status for result in results] == [world.completed] * 3
        assert world.elapsed < 60


async def test_the_first_failure_propagates_from_gather(kind):
    """As in any gather."""
    async with World(kind) as world:
        lost, other = await world.create(), await world.create(works=50)
        world.end(lost, world.canceled)
        with pytest.raises(Exception, match="cancelled") as caught:
            await asyncio.gather(lost, other)
        assert caught.value.ref == lost.ref
        assert world.elapsed < 10


async def test_after_a_failure_in_gather_the_other_waits_go_on(kind):
    """And nothing is cancelled remotely."""
    async with World(kind) as world:
        lost, other = await world.create(), await world.create(works=50)
        world.end(lost, world.canceled)
        waits = [start(lost.result()), start(other.result())]
        with pytest.raises(Exception, match="cancelled"):
            await asyncio.gather(*waits)
        assert not waits[1].done()
        assert (await waits[1]).status == world.completed
        assert world.sent("cancel") == 0


async def test_gather_can_return_the_exceptions(kind):
    """Each job has its result or its own error."""
    async with World(kind) as world:
        lost, other = await world.create(), await world.create(works=50)
        world.end(lost, world.canceled)
        error, result = await asyncio.gather(lost, other, return_exceptions=True)
        assert error.ref == lost.ref
        assert result.status == world.completed
