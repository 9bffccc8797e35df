"""Lists that show those of one state only: asked for one state after the other, and what is in none is looked at."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections import Counter
from urllib.parse import parse_qs

import pytest

from asyncjobs import CreateUncertain, JobState, Settings, WaterCrawl, cancel_all, wait_all
from asyncjobs.kinds import Pace
from asyncjobs.sandbox import Fault, Life, Lose, Sandbox

KINDS = ("watercrawl.crawl", "watercrawl.sitemap")
STEADY = Pace(first=1.0, factor=1.0, ceiling=1.0)


@contextlib.asynccontextmanager
async def world(kind, **life):
    """Open WaterCrawl; its jobs of *kind* live so."""
    async with Sandbox(sockets=False) as sandbox:
        settings = Settings(paces={kind: STEADY})
        async with WaterCrawl("key", base_url=sandbox.url, session=sandbox.session(), settings=settings) as client:
            sandbox.script(kind, Life.ordinary(kind, **life), times=None)
            yield sandbox, client


async def made(sandbox, client, kind, count=40):
    """Return so many jobs; the ledger begins after them."""
    part = client.crawls if kind == "watercrawl.crawl" else client.sitemaps
    jobs = [await part.create(f"https://example.com/{number}") for number in range(count)]
    sandbox.ledger.clear()
    return jobs


def lists(sandbox):
    """Return which states were asked for, in order."""
    return [parse_qs(row.query)["status"][0] for row in sandbox.ledger.requests if row.verb == "list"]


@pytest.mark.parametrize("kind", KINDS)
async def test_forty_jobs_are_two_lists_a_sweep_and_a_look_at_each_that_ended(kind):
    """Some twenty sweeps of forty jobs; the ends, which no list shows, are looked at one by one."""
    async with world(kind, works=20) as (sandbox, client):
        jobs = await made(sandbox, client, kind)
        ends = await wait_all(jobs)

        assert {end.state for end in ends} == {JobState.COMPLETED}
        assert sandbox.ledger.count("look") == len(jobs)
        assert len(lists(sandbox)) <= 2 * 21


@pytest.mark.parametrize("kind", KINDS)
async def test_new_is_asked_for_before_running(kind):
    """Who begins to run in between is in the second list; the other way round it would be in neither."""
    async with world(kind, waits=10, works=10) as (sandbox, client):
        await wait_all(await made(sandbox, client, kind))
        asked = lists(sandbox)

        assert asked[:1] == ["new"]
        assert all(before != after or before == "new" for before, after in itertools.pairwise(asked))
        assert sandbox.ledger.count("look") == 40


@pytest.mark.parametrize("kind", KINDS)
async def test_where_the_first_list_shows_all_no_second_is_asked_for(kind):
    """While all are still new."""
    async with world(kind, waits=None) as (sandbox, client):
        jobs = await made(sandbox, client, kind)
        waits = [asyncio.create_task(job.wait()) for job in jobs]
        await asyncio.sleep(10)
        for wait in waits:
            wait.cancel()
        await asyncio.wait(waits)

        assert Counter(lists(sandbox)) == {"new": pytest.approx(10, abs=2)}
        assert sandbox.ledger.count("look") == 0


@pytest.mark.parametrize("kind", KINDS)
async def test_those_that_are_new_and_those_that_run_count_together(kind):
    """Three of the one and three of the other are worth the two lists that show them."""
    async with world(kind, waits=None) as (sandbox, client):
        jobs = await made(sandbox, client, kind, 6)
        for job in jobs[:3]:
            sandbox.reopen(str(job.ref), Life.ordinary(kind, works=None))
        waits = [asyncio.create_task(job.wait()) for job in jobs]
        await asyncio.sleep(10)
        for wait in waits:
            wait.cancel()
        await asyncio.wait(waits)

        assert sandbox.ledger.count("look") == 0
        assert len(lists(sandbox)) <= 2 * 11


@pytest.mark.parametrize("kind", KINDS)
async def test_a_mass_cancel_is_one_delete_and_two_looks_each(kind):
    """No list shows what was cancelled: a look, and one more when the job has had time to end otherwise."""
    async with world(kind, works=None) as (sandbox, client):
        jobs = await made(sandbox, client, kind)
        report = await cancel_all(jobs)

        assert report.counts["canceled"] == len(jobs)
        assert sandbox.ledger.count("cancel") == len(jobs)
        assert sandbox.ledger.count("look") <= 2 * len(jobs) + 5
        assert len(lists(sandbox)) <= 8


@pytest.mark.parametrize("kind", KINDS)
async def test_a_lost_create_is_looked_for_in_the_whole_list(kind):
    """It may have ended meanwhile, and then the lists of those that live would not show it."""
    async with world(kind, works=0) as (sandbox, client):
        sandbox.fault(Fault(Lose(), verb="create"))
        part = client.crawls if kind == "watercrawl.crawl" else client.sitemaps
        with pytest.raises(CreateUncertain) as caught:
            await part.create("https://example.com")

        assert [str(ref) for ref in caught.value.candidates] == [row.ref for row in sandbox.ledger.created()]
        assert all("status" not in row.query for row in sandbox.ledger.requests)
