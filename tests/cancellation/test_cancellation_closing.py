"""Closing a client while all sorts of things are under way."""

from __future__ import annotations

import asyncio
import logging

import pytest
from cancellation_sweep import check_empty
from cancellation_world import expect_closed, sandbox_with
from clients import exa_on
from loops import now, start, turns

from asyncjobs import ClientClosed, CreateUncertain
from asyncjobs.sandbox import Answer, Fault, Stall

BUSY = Answer(503, {"error": "busy", "tag": "SERVICE_OVERLOADED"})


async def own(creation: object, entered: asyncio.Event | None = None) -> None:
    async with creation as job:  # type: ignore[attr-defined]
        if entered is not None:
            entered.set()
        await job.wait()


async def test_an_owner_who_leaves_in_the_moment_of_closing_leaves_nothing_running() -> None:
    """A block may be left between the call of aclose and its first step."""
    async with sandbox_with() as sandbox:
        exa = exa_on(sandbox)
        owner = start(own(exa.agent.runs.create(query="q")))
        await asyncio.sleep(1)
        assert len(sandbox.ledger.active()) == 1
        owner.cancel()
        await exa.aclose()
        assert sandbox.ledger.active() == []
        await asyncio.wait((owner,))


async def test_an_owned_create_on_the_wire_is_cancelled_when_the_client_closes() -> None:
    """The job arrives while the client closes: it is owned from the first byte, so that closing cancels it."""
    async with sandbox_with() as sandbox:
        exa = exa_on(sandbox)
        sandbox.fault(Fault(Stall(2.0), verb="create"))
        entered = asyncio.Event()
        owner = start(own(exa.agent.runs.create(query="q"), entered))
        await asyncio.sleep(1)
        await exa.aclose()
        assert entered.is_set()
        assert len(sandbox.ledger.created()) == 1
        assert sandbox.ledger.active() == []
        with pytest.raises(ClientClosed):
            await owner
        check_empty(exa)


async def test_a_create_on_the_wire_is_finished_and_handed_to_its_caller() -> None:
    """Closing gives a create that may have begun the time to tell."""
    async with sandbox_with() as sandbox:
        exa = exa_on(sandbox)
        sandbox.fault(Fault(Stall(2.0), verb="create"))
        creating = start(exa.agent.runs.create(query="q"))
        await asyncio.sleep(1)
        await exa.aclose()
        job = await creating
        assert [row.ref for row in sandbox.ledger.active()] == [str(job.ref)]
        check_empty(exa)


async def test_a_create_that_hangs_is_reported_as_uncertain_when_the_client_closes() -> None:
    """A create that does not come back within the clean-up's time may have made a job: its caller hears so."""
    async with sandbox_with() as sandbox:
        exa = exa_on(sandbox, cleanup_timeout=3.0)
        sandbox.fault(Fault(Stall(50.0), verb="create"))
        creating = start(exa.agent.runs.create(query="q"))
        await asyncio.sleep(1)
        before = now()
        await exa.aclose()
        assert now() - before == pytest.approx(3.0)
        with pytest.raises(CreateUncertain):
            await creating
        check_empty(exa)


async def test_creates_that_queue_are_withdrawn_when_the_client_closes() -> None:
    """What has not left is not sent, and its caller hears ClientClosed at once."""
    async with sandbox_with() as sandbox:
        exa = exa_on(sandbox, rates={"agent": 1.0})
        await exa.agent.runs.create(query="first")
        queued = [start(exa.agent.runs.create(query="q")) for _ in range(5)]
        await turns()
        closing = start(exa.aclose())
        await turns()
        for task in queued:
            assert task.done()
            await expect_closed(task)
        await closing
        assert len(sandbox.ledger.created()) == 1
        check_empty(exa)


async def test_a_create_in_backoff_is_withdrawn_when_the_client_closes() -> None:
    """A create that was refused is not sent again by a client that closes."""
    async with sandbox_with() as sandbox:
        exa = exa_on(sandbox)
        sandbox.fault(Fault(BUSY, verb="create", times=None))
        creating = start(exa.agent.runs.create(query="q"))
        await asyncio.sleep(0.1)
        before = now()
        await exa.aclose()
        await expect_closed(creating)
        assert now() == before
        check_empty(exa)


async def test_a_clean_up_that_hangs_does_not_keep_the_client_from_closing(caplog: pytest.LogCaptureFixture) -> None:
    """The clean-up's own bound ends it, and what was left behind is named in the log."""
    async with sandbox_with() as sandbox:
        exa = exa_on(sandbox, cleanup_timeout=4.0)
        sandbox.fault(Fault(Stall(500.0), verb="cancel", times=None))
        owner = start(own(exa.agent.runs.create(query="q")))
        await asyncio.sleep(1)
        before = now()
        with caplog.at_level(logging.ERROR, "asyncjobs"):
            await exa.aclose()
        assert now() - before == pytest.approx(4.0)
        assert sandbox.ledger.active()[0].ref in caplog.text
        with pytest.raises(ClientClosed):
            await owner
        check_empty(exa)
        await asyncio.sleep(600)


async def test_closing_twice_at_once_is_one_closing() -> None:
    """Both callers wait until it is done; a third call returns at once."""
    async with sandbox_with() as sandbox:
        exa = exa_on(sandbox, cleanup_timeout=4.0)
        sandbox.fault(Fault(Stall(500.0), verb="cancel", times=None))
        owner = start(own(exa.agent.runs.create(query="q")))
        await asyncio.sleep(1)
        first, second = start(exa.aclose()), start(exa.aclose())
        await asyncio.sleep(3.9)
        assert not first.done()
        assert not second.done()
        await asyncio.gather(first, second)
        before = now()
        await exa.aclose()
        assert now() == before
        with pytest.raises(ClientClosed):
            await owner
        await asyncio.sleep(600)


async def test_one_of_two_closers_can_be_cancelled() -> None:
    """The other one still waits to the end."""
    async with sandbox_with() as sandbox:
        exa = exa_on(sandbox, cleanup_timeout=4.0)
        sandbox.fault(Fault(Stall(500.0), verb="cancel", times=None))
        owner = start(own(exa.agent.runs.create(query="q")))
        await asyncio.sleep(1)
        first, second = start(exa.aclose()), start(exa.aclose())
        await turns()
        first.cancel()
        await turns()
        first.cancel()
        await turns()
        assert first.cancelled()
        await asyncio.sleep(3.9)
        assert not second.done()
        await second
        check_empty(exa)
        with pytest.raises(ClientClosed):
            await owner
        await asyncio.sleep(600)


async def test_closing_within_an_owners_block_cancels_the_job() -> None:
    """The block's end finds nothing left to do."""
    async with sandbox_with() as sandbox:
        exa = exa_on(sandbox)
        async with exa.agent.runs.create(query="q") as job:
            await exa.aclose()
            assert job.done
        assert sandbox.ledger.active() == []
        check_empty(exa)


async def test_a_users_cancel_beside_an_owner_hears_of_the_closing_and_the_job_is_cancelled() -> None:
    """The cancel under way loses its user and keeps the client's own interest."""
    async with sandbox_with(latency=0.5) as sandbox:
        exa = exa_on(sandbox)
        async with exa.agent.runs.create(query="q") as job:
            cancelling = start(job.cancel())
            await asyncio.sleep(0.1)
            await exa.aclose()
            with pytest.raises(ClientClosed):
                await cancelling
        assert sandbox.ledger.active() == []
        check_empty(exa)


async def test_one_cancel_while_a_client_closes_is_kept_until_it_is_closed() -> None:
    """Closing is not interrupted, and the cancellation goes on then."""
    async with sandbox_with() as sandbox:
        exa = exa_on(sandbox)
        sandbox.fault(Fault(Stall(6.0), verb="cancel"))
        owner = start(own(exa.agent.runs.create(query="q")))
        await asyncio.sleep(1)
        closing = start(exa.aclose())
        await asyncio.sleep(1)
        closing.cancel()
        await asyncio.wait((closing,))
        assert closing.cancelled()
        assert sandbox.ledger.active() == []
        check_empty(exa)
        with pytest.raises(ClientClosed):
            await owner
