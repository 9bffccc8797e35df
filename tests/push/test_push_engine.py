"""A client that is fed from outside: what it takes in, what it asks for, and what it no longer needs to ask."""

from __future__ import annotations

import asyncio
import gc

import pytest
from push_world import create, now, shown, world

from asyncjobs import ClientClosed, Exa, InvalidArgument, JobRef, JobState, WaterCrawl, WrongLoop, wait_all
from asyncjobs.exa import ENRICHMENT, SEARCH
from asyncjobs.kinds import Pace
from asyncjobs.sandbox import Fault, Life, Sandbox, Stale
from asyncjobs.watercrawl import SEARCH as CRAWL_SEARCH


def push(exa, sandbox, job, source="webhook"):
    exa.push(SEARCH, shown(sandbox, job), source=source)


async def test_an_end_that_is_pushed_ends_the_wait_without_a_request():
    """The whole object came with it."""
    async with world(works=5.0) as (sandbox, exa, [job]):
        with exa.expect_pushes(SEARCH):
            waiting = asyncio.create_task(job.wait())
            await asyncio.sleep(30.0)
            push(exa, sandbox, job)
            end = await waiting
        assert (end.state, end.source, now()) == (JobState.COMPLETED, "webhook", 30.0)
        assert end.resource.progress.completion == 100
        assert sandbox.ledger.count() == 0


async def test_a_push_is_an_update():
    """Those who follow a job see it."""
    async with world(works=50.0) as (sandbox, exa, [job]):
        with exa.expect_pushes(job.ref):
            updates = aiter(job)
            await anext(updates)
            following = asyncio.create_task(anext(updates))
            await asyncio.sleep(10.0)
            push(exa, sandbox, job, "event")
            seen = await following
            assert (seen.state, seen.source) == (JobState.RUNNING, "event")
        assert sandbox.ledger.count() == 0


@pytest.mark.parametrize("ids", [("webset",), ("webset", "job"), ()])
async def test_a_hint_is_a_look(ids):
    """At one job, at all in a container, or at all; soon, and not at the next slow look."""
    async with world(works=20.0) as (sandbox, exa, [job]):
        names = {"webset": job.ref.parts[0], "job": job.id}
        with exa.expect_pushes(SEARCH):
            waiting = asyncio.create_task(job.wait())
            await asyncio.sleep(21.0)
            exa.hint(SEARCH, *(names[each] for each in ids))
            end = await waiting
        assert (end.state, end.source) == (JobState.COMPLETED, "poll")
        assert now() == 21.0
        assert sandbox.ledger.count() == 1


async def test_a_hint_while_nobody_waits_is_not_forgotten():
    """Whoever waits next is not kept waiting for the slow look."""
    async with world(works=2.0) as (_, exa, [job]):
        with exa.expect_pushes(SEARCH):
            await asyncio.sleep(5.0)
            exa.hint(SEARCH, *job.ref.parts)
            await asyncio.sleep(1.0)
            await job.wait()
            assert now() == 6.0


async def test_hints_do_not_multiply_requests():
    """A thousand in ten seconds are ten looks."""
    async with world(works=None) as (sandbox, exa, [job]):
        with exa.expect_pushes(SEARCH):
            waiting = asyncio.create_task(job.wait())
            for _ in range(1000):
                exa.hint(SEARCH, job.ref.parts[0])
                await asyncio.sleep(0.01)
            assert sandbox.ledger.count() <= 11
            waiting.cancel()


async def test_an_event_that_is_ahead_of_the_service_is_followed_up():
    """The push says done, the look says running: looks go on for a while, and the wait ends by one of them."""
    async with world(works=5.0) as (sandbox, exa, [job]):
        with exa.expect_pushes(SEARCH):
            waiting = asyncio.create_task(job.wait())
            await asyncio.sleep(6.0)
            sandbox.fault(Fault(Stale(3.0), verb="look", times=None))
            exa.hint(SEARCH, *job.ref.parts)
            await waiting
            assert 8.0 <= now() <= 11.0


async def test_a_thousand_waits_cost_the_slow_looks_only():
    """Five minutes, a push for each end: a list of ten pages for each of five rounds, some pages twice."""
    async with world(count=1000, websets=1000, works=290.0) as (sandbox, exa, jobs):
        with exa.expect_pushes(SEARCH):
            waiting = asyncio.create_task(wait_all(jobs))
            await asyncio.sleep(295.0)
            for job in jobs:
                push(exa, sandbox, job)
            ends = await waiting
        assert {end.state for end in ends} == {JobState.COMPLETED}
        assert sandbox.ledger.count() <= 5 * 20
        assert sandbox.ledger.count("look") == 0


async def test_without_pushes_every_end_is_seen_at_the_slow_look():
    """Nothing hangs when a webhook is dead."""
    async with world(count=20, works=20.0) as (_, exa, jobs):
        with exa.expect_pushes(SEARCH):
            await wait_all(jobs)
            assert now() <= 67.0


async def test_a_dead_webhook_is_relied_on_no_longer():
    """After one end that nobody told of and another minute the usual pace is back, until the next push."""
    async with world(count=2, works=20.0) as (sandbox, exa, [first, second]):
        late = await create(exa, "exa.search", first.ref.parts[0])
        with exa.expect_pushes(SEARCH):
            await first.wait()
            await asyncio.sleep(60.0)
            began = now()
            sandbox.reopen(str(late.ref), Life.ordinary("exa.search", works=20.0))
            await late.wait()
            assert now() - began <= 27.0
            sandbox.ledger.clear()
            push(exa, sandbox, second)
            sandbox.script("exa.search", Life.ordinary("exa.search", works=None))
            last = await create(exa, "exa.search", first.ref.parts[0])
            sandbox.ledger.clear()
            waiting = asyncio.create_task(last.wait())
            await asyncio.sleep(50.0)
            assert sandbox.ledger.count() == 0
            waiting.cancel()


@pytest.mark.parametrize("whose", ["kind", "job"])
async def test_when_the_feeding_ends_the_usual_pace_is_back_at_once(whose):
    """Nobody waits for a slow look that was planned before."""
    async with world(works=20.0) as (_, exa, [job]):
        waiting = asyncio.create_task(job.wait())
        with exa.expect_pushes(SEARCH if whose == "kind" else job.ref):
            await asyncio.sleep(30.0)
            assert not waiting.done()
        await waiting
        assert now() <= 30.1


async def test_only_what_is_expected_is_looked_at_rarely():
    """A stream of one job says nothing of another."""
    async with world(count=2, works=20.0, paces={"exa.search": Pace(first=1.0, ceiling=1.0)}) as (_, exa, [one, two]):
        with exa.expect_pushes(one.ref):
            await two.wait()
            assert now() <= 22.0


async def test_a_push_about_a_job_that_nobody_holds_costs_nothing():
    """No handle, no memory, no request."""
    async with world() as (sandbox, exa, [job]):
        payload = shown(sandbox, job)
        for number in range(1000):
            exa.push(SEARCH, payload | {"id": f"s{number}"}, source="webhook")
            exa.hint(SEARCH, f"ws{number}")
        gc.collect()
        assert len(exa._engine._cores) == 1
        assert len(exa._engine.pushes._scopes) == 1
        assert sandbox.ledger.count() == 0


@pytest.mark.parametrize("payload", [{}, [], None, 3, "x", {"id": 7}, {"id": "x" * 500}, {"status": "completed"}])
async def test_a_push_that_makes_no_sense_changes_nothing(payload):
    """It ends no wait and breaks nothing."""
    async with world(works=5.0) as (_, exa, [job]):
        before = job.snapshot
        exa.push(SEARCH, payload, source="webhook")
        assert job.snapshot is before
        assert (await job.wait()).source == "poll"


async def test_a_push_without_a_status_hastens_a_look():
    """It is about the job, whatever it says."""
    async with world(works=5.0) as (_, exa, [job]):
        with exa.expect_pushes(SEARCH):
            waiting = asyncio.create_task(job.wait())
            await asyncio.sleep(10.0)
            exa.push(SEARCH, {"id": job.id, "status": 3}, job.ref.parts[0], source="webhook")
            assert (await waiting).source == "poll"
            assert now() == 10.0


async def test_a_look_that_began_before_a_push_does_not_take_it_back():
    """A reply on its way is older than what was pushed meanwhile."""
    async with world(works=5.0, latency=0.2) as (sandbox, exa, [job]):
        await asyncio.sleep(4.0)
        sandbox.fault(Fault(Stale(2.0), verb="look"))
        look = asyncio.create_task(job.refresh())
        await asyncio.sleep(0.1)
        push(exa, sandbox, job)
        figures = job.snapshot.progress
        await look
        assert job.snapshot.progress == figures
        assert job.snapshot.source == "webhook"


async def test_an_end_that_our_cancel_may_change_is_not_taken_from_hearsay():
    """While a service may write over an end, a look that began later decides."""
    async with (
        Sandbox(sockets=False) as sandbox,
        WaterCrawl("key", base_url=sandbox.url, session=sandbox.session()) as crawl,
    ):
        sandbox.script("watercrawl.search", Life.ordinary("watercrawl.search", works=None))
        job = await crawl.searches.create("cats")
        await asyncio.sleep(2.0)
        await job.refresh()
        canceling = asyncio.create_task(job.cancel())
        await asyncio.sleep(0.1)
        assert job.requested_by_us
        crawl.push(CRAWL_SEARCH, job.snapshot.raw | {"status": "finished"}, source="stream")
        assert not job.done
        assert await canceling == "canceled"


async def test_enrichments_are_found_by_their_webset():
    """A hint for a container reaches every kind that it is given for, and no other container."""
    async with world(count=2, websets=2, kind="exa.enrichment", works=20.0) as (sandbox, exa, [here, there]):
        with exa.expect_pushes(ENRICHMENT):
            waits = [asyncio.create_task(each.wait()) for each in (here, there)]
            await asyncio.sleep(25.0)
            exa.hint(ENRICHMENT, here.ref.parts[0])
            await asyncio.sleep(1.0)
            assert [wait.done() for wait in waits] == [True, False]
            exa.hint(ENRICHMENT, there.ref.parts[0])
            await wait_all([here, there])
        assert sandbox.ledger.count() == 2


async def test_a_closed_client_takes_nothing_in():
    """And says so."""
    async with world() as (sandbox, exa, [job]):
        payload = shown(sandbox, job)
    with pytest.raises(ClientClosed):
        exa.push(SEARCH, payload, source="webhook")
    with pytest.raises(ClientClosed):
        exa.hint(SEARCH)


def test_a_client_is_fed_on_its_own_loop():
    """A handler on another loop must not reach into it."""

    async def use(exa):
        exa.hint(SEARCH)

    exa = Exa("key", base_url="http://localhost:1")
    asyncio.run(use(exa))
    with pytest.raises(WrongLoop):
        asyncio.run(use(exa))
    exa._engine.closed = True


async def test_a_hint_names_what_it_is_about():
    """What can be no id is refused."""
    async with world() as (_, exa, _):
        for ids in (("",), (".",), ("a", 7), ("a", "b", "c")):
            with pytest.raises(InvalidArgument):
                exa.hint(SEARCH, *ids)


async def test_containers_that_nobody_holds_are_forgotten():
    """A client that lives for months sees many websets."""
    async with world() as (_, exa, _):
        exa.hint(SEARCH, "ws")
        for number in range(10_000):
            exa.job(JobRef("exa.search", (f"ws{number}", "s")))
        assert len(exa._engine.pushes._scopes) <= 1100
