"""Owning under anyio: scopes, shields, task groups, and closing while being cancelled."""

from __future__ import annotations

import asyncio
import logging

import anyio
import anyio.lowlevel
import attrs
import pytest
from clients import exa_on
from loops import now, start
from owning_world import RUN, endless, hold, ours

from asyncjobs import CancelUnconfirmed, JobGroup, PermissionDenied, Settings, TransportError
from asyncjobs.sandbox import Answer, Drop, Fault, Stall

SLOW = attrs.evolve(RUN, after_cancel=((3.0, "cancelled"),))

HOW = {
    "forbidden": (Fault(Answer(403, {"error": "no"}), verb="cancel", times=None), PermissionDenied),
    "down": (Fault(Drop(), verb="cancel", times=None), (TransportError, CancelUnconfirmed)),
    "hanging": (Fault(Stall(100.0), verb="cancel", times=None), CancelUnconfirmed),
}
failing = pytest.mark.parametrize("how", HOW)
in_both = pytest.mark.parametrize("group", [False, True], ids=["job", "group"])


# -- scopes ------------------------------------------------------------------------


async def test_fail_after_gives_its_own_error_when_the_job_was_cancelled():
    """The scope's TimeoutError, after the clean-up."""
    async with endless(SLOW) as sandbox, exa_on(sandbox) as exa:
        before = now()
        with pytest.raises(TimeoutError):
            with anyio.fail_after(2):
                await hold(exa.agent.runs.create(query="q"))
        assert now() - before >= 5
        assert not sandbox.ledger.active()


async def test_a_shielded_block_in_a_cancelled_scope_is_left_when_it_ends():
    """The user's own shield keeps the scope out; leaving cancels the job, and the scope is told then."""
    async with endless(SLOW) as sandbox, exa_on(sandbox) as exa:
        after = False
        with anyio.move_on_after(1) as scope:
            with anyio.CancelScope(shield=True):
                async with exa.agent.runs.create(query="q") as job:
                    await anyio.sleep(4)
            assert job.state == "canceled"
            await anyio.lowlevel.checkpoint()
            after = True
        assert scope.cancelled_caught
        assert not after


async def test_a_shield_within_the_block_does_not_hold_the_clean_up():
    """Scopes in scopes, cancelled from the outside: inner shields end when their time is up."""
    async with endless(SLOW) as sandbox, exa_on(sandbox) as exa:
        before = now()
        with anyio.move_on_after(1):
            async with exa.agent.runs.create(query="q"):
                with anyio.move_on_after(2, shield=True):
                    await anyio.sleep(100)
                await anyio.sleep(100)
        assert 5 <= now() - before < 8
        assert not sandbox.ledger.active()


async def test_a_users_own_clean_up_in_a_cancelled_scope_meets_the_scope_at_every_checkpoint():
    """anyio's cancellation is a level: what the block's end awaits is kept from it, what the user awaits is not."""
    async with endless(SLOW) as sandbox, exa_on(sandbox) as exa:
        met = 0
        with anyio.CancelScope() as scope:
            async with exa.agent.runs.create(query="q") as job:
                scope.cancel()
                for _ in range(3):
                    try:
                        await anyio.lowlevel.checkpoint()
                    except asyncio.CancelledError:
                        met += 1
        assert met == 3
        assert job.state == "canceled"
        assert not sandbox.ledger.active()


async def test_a_failing_sibling_waits_for_the_clean_up_of_the_others():
    """The task group ends when all owners have left their blocks."""
    async with endless(SLOW) as sandbox, exa_on(sandbox) as exa:
        with pytest.raises(ExceptionGroup) as caught:
            async with anyio.create_task_group() as tasks:
                for _ in range(5):
                    tasks.start_soon(hold, exa.agent.runs.create(query="q"))
                await anyio.sleep(1)
                raise ZeroDivisionError
        assert [type(error) for error in caught.value.exceptions] == [ZeroDivisionError]
        assert len(sandbox.ledger.created()) == 5
        assert not sandbox.ledger.active()


def own_in_scope(job, *, group):
    """Start a task that owns the job, alone or in a group, within a scope; return both."""
    scope = anyio.CancelScope()

    async def own():
        with scope:
            async with JobGroup() as owned:
                if group:
                    owned.add(job)
                    await anyio.sleep(100)
                await hold(job)

    return start(own()), scope


@in_both
@pytest.mark.parametrize("first", ["native", "both"])
async def test_a_native_cancel_and_then_a_scope_do_not_cut_the_clean_up_short(first, group):
    """The leaver waits for the clean-up, and the native cancel goes on."""
    async with endless(SLOW) as sandbox, exa_on(sandbox) as exa:
        job = await exa.agent.runs.create(query="q")
        owner, scope = own_in_scope(job, group=group)
        await asyncio.sleep(1)
        if first == "both":
            scope.cancel()
        owner.cancel()
        await asyncio.sleep(1)
        scope.cancel()
        await asyncio.wait((owner,))
        assert owner.cancelled()
        assert job.state == "canceled"


@in_both
async def test_a_native_cancel_after_that_of_a_scope_is_the_second_one(group):
    """It lets the leaver go, and the client finishes the clean-up."""
    async with endless(SLOW) as sandbox:
        exa = exa_on(sandbox)
        job = await exa.agent.runs.create(query="q")
        owner, scope = own_in_scope(job, group=group)
        await asyncio.sleep(1)
        scope.cancel()
        await asyncio.sleep(1)
        owner.cancel()
        before = now()
        await asyncio.wait((owner,))
        assert owner.cancelled()
        assert now() == before
        await exa.aclose()
        assert job.state == "canceled"


# -- closing -----------------------------------------------------------------------


@pytest.mark.parametrize("how", ["scope", "native", "both"])
async def test_closing_is_not_interrupted_and_the_cancellation_goes_on_after_it(how):
    """An owned job is cancelled while its client closes, whatever happens to who closes."""
    async with endless(SLOW) as sandbox:
        exa = exa_on(sandbox)
        entered = asyncio.Event()
        owner = start(hold(exa.agent.runs.create(query="q"), entered))
        await entered.wait()
        scope = anyio.CancelScope()
        passed = False

        async def close():
            nonlocal passed
            with scope:
                await exa.aclose()
                await anyio.lowlevel.checkpoint()
                passed = True

        closing = start(close())
        await asyncio.sleep(1)
        if how != "native":
            scope.cancel()
        if how != "scope":
            closing.cancel()
        await asyncio.wait((closing, owner))
        assert closing.cancelled() == (how != "scope")
        assert not passed
        assert not sandbox.ledger.active()
        assert ours() == []
        assert type(owner.exception()).__name__ == "ClientClosed"


async def test_a_job_that_is_detached_while_its_client_closes_was_owned_when_it_began():
    """Its cancel is under way; the block is left without another one."""
    async with endless(SLOW) as sandbox:
        exa = exa_on(sandbox)
        async with exa.agent.runs.create(query="q") as job:
            closing = start(exa.aclose())
            await asyncio.sleep(1)
            job.detach()
        await closing
        assert job.state == "canceled"
        assert sandbox.ledger.count("cancel") == 1


# -- clean-ups that fail --------------------------------------------------------------


@failing
async def test_a_failed_clean_up_with_nothing_under_way_raises_and_is_logged(how, caplog):
    """Who leaves cleanly must hear that the job may run on, by its ref."""
    fault, expected = HOW[how]
    async with endless() as sandbox:
        exa = exa_on(sandbox, cleanup_timeout=3, retry_budget=1)
        job = await exa.agent.runs.create(query="q")
        sandbox.fault(fault)
        with caplog.at_level(logging.ERROR), pytest.raises(expected) as caught:
            async with job:
                pass
        assert caught.value.ref == job.ref
        assert str(job.ref) in caplog.text
        await exa.aclose()
        assert ours() == []
        await asyncio.sleep(200)


@failing
@in_both
async def test_a_failed_clean_up_is_a_note_on_what_is_under_way(how, group, caplog):
    """The exception goes on as it was; a group's members are all named."""
    fault, _ = HOW[how]
    async with endless() as sandbox:
        exa = exa_on(sandbox, cleanup_timeout=3, retry_budget=1)
        jobs = [await exa.agent.runs.create(query="q") for _ in range(3 if group else 1)]
        sandbox.fault(fault)
        with caplog.at_level(logging.ERROR), pytest.raises(ZeroDivisionError) as caught:
            if group:
                async with JobGroup() as owned:
                    for job in jobs:
                        owned.add(job)
                    raise ZeroDivisionError
            async with jobs[0]:
                raise ZeroDivisionError
        notes = "\n".join(caught.value.__notes__)
        for job in jobs:
            assert f"{job.ref} could not be cancelled and may still be running" in notes
            assert str(job.ref) in caplog.text
        assert len(caught.value.__notes__) == len(jobs)
        await exa.aclose()
        await asyncio.sleep(200)


async def test_what_a_scope_swallows_is_still_in_the_log(caplog):
    """The note goes with the cancellation that ``move_on_after`` takes back; the log stays."""
    async with endless() as sandbox:
        exa = exa_on(sandbox, cleanup_timeout=3)
        job = await exa.agent.runs.create(query="q")
        sandbox.fault(HOW["forbidden"][0])
        with caplog.at_level(logging.ERROR), anyio.move_on_after(1) as scope:
            await hold(job)
        assert scope.cancelled_caught
        assert str(job.ref) in caplog.text
        await exa.aclose()


async def test_two_owners_of_whom_one_fails_to_clean_up_share_the_failure():
    """Each hears of it in its own way: the first in its note, the second by a cancel that is tried anew."""
    async with endless() as sandbox:
        exa = exa_on(sandbox, cleanup_timeout=Settings().cleanup_timeout)
        job = await exa.agent.runs.create(query="q")
        twin = exa.job(job.ref)
        sandbox.fault(Fault(Answer(403, {"error": "no"}), verb="cancel"))
        async with twin:
            with pytest.raises(ZeroDivisionError) as caught:
                async with job:
                    raise ZeroDivisionError
            assert str(job.ref) in caught.value.__notes__[0]
            assert sandbox.ledger.active()
        assert job.state == "canceled"
        assert not sandbox.ledger.active()
        await exa.aclose()
