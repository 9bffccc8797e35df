"""Waiting for jobs in many websets by the service's list of events."""

from __future__ import annotations

import asyncio

import pytest
from push_world import create, now, world

from asyncjobs import JobState, wait_all
from asyncjobs.sandbox import Answer, Fault, Life, Lose, Replace, Stale

FROM = 12


def reading(**options):
    return world(**({"count": 150, "websets": 150, "works": 60.0, "feed_from": FROM} | options))


def asked(sandbox):
    """Return how often the events, lists of websets, and single jobs or websets were asked for."""
    ledger = sandbox.ledger
    return ledger.count("list", "exa.event"), ledger.count("list", "exa.webset"), ledger.count("look")


async def test_many_websets_are_one_list_of_events():
    """A minute of a hundred and fifty: an event list every two seconds, and the lists of websets at their slow pace."""
    async with reading() as (sandbox, _, jobs):
        ends = await wait_all(jobs)
        assert {end.state for end in ends} == {JobState.COMPLETED}
        assert {end.source for end in ends} == {"event"}
        events, lists, looks = asked(sandbox)
        assert now() <= 63.0
        assert events <= 33
        assert lists <= 14
        assert looks == 0


async def test_a_few_websets_are_looked_at_as_usual():
    """Below the number that makes it worth it no event is read."""
    async with reading(count=50, websets=FROM - 1) as (sandbox, _, jobs):
        await wait_all(jobs)
        assert asked(sandbox)[0] == 0


async def test_who_did_not_ask_for_it_has_no_events_read():
    """Its caveats are the user's to accept."""
    async with reading(feed_from=None) as (sandbox, _, jobs):
        await wait_all(jobs)
        assert asked(sandbox)[0] == 0


@pytest.mark.parametrize("fault", [Answer(403), Answer(404), Answer(400), Replace(b"[]"), Replace(b'{"data": 3}')])
async def test_events_that_cannot_be_read_leave_the_waits_to_lists(fault):
    """And every wait ends as it would."""
    async with reading() as (sandbox, _, jobs):
        sandbox.fault(Fault(fault, kind="exa.event", times=None))
        ends = await wait_all(jobs)
        assert {end.state for end in ends} == {JobState.COMPLETED}
        assert now() <= 68.0
        assert asked(sandbox)[0] <= 2


@pytest.mark.parametrize("fault", [Answer(500), Lose()])
async def test_events_that_fail_for_long_are_relied_on_no_longer(fault):
    """The usual pace is back at once, and later they are tried again."""
    async with reading(works=100.0) as (sandbox, _, jobs):
        waiting = asyncio.create_task(wait_all(jobs))
        await asyncio.sleep(10.0)
        lists = asked(sandbox)[1]
        sandbox.fault(Fault(fault, kind="exa.event", lasts=30.0))
        await asyncio.sleep(30.0)
        assert asked(sandbox)[1] >= lists + 6
        ends = await waiting
        assert {end.source for end in ends} == {"event"}
        assert now() <= 103.0


async def test_one_failure_is_no_reason_to_look_at_everything():
    """The window of the next reading begins where the last one ended."""
    async with reading(works=30.0) as (sandbox, _, jobs):
        waiting = asyncio.create_task(wait_all(jobs))
        await asyncio.sleep(29.0)
        lists = asked(sandbox)[1]
        sandbox.fault(Fault(Answer(500), kind="exa.event", times=2))
        ends = await waiting
        assert {end.source for end in ends} == {"event"}
        assert asked(sandbox)[1] == lists
        assert now() <= 37.0


async def test_events_that_turn_up_late_are_read_all_the_same():
    """Windows overlap."""
    async with reading(works=30.0) as (sandbox, _, jobs):
        sandbox.fault(Fault(Stale(8.0), kind="exa.event", times=None))
        ends = await wait_all(jobs)
        assert {end.source for end in ends} == {"event"}
        assert now() <= 42.0


async def test_ends_that_no_event_tells_are_seen_by_the_slow_look():
    """A list of events that stays empty ends no wait and hides no end; then it is relied on no longer."""
    async with reading(works=30.0) as (sandbox, _, jobs):
        sandbox.fault(
            Fault(Replace(b'{"data": [], "hasMore": false, "nextCursor": null}'), kind="exa.event", times=None)
        )
        ends = await wait_all(jobs)
        assert {end.source for end in ends} <= {"survey", "poll"}
        assert now() <= 75.0


async def test_a_cancel_of_a_whole_webset_is_seen():
    """Its searches may not be told of one by one: the webset that is idle shows them, or a look does."""
    async with reading(works=None) as (_, exa, jobs):
        waiting = asyncio.create_task(wait_all(jobs))
        await asyncio.sleep(10.0)
        for job in jobs:
            await exa.websets.cancel(job.ref.parts[0])
        canceled = now()
        ends = await waiting
        assert {end.state for end in ends} == {JobState.CANCELED}
        assert now() - canceled <= 5.0


async def test_a_deleted_webset_is_seen():
    """Its jobs are gone."""
    async with reading(works=None, count=40, websets=40) as (_, exa, jobs):
        waiting = asyncio.create_task(wait_all(jobs))
        await asyncio.sleep(10.0)
        for job in jobs:
            await exa.websets.delete(job.ref.parts[0])
        deleted = now()
        ends = await waiting
        assert {end.state for end in ends} <= {JobState.GONE, JobState.CANCELED}
        assert now() - deleted <= 15.0


async def test_enrichments_have_no_events_and_are_looked_at_as_usual():
    """Who waits for many of them reads the lists anyway, and no events."""
    async with reading(kind="exa.enrichment", works=20.0, count=40, websets=40) as (sandbox, _, jobs):
        await wait_all(jobs)
        assert asked(sandbox)[0] == 0
        assert now() <= 27.0


async def test_who_follows_a_job_has_its_progress():
    """Events tell of ends; the rest is looked at as usual."""
    async with reading(count=40, websets=40, works=40.0) as (_, _, jobs):
        waiting = asyncio.create_task(wait_all(jobs))
        await asyncio.sleep(10.0)
        seen = 0
        async for _ in jobs[0]:
            seen += 1
        assert seen >= 5
        await waiting


async def test_nothing_is_read_for_nobody():
    """The last who leaves ends the reading, also one under way."""
    async with reading(works=None, latency=1.0, count=40, websets=40) as (sandbox, exa, jobs):
        waits = [asyncio.create_task(job.wait()) for job in jobs]
        await asyncio.sleep(20.3)
        for wait in waits:
            wait.cancel()
        await asyncio.wait(waits)
        await asyncio.sleep(1.0)
        sandbox.ledger.clear()
        await asyncio.sleep(100.0)
        assert sandbox.ledger.count() == 0
        assert not exa._engine._services.trust
        assert not exa._engine.tasks
        late = await create(exa, "exa.search", jobs[0].ref.parts[0])
        waiting = asyncio.create_task(late.wait())
        await asyncio.sleep(10.0)
        assert asked(sandbox)[0] == 0
        waiting.cancel()


async def test_a_client_may_close_while_events_are_read():
    """Whoever waits hears of it."""
    async with reading(works=None, latency=1.0, count=40, websets=40) as (_, exa, jobs):
        waits = [asyncio.create_task(job.wait()) for job in jobs]
        await asyncio.sleep(20.3)
        await exa.aclose()
        results = await asyncio.gather(*waits, return_exceptions=True)
        assert {type(result).__name__ for result in results} == {"ClientClosed"}


async def test_waits_that_come_later_are_served_too():
    """Whoever joins is told by the next reading."""
    async with reading(works=60.0) as (sandbox, exa, jobs):
        waiting = asyncio.create_task(wait_all(jobs))
        await asyncio.sleep(30.0)
        late = await create(exa, "exa.search", jobs[0].ref.parts[0])
        sandbox.reopen(str(late.ref), Life.ordinary("exa.search", works=5.0))
        began = now()
        assert (await late.wait()).source == "event"
        assert now() - began <= 9.0
        await waiting


async def test_more_than_can_be_read_is_not_read():
    """A service where ten thousand things happen in a moment is looked at as usual."""
    rows = b",".join(b'{"id": "e%d", "type": "webset.idle", "data": {}}' % number for number in range(200))
    async with reading(works=20.0) as (sandbox, _, jobs):
        body = b'{"data": [' + rows + b'], "hasMore": true, "nextCursor": "on"}'
        sandbox.fault(Fault(Answer(200, body), kind="exa.event", times=None))
        await wait_all(jobs)
        assert asked(sandbox)[0] == 10
        assert now() <= 27.0
