"""Groups in depth: a thousand jobs, creates on the wire, nested groups, and jobs that are taken out."""

from __future__ import annotations

import asyncio

import pytest
from clients import exa_on, watercrawl_on
from loops import now, start, turns
from owning_world import RUN, endless, ours

from asyncjobs import JobGroup, Settings, cancel_all
from asyncjobs.sandbox import Answer, Fault, Life, Stall

SHORT = Life.ordinary("exa.agent_run", works=8.0)


async def test_a_thousand_jobs_are_cancelled_at_the_speed_of_the_lanes():
    """At Exa's rate of 5 writes a second that takes 200 s, whatever cleanup_timeout says of each; nothing is lost."""
    async with endless(latency=0.05) as sandbox:
        async with exa_on(sandbox) as creator:
            refs = [
                job.ref for job in await asyncio.gather(*(creator.agent.runs.create(query="q") for _ in range(1000)))
            ]
        exa = exa_on(sandbox, rates={"agent": 5.0}, cleanup_timeout=2)
        before = now()
        with pytest.raises(ZeroDivisionError) as caught:
            async with JobGroup() as group:
                for ref in refs:
                    group.add(exa.job(ref))
                raise ZeroDivisionError
        assert 199 <= now() - before <= 202
        assert sandbox.ledger.count("cancel") == 1000
        assert not sandbox.ledger.active()
        assert not hasattr(caught.value, "__notes__")
        assert ours() == []
        await exa.aclose()


async def test_without_a_rate_many_jobs_take_a_few_round_trips():
    """As many at once as there are connections."""
    async with endless(latency=0.05) as sandbox, exa_on(sandbox) as exa:
        with pytest.raises(ZeroDivisionError):
            async with JobGroup() as group:
                creating = (group.create(exa.agent.runs.create(query="q")) for _ in range(300))
                await asyncio.gather(*creating)
                before = now()
                raise ZeroDivisionError
        assert now() - before < 2
        assert not sandbox.ledger.active()


async def test_leaving_a_group_costs_what_cancel_all_costs():
    """No more requests, and no more time."""
    spent = []
    for owned in (True, False):
        async with endless(latency=0.05) as sandbox, watercrawl_on(sandbox) as watercrawl:
            jobs = await asyncio.gather(*(watercrawl.searches.create("q") for _ in range(100)))
            before = now()
            if owned:
                with pytest.raises(ZeroDivisionError):
                    async with JobGroup() as group:
                        for job in jobs:
                            group.add(job)
                        raise ZeroDivisionError
            else:
                assert (await cancel_all(jobs, concurrency=Settings().connections)).ok
            assert not sandbox.ledger.active()
            spent.append((now() - before, sandbox.ledger.count("cancel")))
    assert spent[0][1] == spent[1][1]
    assert spent[0][0] == pytest.approx(spent[1][0], rel=0.1)


# -- creates on the wire ----------------------------------------------------------


async def test_a_clean_exit_waits_for_what_other_tasks_create_in_the_group():
    """A job that the group is about to own is waited for like the others."""
    async with endless(SHORT) as sandbox, exa_on(sandbox) as exa:
        sandbox.fault(Fault(Stall(3.0), verb="create"))
        async with JobGroup() as group:
            creating = start(group.create(exa.agent.runs.create(query="q")))
            await asyncio.sleep(1)
        (job,) = group.jobs
        assert await creating == job
        assert job.state == "completed"
        assert sandbox.ledger.count("cancel") == 0


async def test_a_create_that_fails_does_not_keep_its_group():
    """Who created hears of it, and the group goes on."""
    async with endless(SHORT) as sandbox, exa_on(sandbox) as exa:
        sandbox.fault(Fault(Stall(3.0), verb="create"), Fault(Answer(402, {"error": "no money"}), verb="create"))
        async with JobGroup() as group:
            creating = [start(group.create(exa.agent.runs.create(query="q"))) for _ in range(2)]
            await asyncio.sleep(1)
        results = await asyncio.gather(*creating, return_exceptions=True)
        assert len(group.jobs) == 1
        assert [type(result).__name__ for result in results] == ["Job", "PaymentRequired"]


@pytest.mark.parametrize("how", ["exception", "cancel"])
async def test_a_create_on_the_wire_when_its_group_is_left_ends_with_its_job_cancelled(how):
    """The group owned it from the first byte; whoever awaits the create hears that the block is over."""
    async with endless() as sandbox, exa_on(sandbox) as exa:
        sandbox.fault(Fault(Stall(3.0), verb="create"))
        creating = []

        async def own():
            async with JobGroup() as group:
                creating.append(start(group.create(exa.agent.runs.create(query="q"))))
                await asyncio.sleep(1)
                if how == "exception":
                    raise ZeroDivisionError
                await asyncio.sleep(100)

        owner = start(own())
        await asyncio.sleep(1.5)
        owner.cancel()
        await asyncio.wait([owner, *creating])
        assert isinstance(creating[0].exception(), RuntimeError)
        assert len(sandbox.ledger.created()) == 1
        assert not sandbox.ledger.active()


@pytest.mark.parametrize("how", ["exception", "cancel"])
async def test_a_member_task_that_creates_is_cancelled_with_its_group(how):
    """A task group around the creates takes them down; what they had sent is cancelled before they end."""
    async with endless() as sandbox, exa_on(sandbox) as exa:
        sandbox.fault(Fault(Stall(3.0), verb="create", times=2))

        async def own():
            async with JobGroup() as group, asyncio.TaskGroup() as tasks:
                for _ in range(4):
                    tasks.create_task(group.create(exa.agent.runs.create(query="q")))
                await asyncio.sleep(1)
                if how == "exception":
                    raise ZeroDivisionError

        owner = start(own())
        await asyncio.sleep(1.5)
        owner.cancel()
        await asyncio.wait((owner,))
        assert owner.cancelled() or isinstance(owner.exception(), ExceptionGroup)
        assert len(sandbox.ledger.created()) == 4
        assert not sandbox.ledger.active()
        assert exa.adopted == []


# -- groups in groups ----------------------------------------------------------------


async def test_an_exception_takes_down_every_group_that_it_leaves_and_no_other():
    """The inner one's jobs first, then the outer one's."""
    async with endless() as sandbox, exa_on(sandbox) as exa:
        outer_job, inner_job, free = [await exa.agent.runs.create(query="q") for _ in range(3)]
        async with JobGroup() as bystander:
            bystander.add(free)
            with pytest.raises(ZeroDivisionError):
                async with JobGroup() as outer:
                    outer.add(outer_job)
                    try:
                        async with JobGroup() as inner:
                            inner.add(inner_job)
                            raise ZeroDivisionError
                    finally:
                        assert inner_job.state == "canceled"
                        assert not outer_job.done
            assert outer_job.state == "canceled"
            assert not free.done
            free.detach()


async def test_a_job_in_two_groups_is_owned_until_the_last_has_left():
    """The one that is left cleanly waits for it; had it failed, it would have cancelled it."""
    async with endless(SHORT) as sandbox, exa_on(sandbox) as exa:
        async with JobGroup() as outer:
            job = await outer.create(exa.agent.runs.create(query="q"))
            async with JobGroup() as inner:
                inner.add(exa.job(job.ref))
            assert job.state == "completed"
            assert job.owned
        assert not job.owned
        assert sandbox.ledger.count("cancel") == 0


# -- taken out -------------------------------------------------------------------------


async def test_a_job_that_is_taken_out_while_its_group_waits_is_not_waited_for():
    """The block is left when the others have ended."""
    async with endless() as sandbox, exa_on(sandbox) as exa:
        async with JobGroup() as group:
            job = await group.create(exa.agent.runs.create(query="q"))
            asyncio.get_running_loop().call_later(5, job.detach)
            before = now()
        assert now() - before == pytest.approx(5)
        assert not job.done
        assert group.jobs == ()
        await turns()
        assert ours() == []
        await job.cancel()


async def test_taking_one_out_does_not_end_the_wait_for_the_others():
    """Neither the wait nor the ownership."""
    async with endless() as sandbox, exa_on(sandbox) as exa:
        sandbox.script("exa.agent_run", RUN)
        async with JobGroup() as group:
            first = await group.create(exa.agent.runs.create(query="q"))
            second = await group.create(exa.agent.runs.create(query="q"))
            asyncio.get_running_loop().call_later(5, first.detach)
            asyncio.get_running_loop().call_later(9, sandbox.end, str(second.ref), "completed")
            before = now()
        assert now() - before >= 9
        assert second.state == "completed"
        assert group.jobs == (second,)
        await first.cancel()


async def test_a_job_that_is_taken_out_while_it_is_cleaned_up_is_cancelled_all_the_same():
    """It was owned when the block was left; detach comes too late to call the request back."""
    async with endless() as sandbox, exa_on(sandbox) as exa:
        sandbox.fault(Fault(Stall(3.0), verb="cancel"))
        job = await exa.agent.runs.create(query="q")
        asyncio.get_running_loop().call_later(1, job.detach)
        with pytest.raises(ZeroDivisionError):
            async with JobGroup() as group:
                group.add(job)
                raise ZeroDivisionError
        assert job.state == "canceled"
        assert not job.owned
        assert not len(exa._engine._owners)


async def test_detaching_and_leaving_in_the_same_moment_counts_once():
    """Whichever is first, the ownership is given up once, and other owners keep theirs."""
    async with endless() as sandbox, exa_on(sandbox) as exa:
        job = await exa.agent.runs.create(query="q")
        twin = exa.job(job.ref)
        async with twin:
            async with job:
                async with job:
                    job.detach()
                    assert not job.owned
                assert not job.owned
            assert twin.owned
            assert len(exa._engine._owners) == 1
            assert not sandbox.ledger.count("cancel")
        assert job.state == "canceled"
        assert not len(exa._engine._owners)
