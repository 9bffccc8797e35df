"""The end of ``asyncio.run`` cancels every task at once, the client's own among them."""

from __future__ import annotations

import asyncio
import logging

import aiohttp
import attrs
import pytest
from clients import exa_on
from loops import now, start, turns
from owning_world import RUN, end_the_loop, endless, hold, ours

from asyncjobs import AsyncJobsError, JobGroup, as_completed
from asyncjobs.sandbox import Fault, Stall
from asyncjobs.testing import VirtualLoop

#: The service takes some seconds to end a cancelled job, so that looks must show the end.
SLOW = attrs.evolve(RUN, after_cancel=((3.0, "cancelled"),))


async def leave(owned):
    """Own jobs, and leave at once without being cancelled."""
    async with owned:
        pass


async def fail_in_group(jobs):
    async with JobGroup() as group:
        for job in jobs:
            group.add(job)
        raise ZeroDivisionError


async def test_an_owner_who_was_leaving_when_the_loop_ended_begins_again(caplog):
    """The loop's end breaks off the clean-up itself; the owner, cancelled for the first time, sees to a second one."""
    async with endless() as sandbox:
        sandbox.fault(Fault(Stall(30.0), verb="cancel"))
        exa = exa_on(sandbox)
        owner = start(leave(exa.agent.runs.create(query="q")))
        await asyncio.sleep(1)
        await end_the_loop()

        assert owner.cancelled()
        assert not sandbox.ledger.active()
        assert sandbox.ledger.count("cancel") == 2
        assert "at the second attempt" in caplog.messages[-1]
        assert ours() == []
        await exa.aclose()


async def test_a_group_that_was_being_left_when_the_loop_ended_begins_again():
    """As a single job does; the exception that ended the block stays the context of the cancellation."""
    async with endless() as sandbox:
        exa = exa_on(sandbox)
        jobs = [await exa.agent.runs.create(query="q") for _ in range(3)]
        sandbox.fault(Fault(Stall(30.0), verb="cancel", times=3))
        owner = start(fail_in_group(jobs))
        await asyncio.sleep(1)
        await end_the_loop()

        assert owner.cancelled()
        assert not sandbox.ledger.active()
        assert ours() == []
        await exa.aclose()


async def test_an_owner_who_was_leaving_because_of_a_cancel_goes_at_once_when_the_loop_ends(caplog):
    """It is the second cancel, as that of a second Ctrl-C: what is left behind is named in the log."""
    async with endless() as sandbox:
        sandbox.fault(Fault(Stall(30.0), verb="cancel"))
        exa = exa_on(sandbox)
        owner = start(hold(exa.agent.runs.create(query="q")))
        await asyncio.sleep(1)
        owner.cancel()
        await asyncio.sleep(1)
        before = now()
        with caplog.at_level(logging.ERROR):
            await end_the_loop()

        assert owner.cancelled()
        assert now() == before
        (left,) = sandbox.ledger.active()
        assert left.ref in caplog.text
        assert ours() == []
        await exa.aclose()


async def test_waiters_that_outlive_their_tasks_do_not_keep_the_clean_up_from_being_seen():
    """An iterator that is held keeps its waits; the watcher that the loop's end took must be replaced all the same."""
    async with endless(SLOW) as sandbox:
        exa = exa_on(sandbox)
        jobs = [await exa.agent.runs.create(query="q") for _ in range(3)]
        ends = as_completed(jobs)

        async def own():
            async with JobGroup() as group:
                for job in jobs:
                    group.add(job)
                await anext(ends)

        owner = start(own())
        await asyncio.sleep(1)
        before = now()
        await end_the_loop()

        assert owner.cancelled()
        assert all(job.state == "canceled" for job in jobs)
        assert now() - before < 10
        ends.close()
        await exa.aclose()


async def test_a_client_that_was_closing_when_the_loop_ended_is_closed():
    """What still ran is broken off and named; connections and tasks are gone."""
    async with endless() as sandbox:
        sandbox.fault(Fault(Stall(30.0), verb="cancel"))
        exa = exa_on(sandbox)
        entered = asyncio.Event()
        owner = start(hold(exa.agent.runs.create(query="q"), entered))
        await entered.wait()
        closing = start(exa.aclose())
        await asyncio.sleep(1)
        await end_the_loop()
        await turns()

        assert closing.cancelled()
        assert owner.done()
        assert ours() == []
        assert exa._engine._transport._session is None
        assert len(exa._engine.tasks) == 0
        owner.exception()


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit])
def test_an_interrupt_that_strikes_the_cancel_itself_keeps_nobody_waiting(stop, caplog):
    """A signal's exception is raised wherever the main thread is: an owner who lives on must hear of it."""
    loop = VirtualLoop()

    async def strike(_session, _context, params):
        if params.url.path.endswith("/cancel"):
            raise stop

    trace = aiohttp.TraceConfig()
    trace.on_request_start.append(strike)
    owners = []

    async def main():
        async with endless() as sandbox, exa_on(sandbox, trace=trace) as exa:
            owners.append(start(leave(exa.agent.runs.create(query="q"))))
            before = now()
            await asyncio.wait(owners)
            assert now() == before

    running = loop.create_task(main())
    with pytest.raises(stop):
        loop.run_until_complete(running)
    loop.run_until_complete(running)
    assert isinstance(owners[0].exception(), AsyncJobsError)
    assert "exa.agent_run:" in caplog.text
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()


def test_an_interrupt_that_strikes_the_watcher_ends_the_waits_that_outlive_it(caplog):
    """Nobody would look for them any more: whoever still waits hears that it failed."""

    class Struck(VirtualLoop):
        armed = False

        def call_at(self, when, callback, *args, **kwargs):
            if self.armed and getattr(callback, "__qualname__", "") == "Event.set":
                self.armed = False
                raise KeyboardInterrupt
            return super().call_at(when, callback, *args, **kwargs)

    loop = Struck()

    async def main():
        async with endless() as sandbox, exa_on(sandbox) as exa:
            job = await exa.agent.runs.create(query="q")
            waiting = start(job.wait())
            await asyncio.sleep(0.1)
            loop.armed = True
            await asyncio.wait((waiting,), timeout=100)
            assert isinstance(waiting.exception(), AsyncJobsError)
            assert (await job.cancel()) == "canceled"

    running = loop.create_task(main())
    with pytest.raises(KeyboardInterrupt):
        loop.run_until_complete(running)
    loop.run_until_complete(running)
    loop.close()
