"""Status streams: what they tell, and what becomes of who follows one that breaks off, is silent or ends too early."""

from __future__ import annotations

import asyncio
import contextlib
import json

import pytest

from asyncjobs import (
    CancelOutcome,
    ClientClosed,
    InvalidArgument,
    JobState,
    NotFound,
    NotSupported,
    Settings,
    WaitTimeout,
    WaterCrawl,
)
from asyncjobs.exa import EXA
from asyncjobs.kinds import Client
from asyncjobs.sandbox import Answer, Fault, Interrupt, Life, Repeat, Replace, Sandbox, races
from asyncjobs.watercrawl import RequestStatus

SITE = "https://example.com"
KINDS = {"searches": "watercrawl.search", "crawls": "watercrawl.crawl", "sitemaps": "watercrawl.sitemap"}
every_part = pytest.mark.parametrize("part", KINDS)


def now():
    return asyncio.get_running_loop().time() - 1000.0


@contextlib.asynccontextmanager
async def world(part, life=None, *, count=1, **settings):
    """Give a sandbox, a client, and a job of *part* that lives so; *count* of them if that is more than one."""
    async with (
        Sandbox(sockets=False) as sandbox,
        WaterCrawl("key", base_url=sandbox.url, session=sandbox.session(), settings=Settings(**settings)) as watercrawl,
    ):
        sandbox.script(KINDS[part], life or Life.ordinary(KINDS[part], waits=1, works=8), times=None)
        it = getattr(watercrawl, part)
        options = {"spider_options": {"page_limit": 3}} if part == "crawls" else {}
        jobs = [await it.create(f"{SITE}/{number}", **options) for number in range(count)]
        sandbox.ledger.clear()
        yield (sandbox, it, jobs[0]) if count == 1 else (sandbox, watercrawl, jobs)


async def told(events):
    """Return what each event is: its type, or the status that it shows."""
    return [event.request.status if event.request else event.type async for event in events]


def looks(sandbox):
    return sandbox.ledger.count("look")


def streams(sandbox):
    return sandbox.ledger.count("events")


# -- what they tell -------------------------------------------------------------------


async def test_a_crawl_is_followed_from_new_to_finished():
    """Pages as they are found, states as they change, every five seconds, and its log; no other request is made."""
    async with world("crawls") as (sandbox, crawls, job):
        seen = [event async for event in crawls.monitor(job.id, download=True)]

        kinds = [event.request.status if event.request else event.type for event in seen]
        assert kinds == ["new", "running", "feed", "result", "result", "running", "result", "finished"]
        pages = [event.result for event in seen if event.result]
        assert [page.url for page in pages] == [f"{SITE}/0", f"{SITE}/0/1", f"{SITE}/0/2"]
        assert all(page.page.markdown for page in pages)
        (line,) = [event.message for event in seen if event.message]
        assert (line.type, line.message) == ("info", f"Starting crawl of {SITE}/0")
        assert line.timestamp.tzinfo is not None
        assert (job.state, job.snapshot.source) == (JobState.COMPLETED, "stream")
        assert sandbox.ledger.count() == streams(sandbox) == 1
        assert now() == pytest.approx(9, abs=0.1)


@pytest.mark.parametrize("part", ["searches", "sitemaps"])
async def test_searches_and_sitemaps_are_followed_likewise(part):
    """With the result in the last state where that is asked for."""
    async with world(part) as (sandbox, it, job):
        seen = [event async for event in it.monitor(job.id, download=True)]

        assert [event.request.status for event in seen if event.request][-1] is RequestStatus.FINISHED
        assert seen[-1].request.results
        assert (looks(sandbox), streams(sandbox)) == (0, 1)


@every_part
async def test_what_has_ended_is_told_at_once(part):
    """One state, although the service sends two."""
    async with world(part) as (_, it, job):
        await asyncio.sleep(20)
        events = await told(it.monitor(job.id))

        assert [word for word in events if word != "result"] == ["finished"]


async def test_the_service_is_asked_in_a_way_that_it_takes():
    """For JSON: who asks for an event stream alone is refused."""
    async with world("searches") as (sandbox, searches, job):
        await told(searches.monitor(job.id))

        assert [row.status for row in sandbox.ledger.requests] == [200]


async def test_what_is_new_in_an_event_is_kept():
    """A type that is not known, and a state that does not fit."""
    async with world("searches", races.never_ends()) as (sandbox, searches, job):
        frames = [{"type": "later", "data": [1]}, {"type": "state", "data": {"uuid": job.id, "status": 7}}, [1], {}]
        body = b"".join(b"data: %s\n\n" % json.dumps(frame).encode() for frame in frames) + b"data: {\n\n"
        sandbox.fault(Fault(Answer(200, body, {"Content-Type": "text/event-stream"}), verb="events"))
        events = searches.monitor(job.id)
        seen = [await anext(events) for _ in range(3)]
        await events.aclose()

        assert [event.type for event in seen] == ["later", "state", None]
        assert (seen[0].data, seen[1].request, seen[0].request) == ([1], None, None)
        assert job.state is not JobState.UNKNOWN


async def test_there_is_no_such_job():
    """A look says so, as ever."""
    async with world("crawls", appear_grace=0.0) as (_, crawls, _job):
        with pytest.raises(NotFound):
            await told(crawls.monitor("7d0a5f0e-93b3-4c0c-9d0e-0f4c2f1f7a61"))


# -- the traps -------------------------------------------------------------------------


@every_part
@pytest.mark.parametrize("how", ["cut", "end", "stall"])
@pytest.mark.parametrize("events", [0, 1, 2])
async def test_whatever_becomes_of_the_stream_the_end_is_told(part, how, events):
    """Cut in the middle of an event, ended in good order too early, or silent for ever."""
    async with world(part, idle_timeout=3.0) as (sandbox, it, job):
        sandbox.fault(Fault(Interrupt(how, events), verb="events", times=None))
        seen = await told(it.monitor(job.id))

        assert seen[-1] == "finished"
        assert seen.count("finished") == 1
        assert now() < 20
        assert job.state is JobState.COMPLETED


async def test_pages_that_are_told_again_are_given_once():
    """A stream that is opened again begins with all that there is."""
    async with world("crawls") as (sandbox, crawls, job):
        sandbox.fault(Fault(Interrupt("cut", 4), verb="events", times=1))
        seen = [event async for event in crawls.monitor(job.id)]

        urls = [event.result.url for event in seen if event.result]
        assert urls == [f"{SITE}/0", f"{SITE}/0/1", f"{SITE}/0/2"]
        assert streams(sandbox) == 2


async def test_events_that_are_told_twice_do_no_harm():
    """Pages are given once, and the end once."""
    async with world("crawls") as (sandbox, crawls, job):
        sandbox.fault(Fault(Repeat(3), verb="events", times=None))
        seen = await told(crawls.monitor(job.id))

        assert (seen.count("result"), seen.count("finished")) == (3, 1)


@every_part
async def test_where_the_worker_is_killed_looks_go_on_alone(part):
    """Each stream then says running and ends: opening more of them would tell nothing."""
    async with world(part, races.loses_the_worker(2.0)) as (sandbox, it, job):
        events = it.monitor(job.id)
        seen = []
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(60):
                seen = [event async for event in events]
        assert (seen, streams(sandbox)) == ([], 1)
        assert 5 < looks(sandbox) < 30
        assert await job.cancel() is CancelOutcome.CANCELED
        assert await told(events) == ["canceled"]


async def test_a_search_that_is_silent_for_long_is_looked_at_now_and_then():
    """No worker takes it, and its stream says nothing: it is opened anew after a silence."""
    async with world("searches", races.never_starts(), idle_timeout=60.0, backstop=30.0) as (sandbox, searches, job):
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(600):
                await told(searches.monitor(job.id))

        assert streams(sandbox) <= 11
        assert looks(sandbox) <= 31


@pytest.mark.parametrize("status", [406, 401, 500, 404])
async def test_where_no_stream_is_given_looks_do(status):
    """Whatever the service says to it; only what a look says ends the iteration."""
    async with world("crawls") as (sandbox, crawls, job):
        sandbox.fault(Fault(Answer(status), verb="events", times=None))
        seen = await told(crawls.monitor(job.id))

        assert seen == ["finished"]
        assert now() < 16


async def test_what_is_no_stream_is_none():
    """A page of some proxy's, say."""
    async with world("crawls") as (sandbox, crawls, job):
        sandbox.fault(Fault(Replace(b"<html>", "text/html"), verb="events", times=None))
        sandbox.fault(Fault(Answer(200, "<html>"), verb="events", times=None))

        assert (await told(crawls.monitor(job.id)))[-1] == "finished"


async def test_a_canceled_that_flips_is_not_the_last_event():
    """A cancel of ours is under way: the stream says canceled, and a moment later it is finished."""
    async with world("searches", races.finishes_after_cancel(0.03)) as (_, searches, job):
        following = asyncio.create_task(told(searches.monitor(job.id)))
        await asyncio.sleep(2)
        outcome = await job.cancel()
        seen = await following

        assert (outcome, job.state, seen[-1]) == (CancelOutcome.ALREADY_DONE, JobState.COMPLETED, "finished")


@every_part
async def test_a_cancel_is_told(part):
    """Also one of somebody else's."""
    async with world(part, races.never_ends()) as (sandbox, it, job):
        following = asyncio.create_task(told(it.monitor(job.id)))
        await asyncio.sleep(2)
        sandbox.end(str(job.ref))
        assert (await following)[-1] == "canceled"
        assert now() == pytest.approx(2, abs=0.1)


# -- who follows -----------------------------------------------------------------------


async def test_who_is_cancelled_goes_on_where_they_were():
    """No event is lost, and no second stream is opened."""
    async with world("crawls") as (sandbox, crawls, job):
        events = crawls.monitor(job.id)
        first = await anext(events)
        for _ in range(3):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.3):
                    await anext(events)
        rest = await told(events)

        assert [first.request.status, *rest] == [
            *("new", "running", "feed", "result", "result", "running", "result", "finished"),
        ]
        assert streams(sandbox) == 1


async def test_leaving_the_block_closes_the_stream_and_leaves_the_job():
    """Nothing is asked any more."""
    async with world("searches", races.never_ends()) as (sandbox, searches, job):
        async with searches.monitor(job.id) as events:
            await anext(events)
        with pytest.raises(StopAsyncIteration):
            await anext(events)
        await asyncio.sleep(100)

        assert sandbox.ledger.count() == 1
        assert sandbox.status(str(job.ref)) == "running"


async def test_one_task_at_a_time():
    """A second one is refused."""
    async with world("searches", races.never_ends()) as (_, searches, job), searches.monitor(job.id) as events:
        await anext(events)
        await anext(events)
        waiting = asyncio.create_task(anext(events))
        await asyncio.sleep(1)
        with pytest.raises(RuntimeError, match="another task"):
            await anext(events)
        waiting.cancel()


async def test_a_client_that_closes_ends_the_iteration():
    """With the error that says so."""
    async with world("searches", races.never_ends(), count=2) as (_, watercrawl, (job, _)):
        following = asyncio.create_task(told(watercrawl.searches.monitor(job.id)))
        await asyncio.sleep(1)
        await watercrawl.aclose()
        with pytest.raises(ClientClosed):
            await following


async def test_an_iterator_that_is_dropped_complains():
    """It had a connection."""
    async with world("searches", races.never_ends()) as (_, searches, job):
        events = searches.monitor(job.id)
        await anext(events)
        with pytest.warns(ResourceWarning, match="neither read to its end nor closed"):
            del events


# -- as push -----------------------------------------------------------------------------


@every_part
async def test_a_wait_is_served_by_a_stream(part):
    """The end is known when it comes, and nothing is looked at."""
    async with world(part) as (sandbox, it, job):
        async with it._client.streaming(job):
            end = await job.wait()

        assert (end.state, end.source) == (JobState.COMPLETED, "stream")
        assert now() == pytest.approx(9.0, abs=0.05)
        # The first look may be on its way before the stream is open.
        assert (looks(sandbox) <= 1, streams(sandbox)) == (True, 1)


@every_part
@pytest.mark.parametrize("how", ["cut", "end", "stall"])
async def test_no_wait_ends_or_hangs_with_a_stream(part, how):
    """When it breaks off, ends too early or falls silent, looks find the end."""
    async with world(part, idle_timeout=3.0) as (sandbox, it, job):
        sandbox.fault(Fault(Interrupt(how, 1), verb="events", times=None))
        async with it._client.streaming(job):
            end = await job.wait(timeout=20)

        assert end.state is JobState.COMPLETED


async def test_the_usual_pace_is_back_when_the_block_ends():
    """Whoever still waits is served by looks; no stream is left."""
    async with world("crawls", count=2) as (sandbox, watercrawl, (job, _)):
        waiting = asyncio.create_task(job.wait())
        async with watercrawl.streaming(job):
            await asyncio.sleep(5)
            assert looks(sandbox) <= 1
        assert (await waiting).source in {"poll", "survey"}
        assert looks(sandbox) > 1
        assert not [task for task in asyncio.all_tasks() if "stream" in task.get_name()]


async def test_a_stream_of_one_job_does_not_slow_down_the_others():
    """They are looked at as ever."""
    async with world("crawls", count=3) as (_, watercrawl, jobs):
        async with watercrawl.streaming(jobs[0]):
            ends = await asyncio.gather(*(job.wait() for job in jobs))

        assert [end.source for end in ends] == ["stream", "poll", "poll"]
        assert now() < 16


async def test_streams_are_for_a_few_jobs():
    """More than ten are refused, as is what has no stream, before anything is sent."""
    async with world("crawls", count=11) as (sandbox, watercrawl, jobs):
        with pytest.raises(InvalidArgument, match="at most 10, got 11"):
            watercrawl.streaming(*jobs)
        with pytest.raises(InvalidArgument, match="jobs"):
            watercrawl.streaming(jobs[0].id)
        exa = Client(EXA, "key", base_url=sandbox.url, session=sandbox.session())
        with pytest.raises(NotSupported, match="streaming"):
            exa.streaming(exa.job("exa.agent_run:a"))
        with pytest.raises(NotSupported, match="events"):
            exa.monitor(EXA.kind("exa.agent_run"), "a", make=str)
        assert not sandbox.ledger.requests


async def test_a_wait_keeps_its_own_bound_within_a_stream():
    """The stream is silent, and the wait's time is up."""
    async with world("searches", races.never_starts(), count=2) as (_, watercrawl, (job, _)):
        async with watercrawl.streaming(job):
            with pytest.raises(WaitTimeout):
                await job.wait(timeout=5)
        assert now() == pytest.approx(5, abs=0.1)


async def test_a_block_of_two_clients_begins_whole_or_not_at_all():
    """One of them is closed: nothing is followed."""
    async with world("searches", races.never_ends(), count=2) as (sandbox, watercrawl, (job, _)):
        other = WaterCrawl("key", base_url=sandbox.url, session=sandbox.session())
        theirs = other.job(str(job.ref))
        await other.aclose()
        with pytest.raises(ClientClosed):
            async with watercrawl.streaming(job, theirs):
                pass
        await asyncio.sleep(1)
        assert not sandbox.ledger.requests
