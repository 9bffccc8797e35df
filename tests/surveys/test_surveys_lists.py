"""Waiting for many jobs by the lists that show them."""

from __future__ import annotations

import asyncio
import contextlib
import itertools

import pytest
from aiohttp import web
from services import URL, serving

from asyncjobs import (
    AuthenticationError,
    Exa,
    JobState,
    JobUnreachable,
    ProtocolError,
    Settings,
    WaitTimeout,
    WaterCrawl,
    wait_all,
)
from asyncjobs.kinds import Pace
from asyncjobs.sandbox import Answer, Fault, Life, Replace, Sandbox, Stale, Stall

MANY = 40
STEADY = Pace(first=1.0, factor=1.0, ceiling=1.0)
KINDS = ("exa.search", "exa.enrichment", "exa.agent_run", "watercrawl.search")


def now():
    return asyncio.get_running_loop().time()


@contextlib.asynccontextmanager
async def world(kind, *, count=MANY, websets=2, works=20.0, **settings):
    """Open a service with so many running jobs, and a client; the ledger begins with the waiting."""
    settings = Settings(paces={kind: STEADY}, **settings)
    async with Sandbox(sockets=False) as sandbox:
        make = WaterCrawl if kind == "watercrawl.search" else Exa
        async with make("key", base_url=sandbox.url, session=sandbox.session(), settings=settings) as client:
            sandbox.script(kind, Life.ordinary(kind, works=works), times=None)
            ids = (
                [(await client.websets.create()).id for _ in range(websets)]
                if "run" not in kind and make is Exa
                else []
            )
            jobs = [await create(client, kind, ids[number % websets] if ids else None) for number in range(count)]
            sandbox.ledger.clear()
            yield sandbox, client, jobs


async def create(client, kind, webset):
    match kind:
        case "exa.search":
            return await client.websets.searches.create(webset, query="cats", count=5)
        case "exa.enrichment":
            return await client.websets.enrichments.create(webset, description="How old?")
        case "exa.agent_run":
            return await client.agent.runs.create(query="cats")
    return await client.searches.create("cats")


def asked(sandbox):
    """Return how many single looks there were, and how many lists were asked for."""
    singles = sandbox.ledger.count("look") - sandbox.ledger.count("look", "exa.webset")
    return singles, sandbox.ledger.count() - singles


def faulty(sandbox, kind, action, **options):
    """Let the lists that show this kind go wrong."""
    if kind in {"exa.search", "exa.enrichment"}:
        sandbox.fault(Fault(action, method="GET", kind="exa.webset", **options))
    else:
        sandbox.fault(Fault(action, verb="list", **options))


@pytest.mark.parametrize("kind", KINDS)
async def test_many_waits_are_a_few_requests(kind):
    """Twenty seconds of forty jobs, a look each second: eight hundred looks one by one."""
    async with world(kind) as (sandbox, _, jobs):
        ends = await wait_all(jobs)
        assert {end.state for end in ends} == {JobState.COMPLETED}
        singles, lists = asked(sandbox)
        assert singles <= 4
        assert lists <= 50


@pytest.mark.parametrize("kind", KINDS)
async def test_nobody_is_told_later_than_by_looks_of_ones_own(kind):
    """One interval after the end at the latest, and its jitter."""
    async with world(kind) as (_, _, jobs):
        began = now()
        await wait_all(jobs)
        assert now() - began <= 20 + 1.0 * 1.25


@pytest.mark.parametrize("kind", KINDS)
async def test_what_a_list_shows_says_so(kind):
    """And is the whole payload."""
    async with world(kind) as (_, client, jobs):
        await wait_all(jobs)
        last = jobs[0].snapshot
        assert last.source == "survey"
        assert last.raw == (await client.job(jobs[0].ref).refresh()).raw


async def test_one_job_is_looked_at_alone():
    """A list would be more, not less."""
    async with world("exa.agent_run", count=1) as (sandbox, _, jobs):
        await wait_all(jobs)
        assert asked(sandbox)[1] == 0


async def test_searches_and_enrichments_of_a_webset_are_one_request():
    """It shows both."""
    async with world("exa.search", count=1, websets=1) as (sandbox, exa, jobs):
        sandbox.script("exa.enrichment", Life.ordinary("exa.enrichment", works=20.0))
        jobs.append(await create(exa, "exa.enrichment", jobs[0].ref.parts[0]))
        sandbox.ledger.clear()
        await wait_all(jobs)
        singles, lists = asked(sandbox)
        assert singles <= 2
        assert lists >= 5


@pytest.mark.parametrize("kind", KINDS)
async def test_what_a_list_does_not_show_is_looked_at_alone(kind):
    """Absence is never "gone": the list of a service may be behind."""
    async with world(kind) as (sandbox, _, jobs):
        faulty(sandbox, kind, Stale(1000.0), times=None)
        ends = await wait_all(jobs)
        assert {end.state for end in ends} == {JobState.COMPLETED}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("status", [400, 403, 404])
async def test_a_list_that_is_refused_falls_back_to_single_looks(kind, status):
    """And every wait ends as it would."""
    async with world(kind) as (sandbox, _, jobs):
        faulty(sandbox, kind, Answer(status), times=None)
        began = now()
        ends = await wait_all(jobs)
        assert {end.state for end in ends} == {JobState.COMPLETED}
        assert now() - began <= 23
        assert asked(sandbox)[1] <= 12


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"data": 3, "results": 3, "searches": 3}', b"{}"])
async def test_a_list_that_makes_no_sense_falls_back_to_single_looks(body):
    """It ends no wait."""
    async with world("exa.agent_run") as (sandbox, _, jobs):
        faulty(sandbox, "exa.agent_run", Replace(body), times=None)
        assert {end.state for end in await wait_all(jobs)} == {JobState.COMPLETED}


async def test_rows_that_make_no_sense_hide_nobody_else():
    """Each such job is looked at alone."""
    rows = b'{"data": [3, null, {}, {"id": 7}, {"id": "x", "status": "running"}], "hasMore": false}'
    async with world("exa.agent_run") as (sandbox, _, jobs):
        faulty(sandbox, "exa.agent_run", Replace(rows), times=5)
        assert {end.state for end in await wait_all(jobs)} == {JobState.COMPLETED}


async def test_a_wrong_key_ends_all_waits():
    """The list says so, and then each look."""
    async with world("exa.agent_run") as (sandbox, _, jobs):
        sandbox.fault(Fault(Answer(401), times=None))
        ends = await asyncio.gather(*(job.wait() for job in jobs), return_exceptions=True)
        assert {type(end) for end in ends} == {AuthenticationError}


@pytest.mark.parametrize("kind", KINDS)
async def test_a_list_that_fails_for_long_leaves_the_waits_to_single_looks(kind):
    """The lists of a service may be down while its jobs can be looked at."""
    async with world(kind, works=60.0) as (sandbox, _, jobs):
        faulty(sandbox, kind, Answer(500), times=None)
        began = now()
        ends = await wait_all(jobs)
        assert {end.state for end in ends} == {JobState.COMPLETED}
        assert now() - began <= 75


async def test_jobs_are_unreachable_by_lists_too():
    """When nothing succeeds for long enough."""
    async with world("exa.agent_run", works=None, unreachable_after=60.0) as (sandbox, _, jobs):
        await asyncio.sleep(1)
        sandbox.fault(Fault(Answer(500), times=None))
        began = now()
        ends = await asyncio.gather(*(job.wait() for job in jobs), return_exceptions=True)
        assert {type(end) for end in ends} == {JobUnreachable}
        assert 60 <= now() - began <= 110


async def test_a_refresh_is_a_look_of_its_own():
    """A list that is being read began before the call."""
    async with world("exa.agent_run") as (sandbox, _, jobs):
        waiting = asyncio.create_task(wait_all(jobs))
        await asyncio.sleep(5)
        before = asked(sandbox)[0]
        await jobs[0].refresh()
        assert asked(sandbox)[0] == before + 1
        await waiting


async def test_the_last_who_leaves_ends_the_looking():
    """Nothing is asked for nobody."""
    async with world("exa.agent_run", works=None) as (sandbox, exa, jobs):
        waits = [asyncio.create_task(job.wait()) for job in jobs]
        await asyncio.sleep(5.05)
        for wait in waits:
            wait.cancel()
        await asyncio.wait(waits)
        await asyncio.sleep(1)
        sandbox.ledger.clear()
        await asyncio.sleep(100)
        assert sandbox.ledger.count() == 0
        assert not len(exa._engine._watcher._agenda._routes)
        assert not exa._engine._watcher._agenda._routes._chains


async def test_one_who_was_just_cancelled_is_looked_at_soon():
    """A cancel among many waits does not wait for the list's turn."""
    async with world("exa.agent_run", works=None) as (_, _, jobs):
        waits = [asyncio.create_task(job.wait()) for job in jobs]
        await asyncio.sleep(5.05)
        began = now()
        assert await jobs[0].cancel() == "canceled"
        assert now() - began < 0.5
        for wait in waits:
            wait.cancel()
        await asyncio.wait(waits)


@pytest.mark.parametrize(("count", "pages"), [(2, 4), (10, 45)])
async def test_pages_are_read_as_long_as_single_looks_would_not_be_cheaper(count, pages):
    """Old runs are behind many newer ones of others: for a few of them the way there is too long."""
    async with world("exa.agent_run", count=count, works=20.0) as (sandbox, _, jobs):
        async with Exa("key", base_url=sandbox.url, session=sandbox.session()) as others:
            sandbox.script("exa.agent_run", Life.ordinary("exa.agent_run", works=None), times=None)
            await asyncio.gather(*(others.agent.runs.create(query="dogs") for _ in range(150)))
        sandbox.ledger.clear()
        assert {end.state for end in await wait_all(jobs)} == {JobState.COMPLETED}
        singles, lists = asked(sandbox)
        assert lists <= pages
        assert singles + lists <= 50


async def test_a_list_that_repeats_itself_is_not_read_for_ever():
    """Always the same page, always another cursor, and one job that is never shown."""
    async with world("exa.agent_run", count=11, works=20.0) as (_, _, jobs):
        cursors = itertools.count()

        async def repeat(request):
            payload = {
                "data": [dict(job.snapshot.raw) for job in jobs[:10]],
                "hasMore": True,
                "nextCursor": f"c{next(cursors)}",
            }
            return web.json_response(payload)

        async with serving(repeat) as session, Exa("key", base_url=URL, session=session) as client:
            waits = [client.job(job.ref).wait(3.0) for job in jobs]
            ends = await asyncio.gather(*waits, return_exceptions=True)
        # Looks at the one that is never shown get the same page, which makes no sense.
        assert {type(end) for end in ends} <= {WaitTimeout, ProtocolError}
        assert next(cursors) <= 40


async def test_closing_amid_the_reading_of_a_list_leaves_nothing_behind():
    """The waits hear ClientClosed, and no task stays."""
    async with world("exa.agent_run", works=None) as (_, exa, jobs):
        waits = [asyncio.create_task(job.wait()) for job in jobs]
        await asyncio.sleep(1.0001)
        await exa.aclose()
        ends = await asyncio.gather(*waits, return_exceptions=True)
        assert {type(end).__name__ for end in ends} == {"ClientClosed"}
        assert not len(exa._engine.tasks)


async def test_a_new_handle_is_looked_at_now():
    """Not when the list has its turn: a job that has ended is told at once."""
    async with world("exa.agent_run", count=11, works=5.0) as (sandbox, _, jobs):
        await asyncio.sleep(6)
        sandbox.script("exa.agent_run", Life.ordinary("exa.agent_run", works=None), times=None)
        settings = Settings(paces={"exa.agent_run": Pace(first=30.0, factor=1.0, ceiling=30.0)})
        session = sandbox.session()
        async with Exa("key", base_url=sandbox.url, session=session, settings=settings) as exa:
            live = [await exa.agent.runs.create(query="q") for _ in range(10)]
            waits = [asyncio.create_task(job.wait()) for job in live]
            await asyncio.sleep(40)
            assert (await exa.job(jobs[0].ref).wait(5.0)).state is JobState.COMPLETED
            for wait in waits:
                wait.cancel()
            await asyncio.wait(waits)


async def test_a_list_that_hangs_keeps_nobody_from_the_end():
    """After one of its timeouts each job is looked at alone."""
    async with world("exa.agent_run", works=20.0, request_timeout=60.0, unreachable_after=120.0) as (sandbox, _, jobs):
        sandbox.fault(Fault(Stall(None), verb="list", times=None))
        began = now()
        ends = await wait_all(jobs)
        assert {end.state for end in ends} == {JobState.COMPLETED}
        assert now() - began <= 70


async def test_a_list_that_hangs_is_dropped_with_the_last_who_wanted_it():
    """Who comes then does not wait behind it."""
    async with world("exa.agent_run", works=20.0) as (sandbox, _, jobs):
        sandbox.fault(Fault(Stall(None), verb="list"))
        await asyncio.gather(*(job.wait(10.0) for job in jobs), return_exceptions=True)
        await asyncio.sleep(20)
        began = now()
        assert {end.state for end in await wait_all(jobs)} == {JobState.COMPLETED}
        assert now() - began <= 3


async def test_closing_amid_the_confirming_of_cancels_confirms_them():
    """The list that would have shown the ends is broken off, and the looks go on."""
    async with world("watercrawl.search", works=None, cleanup_timeout=10.0) as (sandbox, client, jobs):
        for job in jobs[:10]:
            await job.__aenter__()
        closing = asyncio.create_task(client.aclose())
        began = now()
        await closing
        assert now() - began <= 5
        assert {sandbox.status(str(job.ref)) for job in jobs[:10]} == {"canceled"}
        assert {job.state for job in jobs[:10]} == {JobState.CANCELED}
