"""Blocks that own jobs, left by every route."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from cancellation_sweep import check_empty, ours
from cancellation_world import sandbox_with
from clients import exa_on
from loops import now, start, turns

from asyncjobs import CancelUnconfirmed, ClientClosed, JobGroup
from asyncjobs.sandbox import Fault, Stall

if TYPE_CHECKING:
    from asyncjobs import Job


async def hold(owned: Any) -> None:
    async with owned as job:
        await job.wait()


async def hold_group(jobs: list[Job[Any]]) -> None:
    async with JobGroup() as group:
        for job in jobs:
            group.add(job)


async def test_the_first_of_two_owners_who_leaves_cancels_the_job() -> None:
    """The other one finds the job ended, and nothing is cancelled twice."""
    async with sandbox_with() as sandbox:
        exa = exa_on(sandbox)
        job = await exa.agent.runs.create(query="q")
        first, second = start(hold(job)), start(hold(exa.job(job.ref)))
        await asyncio.sleep(1)
        first.cancel()
        await asyncio.wait((first, second))
        assert first.cancelled()
        assert second.exception() is None
        assert sandbox.ledger.count("cancel") == 1
        assert sandbox.ledger.active() == []
        await exa.aclose()
        check_empty(exa)


async def test_two_owners_who_leave_at_once_share_one_cancel() -> None:
    """Both wait for the same clean-up."""
    async with sandbox_with(latency=0.5) as sandbox:
        exa = exa_on(sandbox)
        job = await exa.agent.runs.create(query="q")
        owners = [start(hold(job)), start(hold(exa.job(job.ref)))]
        await asyncio.sleep(2)
        for owner in owners:
            owner.cancel()
        await asyncio.wait(owners)
        assert all(owner.cancelled() for owner in owners)
        assert sandbox.ledger.count("cancel") == 1
        await exa.aclose()
        check_empty(exa)


async def test_an_owner_cancelled_twice_goes_at_once_and_the_client_finishes_the_cleaning_up() -> None:
    """The second cancellation is heard although the clean-up hangs; closing waits for it."""
    async with sandbox_with() as sandbox:
        exa = exa_on(sandbox)
        job = await exa.agent.runs.create(query="q")
        sandbox.fault(Fault(Stall(6.0), verb="cancel"))
        owner = start(hold(job))
        await asyncio.sleep(1)
        owner.cancel()
        await asyncio.sleep(1)
        assert not owner.done()
        before = now()
        owner.cancel()
        await asyncio.wait((owner,))
        assert owner.cancelled()
        assert now() == before
        assert sandbox.ledger.active() != []
        await exa.aclose()
        assert sandbox.ledger.active() == []
        check_empty(exa)


@pytest.mark.parametrize("times", [1, 2, 3])
async def test_native_cancels_and_a_scope_together_do_not_lose_the_clean_up(times: int) -> None:
    """Whatever interrupts the leaver, the job is cancelled and the cancellation goes on."""
    async with sandbox_with(latency=0.5) as sandbox:
        exa = exa_on(sandbox)
        scope = anyio.CancelScope()

        async def scoped() -> None:
            with scope:
                await hold(exa.agent.runs.create(query="q"))

        owner = start(scoped())
        await asyncio.sleep(2)
        scope.cancel()
        for _ in range(times):
            await asyncio.sleep(0.01)
            owner.cancel()
        await asyncio.wait((owner,))
        assert owner.cancelled()
        await exa.aclose()
        assert sandbox.ledger.active() == []
        check_empty(exa)


async def test_an_exception_in_the_body_goes_on_with_a_note_when_the_clean_up_fails(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The failure to cancel never replaces what happened."""
    async with sandbox_with() as sandbox:
        exa = exa_on(sandbox, cleanup_timeout=3.0)
        job = await exa.agent.runs.create(query="q")
        sandbox.fault(Fault(Stall(50.0), verb="cancel", times=None))
        before = now()
        with caplog.at_level(logging.ERROR, "asyncjobs"), pytest.raises(KeyError) as caught:
            async with job:
                raise KeyError("the body failed")
        assert now() - before == pytest.approx(3.0)
        assert any(str(job.ref) in note for note in caught.value.__notes__)
        assert str(job.ref) in caplog.text
        await exa.aclose()
        check_empty(exa)
        await asyncio.sleep(60)


async def test_a_clean_exit_whose_clean_up_fails_raises() -> None:
    """With nothing else under way, the caller must hear that the job may run on."""
    async with sandbox_with() as sandbox:
        exa = exa_on(sandbox, cleanup_timeout=3.0)
        job = await exa.agent.runs.create(query="q")
        sandbox.fault(Fault(Stall(50.0), verb="cancel", times=None))
        with pytest.raises(CancelUnconfirmed):
            async with job:
                pass
        await turns()
        assert ours() == []
        await exa.aclose()
        await asyncio.sleep(60)


@pytest.mark.parametrize("group", [False, True], ids=["job", "group"])
@pytest.mark.parametrize("hangs", [False, True], ids=["cancelled", "hanging"])
async def test_when_all_tasks_are_cancelled_at_once_nothing_outlives_the_owner(group: bool, hangs: bool) -> None:
    """The end of asyncio.run waits only for the tasks that it cancelled: the owner must be the last to go."""
    async with sandbox_with() as sandbox:
        exa = exa_on(sandbox, cleanup_timeout=3.0)
        jobs = [await exa.agent.runs.create(query="q") for _ in range(3)]
        if hangs:
            sandbox.fault(Fault(Stall(50.0), verb="cancel", times=None))
        owners = [start(hold_group(jobs))] if group else [start(hold(job)) for job in jobs]
        waiter = start(jobs[0].wait())
        await asyncio.sleep(1.2)
        doomed = [*owners, waiter, *ours()]
        for task in doomed:
            task.cancel()
        await asyncio.wait(doomed)
        await turns(3)
        assert ours() == []
        if hangs:
            await asyncio.sleep(60)
        else:
            assert sandbox.ledger.active() == []
        await exa.aclose()


async def test_a_group_whose_client_closes_leaves_its_jobs_to_the_closing() -> None:
    """Nothing is asked of a client that is closed."""
    async with sandbox_with() as sandbox:
        exa = exa_on(sandbox, cleanup_timeout=3.0)
        jobs = [await exa.agent.runs.create(query="q") for _ in range(3)]
        owner = start(hold_group(jobs))
        await asyncio.sleep(1)
        await exa.aclose()
        assert sandbox.ledger.active() == []
        with pytest.raises(ClientClosed):
            await owner
        check_empty(exa)


async def test_a_group_that_is_left_after_its_client_was_closed_asks_for_nothing() -> None:
    """The client has named in its log what it could not cancel."""
    async with sandbox_with() as sandbox:
        exa = exa_on(sandbox, cleanup_timeout=3.0)
        job = await exa.agent.runs.create(query="q")
        sandbox.fault(Fault(Stall(50.0), verb="cancel", times=None))
        with pytest.raises(KeyError):
            async with JobGroup() as group:
                group.add(job)
                await exa.aclose()
                asked = len(sandbox.ledger.requests)
                raise KeyError("the body failed")
        await turns()
        assert ours() == []
        assert len(sandbox.ledger.requests) == asked
        await asyncio.sleep(60)


async def test_a_detached_job_outlives_its_block_and_its_client() -> None:
    """Giving up ownership is all that detach does."""
    async with sandbox_with() as sandbox:
        exa = exa_on(sandbox)
        async with exa.agent.runs.create(query="q") as job:
            job.detach()
        assert not job.done
        await exa.aclose()
        assert len(sandbox.ledger.active()) == 1
        check_empty(exa)


async def test_an_owner_leaves_no_more_than_its_create_and_its_clean_up_when_cancelled_on_the_wire() -> None:
    """The create is finished and its job cancelled before the owner goes."""
    async with sandbox_with(latency=1.0) as sandbox:
        exa = exa_on(sandbox)
        owner = start(hold(exa.agent.runs.create(query="q")))
        await asyncio.sleep(0.25)
        owner.cancel()
        await asyncio.wait((owner,))
        assert owner.cancelled()
        assert len(sandbox.ledger.created()) == 1
        assert sandbox.ledger.active() == []
        assert exa.adopted == []
        await exa.aclose()
        check_empty(exa)


async def test_a_create_whose_caller_was_cancelled_on_the_wire_is_adopted() -> None:
    """Its caller leaves at once; the client keeps the handle of what was paid for."""
    async with sandbox_with(latency=1.0) as sandbox:
        exa = exa_on(sandbox)
        caller = start(exa.agent.runs.create(query="q"))
        await asyncio.sleep(0.25)
        before = now()
        caller.cancel()
        await asyncio.wait((caller,))
        assert now() == before
        await asyncio.sleep(2)
        assert [str(job.ref) for job in exa.adopted] == [row.ref for row in sandbox.ledger.active()]
        assert len(exa.adopted) == 1
        await exa.aclose()
        check_empty(exa)


async def test_one_cancel_while_a_block_is_left_is_kept_until_the_clean_up_is_over() -> None:
    """The leaver waits as long as the clean-up may take, and the cancellation goes on then."""
    async with sandbox_with() as sandbox:
        exa = exa_on(sandbox)
        job = await exa.agent.runs.create(query="q")
        sandbox.fault(Fault(Stall(6.0), verb="cancel"))

        async def own() -> None:
            async with job:
                pass

        owner = start(own())
        await asyncio.sleep(1)
        before = now()
        owner.cancel()
        await asyncio.wait((owner,))
        assert owner.cancelled()
        assert now() - before == pytest.approx(5.0)
        assert sandbox.ledger.active() == []
        await exa.aclose()
        check_empty(exa)
