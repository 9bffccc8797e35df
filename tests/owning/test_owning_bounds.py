"""How long leaving a block can take, and what makes it shorter."""

from __future__ import annotations

import asyncio
import logging

import anyio
import pytest
from clients import exa_on
from loops import now, start
from owning_world import endless, hold, ours

from asyncjobs import CancelUnconfirmed, JobGroup
from asyncjobs.sandbox import Answer, Fault, Stall


async def by_task(body):
    task = start(body)
    await asyncio.sleep(1)
    task.cancel()
    await asyncio.wait((task,))
    assert task.cancelled()


async def by_timeout(body):
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1):
            await body


async def by_scope(body):
    with anyio.move_on_after(1):
        await body


async def by_both(body):
    async def scoped():
        with anyio.move_on_after(1):
            await body

    await by_task(scoped())


# -- a create that hangs -------------------------------------------------------


@pytest.mark.parametrize("leave", [by_task, by_timeout, by_scope, by_both])
async def test_the_owner_of_a_create_that_hangs_goes_after_cleanup_timeout(leave, caplog):
    """The client sees to it: it finishes the create, and cancels what came of it."""
    async with endless() as sandbox:
        exa = exa_on(sandbox, cleanup_timeout=5)
        sandbox.fault(Fault(Stall(40.0), verb="create"))
        began = now()
        await leave(hold(exa.agent.runs.create(query="q")))
        assert now() - began == pytest.approx(6)
        assert "the create of a job of exa.agent_run goes on without its owner" in caplog.text

        await asyncio.sleep(60)
        assert len(sandbox.ledger.created()) == 1
        assert not sandbox.ledger.active()
        assert exa.adopted == []
        assert ours() == []
        await exa.aclose()


async def test_a_create_that_comes_in_time_is_cancelled_before_its_owner_goes():
    """The bound of the create and that of the clean-up count one after the other."""
    async with endless() as sandbox:
        exa = exa_on(sandbox, cleanup_timeout=5)
        sandbox.fault(Fault(Stall(5.0), verb="create"), Fault(Stall(4.0), verb="cancel"))
        began = now()
        await by_task(hold(exa.agent.runs.create(query="q")))
        assert now() - began == pytest.approx(9)
        assert not sandbox.ledger.active()
        await exa.aclose()


async def test_closing_does_not_wait_longer_for_a_create_that_hangs_either(caplog):
    """Its outcome is then unknown, and the log says so."""
    async with endless() as sandbox:
        exa = exa_on(sandbox, cleanup_timeout=5)
        sandbox.fault(Fault(Stall(40.0), verb="create"))
        began = now()
        with caplog.at_level(logging.ERROR):
            async with exa:
                await by_task(hold(exa.agent.runs.create(query="q")))
        assert now() - began == pytest.approx(11)
        assert "exa.agent_run" in caplog.records[-1].getMessage()
        assert ours() == []


# -- a service that asks for a pause ---------------------------------------------

PAUSE = Fault(Answer(429, headers={"Retry-After": "40"}), verb="look")


async def test_leaving_waits_out_a_pause_of_the_service():
    """The clean-up's own bound counts from when its request is sent, so that a pause comes on top."""
    async with endless() as sandbox:
        exa = exa_on(sandbox, cleanup_timeout=5)
        async with exa.agent.runs.create(query="q") as job:
            sandbox.fault(PAUSE)
            waiting = start(job.wait())
            await asyncio.sleep(10)
            before = now()
        assert 25 < now() - before < 40
        assert not sandbox.ledger.active()
        assert job.state == "canceled"
        await waiting
        await exa.aclose()


async def test_two_timeouts_one_inside_the_other_bound_a_block_and_the_leaving_of_it(caplog):
    """The inner one ends the block, the outer one the leaving; the client goes on with the clean-up."""
    async with endless() as sandbox:
        exa = exa_on(sandbox, cleanup_timeout=5)
        job = await exa.agent.runs.create(query="q")
        sandbox.fault(PAUSE)
        began = now()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(13), asyncio.timeout(10), job:
                await job.wait()
        assert now() - began == pytest.approx(13)
        assert sandbox.ledger.active()

        await exa.aclose()
        assert not sandbox.ledger.active()
        assert job.state == "canceled"


@pytest.mark.parametrize("group", [False, True], ids=["job", "group"])
async def test_one_timeout_does_not_cut_the_leaving_short(group):
    """A deadline that passes while the block is being left is kept until the clean-up is over."""
    async with endless() as sandbox:
        exa = exa_on(sandbox, cleanup_timeout=5)
        job = await exa.agent.runs.create(query="q")
        sandbox.fault(Fault(Stall(4.0), verb="cancel"))
        began = now()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(2):
                if group:
                    async with JobGroup() as jobs:
                        jobs.add(job)
                        await asyncio.sleep(1)
                        raise ZeroDivisionError
                async with job:
                    await asyncio.sleep(1)
        assert now() - began == pytest.approx(5)
        assert not sandbox.ledger.active()
        await exa.aclose()


async def test_a_group_is_left_within_its_bound_when_the_service_is_gone(caplog):
    """As many at once as there are connections, each within cleanup_timeout; all are named."""
    async with endless() as sandbox:
        exa = exa_on(sandbox, cleanup_timeout=5, connections=50)
        jobs = [await exa.agent.runs.create(query="q") for _ in range(100)]
        sandbox.fault(Fault(Stall(500.0), verb="cancel", times=None))
        before = now()
        with pytest.raises(ZeroDivisionError) as caught:
            async with JobGroup() as group:
                for job in jobs:
                    group.add(job)
                raise ZeroDivisionError
        assert now() - before == pytest.approx(10)
        assert len(caught.value.__notes__) == 100
        assert all(str(job.ref) in caplog.text for job in jobs)
        await exa.aclose()
        await asyncio.sleep(600)


async def test_leaving_without_an_exception_says_what_was_not_confirmed_in_time():
    """It raises, after cleanup_timeout."""
    async with endless() as sandbox:
        exa = exa_on(sandbox, cleanup_timeout=5)
        job = await exa.agent.runs.create(query="q")
        sandbox.fault(Fault(Stall(500.0), verb="cancel", times=None))
        before = now()
        with pytest.raises(CancelUnconfirmed):
            async with job:
                pass
        assert now() - before == pytest.approx(5)
        await exa.aclose()
        await asyncio.sleep(600)
