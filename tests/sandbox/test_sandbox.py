"""Opening, closing, interfering, and the ledger."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import aiohttp
import pytest

import asyncjobs.sandbox
from asyncjobs.sandbox import Answer, Fault, Life, Sandbox, Stall

KINDS = [
    "exa.search",
    "exa.enrichment",
    "exa.agent_run",
    "watercrawl.search",
    "watercrawl.crawl",
    "watercrawl.sitemap",
]
#: What a job is about, unless that is its query.
FIELD = {"exa.enrichment": "description", "watercrawl.crawl": "url", "watercrawl.sitemap": "url"}


def test_the_public_names_are_sorted_and_there():
    """`__all__` tells the truth, and every name has a docstring."""
    names = asyncjobs.sandbox.__all__

    assert names == sorted(names)
    assert all(getattr(asyncjobs.sandbox, name).__doc__ for name in names)


@pytest.mark.parametrize("kind", KINDS)
async def test_every_kind_is_created_seen_and_cancelled(opened, kind):
    """The ledger follows a job from its create to its end."""
    async with opened() as talk:
        ref, path = await talk.make(kind)
        await asyncio.sleep(1)

        assert [row.ref for row in talk.sandbox.ledger.active(kind)] == [ref]
        assert (await talk("GET", path)).body["status"] == talk.sandbox.status(ref)
        assert (await talk.cancel(path)).status in {200, 204}
        assert talk.sandbox.ledger.active() == []
        assert talk.sandbox.ledger.created(kind)[0].ended
        assert talk.sandbox.ledger.billed(kind) == 1
        assert talk.sandbox.ledger.count("cancel", kind) == 1


@pytest.mark.parametrize("kind", KINDS)
async def test_a_script_gives_the_next_jobs_their_lives(opened, kind):
    """So many jobs, or all, or those whose body fits."""
    async with opened() as talk:
        stuck = Life([(0, "stuck")])
        talk.sandbox.script(kind, stuck, times=2)
        words = [talk.sandbox.status((await talk.make(kind))[0]) for _ in range(3)]

        assert [word == "stuck" for word in words] == [True, True, False]
        field = FIELD.get(kind, "query")
        talk.sandbox.script(kind, stuck, times=None, when=lambda body: body[field] == "https://dogs.example")
        assert talk.sandbox.status((await talk.make(kind))[0]) != "stuck"
        assert talk.sandbox.status((await talk.make(kind, **{field: "https://dogs.example"}))[0]) == "stuck"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("gone", "status"), [(False, 404), (True, 410)])
async def test_a_forgotten_job_is_denied(opened, kind, gone, status):
    """404, or 410, for a look and a cancel alike; it does not count as active."""
    async with opened() as talk:
        ref, path = await talk.make(kind)
        talk.sandbox.forget(ref, gone=gone)

        assert (await talk("GET", path)).status == status
        assert (await talk.cancel(path)).status == status
        assert talk.sandbox.ledger.active() == []


@pytest.mark.parametrize("kind", KINDS)
async def test_a_job_can_be_ended_from_outside(opened, kind):
    """Any word may be its end."""
    async with opened() as talk:
        ref, path = await talk.make(kind)
        talk.sandbox.end(ref, "failed")

        assert (await talk("GET", path)).body["status"] == talk.sandbox.status(ref) == "failed"


async def test_unknown_kinds_and_refs_are_errors(opened):
    """A slip in a test does not pass in silence."""
    async with opened() as talk:
        with pytest.raises(ValueError, match="no such kind"):
            talk.sandbox.script("exa.serach", Life([(0, "x")]))
        with pytest.raises(KeyError):
            talk.sandbox.status("exa.agent_run:nobody")


@pytest.mark.parametrize(
    "use", [lambda s: s.url, lambda s: s.ledger, lambda s: s.session(), lambda s: s.clear_faults()]
)
def test_a_sandbox_must_be_open(use):
    """Before `async with` there is nothing to talk to."""
    with pytest.raises(RuntimeError, match="not open"):
        use(Sandbox())


async def test_a_sandbox_opens_once():
    """Its past would leak into the next test."""
    async with Sandbox(sockets=False) as sandbox:
        with pytest.raises(RuntimeError, match="once"):
            await sandbox.__aenter__()


async def test_the_same_seed_gives_the_same_ids(opened):
    """Another seed gives others."""

    async def refs(seed):
        async with opened(seed=seed) as talk:
            return [(await talk.make(kind))[0] for kind in KINDS]

    assert await refs(1) == await refs(1)
    assert await refs(1) != await refs(2)


async def test_speed_makes_unscripted_jobs_live_faster(opened):
    """Scripted lives are in plain seconds, whatever the speed."""
    async with opened(speed=100) as talk:
        talk.sandbox.script("exa.search", Life.ordinary("exa.search", works=1))
        scripted, _ = await talk.make("exa.search")
        quick, _ = await talk.make("exa.search")
        await asyncio.sleep(0.1)

        assert [talk.sandbox.status(ref) for ref in (scripted, quick)] == ["running", "completed"]


@pytest.mark.parametrize("speed", [0, -1.0, float("inf"), float("nan")])
def test_a_speed_at_which_nothing_could_live_is_refused(speed):
    """Where it is given, not where the first job is created."""
    with pytest.raises(ValueError, match="speed"):
        Sandbox(speed=speed)


async def test_latency_is_added_to_every_reply(opened):
    """In seconds of the loop."""
    async with opened(latency=0.05) as talk:
        loop = asyncio.get_running_loop()
        began = loop.time()
        await talk("GET", "/agent/runs")

        assert loop.time() - began == pytest.approx(0.05)


async def test_a_clock_of_ones_own_drives_the_lives(opened):
    """Jobs live by the given clock alone."""
    now = 5.0
    async with opened(clock=lambda: now) as talk:
        ref, _ = await talk.make("exa.search")
        await asyncio.sleep(100)
        assert talk.sandbox.status(ref) == "created"

        now += 100
        assert talk.sandbox.status(ref) == "completed"


async def test_requests_are_counted_by_kind_and_verb(opened):
    """The table is what a test asserts on, its text what a person reads."""
    async with opened() as talk:
        ref, path = await talk.make("watercrawl.search")
        later = asyncio.get_running_loop().time() + 5
        await asyncio.sleep(5)
        await talk("GET", path)
        await talk("GET", path + "?prefetched=true")
        await talk("GET", "/nowhere")
        ledger = talk.sandbox.ledger

        assert ledger.table() == {
            "unknown": {"unknown": 1},
            "watercrawl.search": {"create": 1, "look": 1, "result": 1},
        }
        assert (ledger.count(), ledger.count(status=201), ledger.count(since=later)) == (4, 1, 3)
        assert ledger.count("look", "watercrawl.search", status=200) == 1
        assert "watercrawl.search" in str(ledger)
        assert (ledger.in_flight, ledger.peak) == (0, 1)
        ledger.clear()
        assert (ledger.count(), ledger.created()[0].ref) == (0, ref)


async def test_the_ledger_knows_how_many_requests_were_under_way_at_once(opened):
    """Its peak is what lanes and pools are tested with."""
    async with opened(latency=1) as talk:
        await asyncio.gather(*(talk("GET", "/agent/runs") for _ in range(7)))

        assert talk.sandbox.ledger.peak == 7


async def test_closing_ends_stalls_and_streams():
    """Whatever a client has open, nothing is left running."""
    loop = asyncio.get_running_loop()
    async with Sandbox(sockets=False) as sandbox:
        session = sandbox.session()
        headers = {"x-api-key": "key"}
        sandbox.script("exa.agent_run", Life([(0, "running")]))
        stream = await session.post(
            sandbox.url + "/agent/runs", json={"query": "x"}, headers=headers | {"Accept": "text/event-stream"}
        )
        sandbox.fault(Fault(Stall()))
        stalled = asyncio.create_task(session.post(sandbox.url + "/agent/runs", headers=headers))
        await asyncio.sleep(1)
        before = loop.time()

    with pytest.raises(aiohttp.ClientError):
        await stalled
    stream.close()
    assert loop.time() - before < 5


async def test_a_mistake_of_the_sandbox_is_not_hidden():
    """A handler that fails is a 500 for the client and an error for the test."""
    with pytest.raises(ZeroDivisionError):  # It is raised at the end of the block.
        async with Sandbox(sockets=False) as sandbox:
            sandbox.script("exa.agent_run", Life([(0, "running")]), when=lambda _: 1 / 0)
            session = sandbox.session()
            async with session.post(
                sandbox.url + "/agent/runs", json={"query": "x"}, headers={"x-api-key": "k"}
            ) as response:
                assert response.status == 500


@pytest.mark.real_time
async def test_it_serves_on_a_real_socket():
    """The same service on a free loopback port, closed without a trace, also with requests under way."""
    async with Sandbox(speed=1000) as sandbox:
        session = sandbox.session(headers={"x-api-key": "key"})
        async with session.post(sandbox.url + "/agent/runs", json={"query": "x"}) as response:
            run = await response.json()
        await asyncio.sleep(0.05)
        async with session.get(f"{sandbox.url}/agent/runs/{run['id']}") as response:
            assert (await response.json())["status"] == "completed"
        assert sandbox.url.startswith("http://127.0.0.1:")
        assert sandbox.connections == 1
        sandbox.fault(Fault(Stall()))
        stalled = asyncio.create_task(session.post(sandbox.url + "/agent/runs"))
        await asyncio.sleep(0.05)

    with pytest.raises(aiohttp.ClientError):
        await stalled


@pytest.mark.parametrize("path", ["/agent/runs", "/websets/v0/websets", "/api/v1/core/search/", "/nowhere"])
async def test_replies_are_dated_by_the_sandboxs_own_clock(opened, path):
    """A client in virtual time can read the server's time from the Date header: to the second, errors included."""
    async with opened() as talk:
        first, other = (await talk("GET", path)).headers["Date"], await talk("GET", path, key=None)
        await asyncio.sleep(3600)
        last = (await talk("GET", path)).headers["Date"]

        assert other.headers["Date"] == first
        assert parsedate_to_datetime(last) - parsedate_to_datetime(first) == timedelta(hours=1)
        assert datetime.now(UTC) - parsedate_to_datetime(first) < timedelta(minutes=1)


async def test_the_date_of_a_fault_is_the_one_it_was_given(opened):
    """A service whose clock is wrong is a fault like others."""
    async with opened() as talk:
        talk.sandbox.fault(Fault(Answer(503, headers={"date": "Thu, 01 Jan 1970 00:00:00 GMT"})))

        assert (await talk("GET", "/agent/runs")).headers["Date"] == "Thu, 01 Jan 1970 00:00:00 GMT"


@pytest.mark.parametrize("skew", [-3600.0, 3600.0])
async def test_the_services_clock_may_be_wrong(opened, skew):
    """Headers and bodies tell the same time, and it is not the machine's."""
    async with opened(skew=skew) as talk:
        reply = await talk("POST", "/agent/runs", {"query": "x"})
        created = datetime.fromisoformat(reply.body["createdAt"])

        assert abs(created - parsedate_to_datetime(reply.headers["Date"])) <= timedelta(seconds=1)
        assert abs(created - datetime.now(UTC) - timedelta(seconds=skew)) < timedelta(minutes=1)
