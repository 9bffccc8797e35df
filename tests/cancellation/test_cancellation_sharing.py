"""Looks, cancels and results are shared: whoever leaves disturbs no other, and the last one ends them."""

from __future__ import annotations

import asyncio

import pytest
from cancellation_sweep import check_empty, ours
from cancellation_world import sandbox_with
from clients import exa_on, watercrawl_on
from loops import now, start, turns

from asyncjobs import CancelOutcome, CancelUnconfirmed
from asyncjobs.sandbox import Fault, Life, Stall


@pytest.mark.parametrize("after", [0.0, 0.05, 0.2, 0.45, 0.6, 1.0])
async def test_a_users_cancel_that_waits_for_its_turn_does_not_keep_an_owner_from_cleaning_up(after: float) -> None:
    """The user's cancel is withdrawn by the closing; the owner's begins anew."""
    async with sandbox_with(latency=0.2) as sandbox:
        watercrawl = watercrawl_on(sandbox, connections=1)
        async with watercrawl.searches.create("q") as job:
            other = await watercrawl.searches.create("other")
            sandbox.fault(Fault(Stall(1.0), verb="look"))
            looking = start(other.refresh())
            await turns()
            cancelling = start(job.cancel())
            await asyncio.sleep(after)
            before = now()
            await watercrawl.aclose()
            assert now() - before < 5
            await asyncio.gather(looking, cancelling, return_exceptions=True)
        assert [row.ref for row in sandbox.ledger.active()] == [str(other.ref)]
        assert not isinstance(cancelling.exception(), CancelUnconfirmed)
        check_empty(watercrawl)


async def test_a_cancel_can_be_asked_for_again_at_once_after_one_that_was_given_up_in_the_queue() -> None:
    """The withdrawn request is not joined: a new one is made."""
    async with sandbox_with(latency=0.2) as sandbox:
        watercrawl = watercrawl_on(sandbox, connections=1)
        job, other = await watercrawl.searches.create("q"), await watercrawl.searches.create("other")
        sandbox.fault(Fault(Stall(2.0), verb="look"))
        looking = start(other.refresh())
        await turns()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1.0):
                await job.cancel()
        async with asyncio.timeout(20):
            assert await job.cancel() is CancelOutcome.CANCELED
        await looking
        await watercrawl.aclose()
        check_empty(watercrawl)


async def test_a_look_can_be_asked_for_again_at_once_after_one_that_was_given_up_in_the_queue() -> None:
    """A wait that was given up while its look queued does not spoil the refresh that follows."""
    async with sandbox_with() as sandbox:
        watercrawl = watercrawl_on(sandbox, connections=1)
        job, other = await watercrawl.searches.create("q"), await watercrawl.searches.create("other")
        sandbox.fault(Fault(Stall(2.0), verb="look"))
        looking = start(other.refresh())
        await turns()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1.0):
                await job.wait()
        assert (await job.refresh()).status == "running"
        await looking
        await watercrawl.aclose()
        check_empty(watercrawl)


async def test_a_result_can_be_asked_for_again_at_once_after_one_that_was_given_up() -> None:
    """The fetching that ends with its last caller is not what the next caller gets."""
    async with sandbox_with() as sandbox:
        watercrawl = watercrawl_on(sandbox)
        job = await watercrawl.searches.create("q")
        sandbox.end(str(job.ref), "finished")
        await job.wait()
        sandbox.fault(Fault(Stall(5.0), verb="result"))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1.0):
                await job.result()
        assert (await job.result()).status == "finished"
        await watercrawl.aclose()
        check_empty(watercrawl)


@pytest.mark.parametrize("leaver", [0, 1, 2])
@pytest.mark.parametrize("verb", ["cancel", "wait", "refresh", "result"])
async def test_one_of_three_who_share_leaves_without_disturbing_the_others(verb: str, leaver: int) -> None:
    """The others get what they would have got, from one request."""
    async with sandbox_with(Life.ordinary("watercrawl.search", works=6.0), latency=1.0) as sandbox:
        watercrawl = watercrawl_on(sandbox)
        job = await watercrawl.searches.create("q")
        if verb == "result":
            sandbox.end(str(job.ref), "finished")
            await job.wait()
        sandbox.ledger.clear()
        sharing = [start(getattr(job, verb)()) for _ in range(3)]
        await asyncio.sleep(0.5)
        sharing[leaver].cancel()
        results = await asyncio.gather(*sharing, return_exceptions=True)
        assert isinstance(results.pop(leaver), asyncio.CancelledError)
        assert results[0] == results[1]
        assert not isinstance(results[0], BaseException)
        if verb != "wait":
            assert sandbox.ledger.count({"refresh": "look"}.get(verb, verb)) == 1
        await watercrawl.aclose()
        check_empty(watercrawl)


@pytest.mark.parametrize("verb", ["wait", "refresh", "result"])
async def test_the_last_who_leaves_ends_the_request(verb: str) -> None:
    """Nobody pays for a look that nobody wants."""
    async with sandbox_with(latency=1.0) as sandbox:
        watercrawl = watercrawl_on(sandbox)
        job = await watercrawl.searches.create("q")
        if verb == "result":
            sandbox.end(str(job.ref), "finished")
            await job.wait()
        sharing = [start(getattr(job, verb)()) for _ in range(3)]
        await asyncio.sleep(0.5)
        for task in sharing:
            assert ours()
            task.cancel()
            await turns()
        assert ours() == []
        await watercrawl.aclose()
        check_empty(watercrawl)


async def test_the_last_who_leaves_lets_a_cancel_on_the_wire_finish() -> None:
    """Breaking it off would leave open whether the job runs on."""
    async with sandbox_with(latency=1.0) as sandbox:
        exa = exa_on(sandbox)
        job = await exa.agent.runs.create(query="q")
        sharing = [start(job.cancel()) for _ in range(3)]
        await asyncio.sleep(0.25)
        for task in sharing:
            task.cancel()
        await turns()
        assert all(task.cancelled() for task in sharing)
        await asyncio.sleep(2)
        assert sandbox.ledger.active() == []
        assert job.done
        assert ours() == []
        await exa.aclose()


async def test_the_last_who_leaves_withdraws_a_cancel_that_queues() -> None:
    """What has not left is not sent."""
    async with sandbox_with(latency=1.0) as sandbox:
        watercrawl = watercrawl_on(sandbox, connections=1)
        job, other = await watercrawl.searches.create("q"), await watercrawl.searches.create("other")
        looking = start(other.refresh())
        await turns()
        sharing = [start(job.cancel()) for _ in range(3)]
        await turns()
        for task in sharing:
            task.cancel()
        await looking
        await asyncio.sleep(5)
        assert sandbox.ledger.count("cancel") == 0
        assert not job.requested_by_us
        assert ours() == []
        await watercrawl.aclose()
        check_empty(watercrawl)


async def test_a_batch_of_cancels_in_a_timeout_leaves_nothing() -> None:
    """What was on the wire is finished, what queued is withdrawn, and no waiter, task or place is left."""
    async with sandbox_with(latency=0.2) as sandbox:
        exa = exa_on(sandbox, connections=5, rates={"agent": 50.0})
        jobs = [await exa.agent.runs.create(query="q") for _ in range(60)]
        await asyncio.sleep(2)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await asyncio.gather(*(job.cancel() for job in jobs))
        await asyncio.sleep(2)
        assert ours() == []
        assert 0 < len(sandbox.ledger.active()) < 60
        assert sandbox.ledger.count("cancel") == 60 - len(sandbox.ledger.active())
        before = now()
        async with asyncio.timeout(60):
            outcomes = await asyncio.gather(*(job.cancel() for job in jobs))
        assert set(outcomes) == {CancelOutcome.CANCELED}
        assert now() > before
        assert sandbox.ledger.active() == []
        await exa.aclose()
        check_empty(exa)


async def test_a_cancel_that_is_kept_in_mind_ends_with_the_client() -> None:
    """An unconfirmed cancel that came too early is sent again for a while, and not beyond closing."""
    async with sandbox_with(Life.ordinary("watercrawl.search", waits=100.0)) as sandbox:
        watercrawl = watercrawl_on(sandbox)
        job = await watercrawl.searches.create("q")
        await job.cancel(confirm=False)
        assert ours() != []
        await watercrawl.aclose()
        check_empty(watercrawl)
        asked = len(sandbox.ledger.requests)
        await asyncio.sleep(100)
        assert len(sandbox.ledger.requests) == asked
