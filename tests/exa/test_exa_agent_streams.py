"""Runs of the agent with their events, from the first frame to the end, whatever becomes of the connection."""

from __future__ import annotations

import asyncio
import gc
import json
import warnings

import pytest
from aiohttp import web
from exa_agent_world import EVERY, KIND, TOLD, agent, names, numbers, telling
from hypothesis import given
from hypothesis import strategies as st
from loops import now
from services import URL, serving

from asyncjobs import (
    ClientClosed,
    CreateUncertain,
    Exa,
    InvalidArgument,
    InvalidRequest,
    JobGone,
    JobState,
    JobUnreachable,
    NotFound,
    ProtocolError,
    RateLimited,
    ServerError,
    Settings,
    TransportError,
)
from asyncjobs.sandbox import Answer, Drop, Fault, Interrupt, Life, Lose, Repeat, Sandbox, Stale, Stall

# -- when all goes well ---------------------------------------------------------


async def test_a_run_tells_its_events_from_the_first():
    """As they happen, in one request, and the last one brings the result: nobody looks."""
    async with agent() as (sandbox, exa):
        began, seen = now(), []
        async with exa.agent.runs.stream(query="cats", metadata={"row": "1"}) as events:
            assert (events.job.kind, events.job.state) == (KIND, JobState.QUEUED)
            assert events.job.snapshot.source == "create"
            async for event in events:
                seen.append((event.event.removeprefix("agent_run."), now() - began))
            run = await events.job
        assert [name for name, _ in seen] == TOLD
        assert [round(at) for _, at in seen] == [0, 1, 1, 4, 4, 7, 7, 10]
        assert (run.status, run.request.metadata) == ("completed", {"row": "1"})
        assert (events.job.snapshot.source, events.job.done) == ("stream", True)
        assert [row.verb for row in sandbox.ledger.requests] == ["create"]


async def test_an_event_is_typed_and_open():
    """What is known of it has a class, and the data is there as it came; nobody is shown our token."""
    async with agent() as (_, exa), exa.agent.runs.stream(query="cats") as events:
        seen = [event async for event in events]
    first, trace, last = seen[0], seen[2], seen[-1]
    assert (first.detail.status, first.detail.id, first.run, first.final) == ("queued", events.job.id, None, False)
    assert (trace.detail.tool, trace.detail.text) == ("search", "cats")
    assert (last.detail.status, last.run.output.text != "", last.final) == ("completed", True, True)
    assert "asyncjobs_token" not in json.dumps([event.data for event in seen])
    assert last.run == events.job.snapshot.resource


async def test_a_block_that_is_left_early_cancels_the_run():
    """As the block of any create does; the connection is given back first."""
    async with agent(ends=None) as (sandbox, exa):
        async with exa.agent.runs.stream(query="cats") as events:
            async for _ in events:
                break
        assert events.job.state is JobState.CANCELED
        assert not sandbox.ledger.active()
        assert [event async for event in events] == []


async def test_a_run_that_is_detached_goes_on():
    """Its owner has given it up; only the stream is closed."""
    async with agent() as (sandbox, exa):
        async with exa.agent.runs.stream(query="cats") as events:
            events.job.detach()
        assert len(sandbox.ledger.active()) == 1
        assert (await events.job.wait()).state is JobState.COMPLETED


async def test_an_awaited_stream_owns_nothing():
    """Closing it leaves the run alone."""
    async with agent() as (sandbox, exa):
        async with await exa.agent.runs.stream(query="cats") as events:
            assert not events.job.owned
            assert (await anext(events)).event == "agent_run.created"
        assert len(sandbox.ledger.active()) == 1
        await events.aclose()


@pytest.mark.parametrize("ends", ["failed", "cancelled"])
async def test_after_the_last_event_the_run_was_seen_to_end(ends):
    """The event of an end that is not the whole run is a hint: one look decides."""
    async with agent(ends=ends) as (sandbox, exa), exa.agent.runs.stream(query="cats") as events:
        seen = [event async for event in events]
        assert names(seen) == [*TOLD[:-1], ends]
        assert events.job.done
        assert events.job.snapshot.source == "poll"
        assert sandbox.ledger.table()[KIND] == {"create": 1, "look": 1}
        if ends == "failed":
            assert seen[-1].detail.error.code == "SERVER_ERROR"


async def test_who_waits_elsewhere_hears_it_from_the_stream():
    """While somebody reads the events, the run is looked at every minute only."""
    async with agent(ends="completed") as (sandbox, exa):
        sandbox.script(KIND, telling(after=200.0))
        async with exa.agent.runs.stream(query="cats") as events:
            waiting = asyncio.create_task(events.job.wait())
            async for _ in events:
                pass
            at = now()
            assert (await waiting).source == "stream"
            assert now() == at
        assert sandbox.ledger.count("look", KIND) + sandbox.ledger.count("list", KIND) <= 8


# -- when the connection does not last -------------------------------------------


@pytest.mark.parametrize("how", ["cut", "end", "stall"])
@pytest.mark.parametrize("told", range(1, len(TOLD)))
async def test_a_stream_that_breaks_is_gone_on_with(how, told):
    """Wherever it stops and however: each event comes once, in order, and the run is not created twice."""
    async with agent(Fault(Interrupt(how, events=told), verb="create")) as (sandbox, exa):
        async with exa.agent.runs.stream(query="cats") as events:
            seen = [event async for event in events]
            assert (numbers(seen), names(seen)) == (EVERY, TOLD)
            assert events.job.done
        assert sandbox.ledger.billed() == 1
        assert sandbox.ledger.count("events", KIND) > 0


async def test_a_server_that_is_behind_and_denies_a_new_run_hides_no_event():
    """Its 404 says nothing about what is stored: it is asked for again."""
    behind = Fault(Stale(5.0), kind=KIND, verb="events")
    async with agent(Fault(Interrupt("cut", events=2), verb="create"), behind) as (sandbox, exa):
        async with exa.agent.runs.stream(query="cats") as events:
            assert numbers([event async for event in events]) == EVERY
        denied = [row for row in sandbox.ledger.requests if (row.verb, row.status) == ("events", 404)]
        assert len(denied) == 1


async def test_a_replay_goes_on_after_the_last_event():
    """By its id, which only events move that came whole."""
    asked = []
    async with agent(Fault(Interrupt("cut", events=3), verb="create")) as (_, exa):
        begin = exa._engine.streams.transport.begin

        async def noted(request, headers):
            asked.append((request.method, headers.get("Last-Event-ID")))
            return await begin(request, headers)

        exa._engine.streams.transport.begin = noted
        async with exa.agent.runs.stream(query="cats") as events:
            assert numbers([event async for event in events]) == EVERY
    assert asked[:2] == [("POST", None), ("GET", "3")]
    assert {method for method, _ in asked[1:]} == {"GET"}


async def test_events_that_are_repeated_are_told_once():
    """In the stream and in every replay."""
    faults = [Fault(Interrupt("end", events=2), verb="create"), Fault(Repeat(3), verb="events", times=None)]
    async with agent(*faults) as (_, exa), exa.agent.runs.stream(query="cats") as events:
        assert numbers([event async for event in events]) == EVERY
    async with agent(Fault(Repeat(3), verb="create")) as (_, exa), exa.agent.runs.stream(query="cats") as events:
        assert numbers([event async for event in events]) == EVERY


async def test_a_stream_that_hangs_with_comments_does_not_hide_the_end():
    """A look every minute finds it, and what is stored tells the rest."""
    run = {"id": "r1", "object": "agent_run", "output": {"text": "x"}, "usage": {}}
    first = b'id: 1\ndata: {"id": "r1", "status": "queued"}\nevent: agent_run.created\n\n'
    last = b"id: 2\nevent: agent_run.completed\ndata: %s\n\n" % json.dumps(run | {"status": "completed"}).encode()

    async def service(request):
        await request.read()
        if request.method == "GET" and not request.path.endswith("/events"):
            return web.json_response(run | {"status": "completed"})
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        if request.method == "GET":
            await response.write(last)
            return response
        await response.write(first)
        while True:
            await asyncio.sleep(10)
            await response.write(b": keep-alive\n\n")

    async with serving(service) as session, Exa("key", base_url=URL, session=session) as exa:
        began = now()
        async with exa.agent.runs.stream(query="cats") as events:
            assert numbers([event async for event in events]) == ["1", "2"]
        assert 60 <= now() - began < 70


@pytest.mark.parametrize(("status", "most"), [(403, 1), (404, 10)])
async def test_where_no_events_are_stored_looks_are_left(status, most):
    """What was told is told, and the iteration ends with the run, not with the stream; a 404 may be a server's lag."""
    faults = [
        Fault(Interrupt("cut", events=2), verb="create"),
        Fault(Answer(status), verb="events", times=None),
    ]
    async with agent(*faults) as (sandbox, exa), exa.agent.runs.stream(query="cats") as events:
        began = now()
        assert numbers([event async for event in events]) == ["1", "2"]
        assert events.job.state is JobState.COMPLETED
        assert 9 < now() - began < 15
        assert sandbox.ledger.count("events", KIND) <= most


async def test_a_service_that_answers_with_the_run_instead_has_created_it():
    """It does not stream, as some gateways do not; its stored events are read."""
    run = {"id": "r1", "object": "agent_run", "status": "running", "output": {}, "usage": {}}
    told = b'id: 1\nevent: agent_run.created\ndata: {"id":"r1","status":"queued"}\n\n'
    told += b"id: 2\nevent: agent_run.completed\ndata: %s\n\n" % json.dumps(run | {"status": "completed"}).encode()
    posts = []

    async def service(request):
        if request.method == "POST":
            posts.append(await request.json())
        if request.path.endswith("/events"):
            return web.Response(body=told, content_type="text/event-stream")
        return web.json_response(run)

    async with serving(service) as session, Exa("key", base_url=URL, session=session) as exa:
        async with exa.agent.runs.stream(query="cats") as events:
            assert events.job.state is JobState.RUNNING
            assert numbers([event async for event in events]) == ["1", "2"]
        assert len(posts) == 1


async def test_an_outage_in_the_middle_is_sat_out():
    """Replays and looks fail for a while; afterwards nothing is missing."""
    faults = [
        Fault(Interrupt("cut", events=1), verb="create"),
        Fault(Answer(503), verb="events", times=None, lasts=1000),
        Fault(Drop(), verb="look", times=3),
    ]
    async with agent(*faults) as (sandbox, exa), exa.agent.runs.stream(query="cats") as events:
        assert (await anext(events)).id == "1"
        reading = asyncio.create_task(anext(events))
        await asyncio.sleep(8)
        assert not reading.done()
        sandbox.clear_faults()
        assert (await reading).id == "2"
        assert numbers([event async for event in events]) == EVERY[2:]


async def test_a_run_that_ended_and_whose_events_cannot_be_read_is_an_error():
    """Not a silent end; what was read is kept, and the iteration may be tried again."""
    faults = [
        Fault(Interrupt("cut", events=3), verb="create"),
        Fault(Answer(500), verb="events", times=None),
    ]
    async with agent(*faults, retry_budget=5) as (sandbox, exa), exa.agent.runs.stream(query="cats") as events:
        seen = []
        with pytest.raises(ServerError) as caught:
            async for event in events:
                seen.append(event)
        assert caught.value.ref == events.job.ref
        assert (numbers(seen), events.job.done) == (EVERY[:3], True)
        sandbox.clear_faults()
        assert numbers([event async for event in events]) == EVERY[3:]


async def test_a_run_that_cannot_be_looked_at_ends_the_iteration_as_it_ends_a_wait():
    """Never a silence without end."""
    faults = [
        Fault(Interrupt("cut", events=1), verb="create"),
        Fault(Answer(500), method="GET", times=None),
    ]
    async with agent(*faults, unreachable_after=30) as (_, exa):
        events = await exa.agent.runs.stream(query="cats")
        assert (await anext(events)).id == "1"
        with pytest.raises(JobUnreachable):
            await anext(events)
        await events.aclose()


async def test_a_run_that_is_deleted_meanwhile_is_gone():
    """Its events end, and its job says why."""
    async with agent(Fault(Interrupt("end", events=1), verb="create"), ends=None) as (_, exa):
        events = await exa.agent.runs.stream(query="cats")
        await anext(events)
        await asyncio.sleep(20)
        await exa.agent.runs.get(events.job.id)
        await exa.agent.runs.delete(events.job.id)
        rest = [event async for event in events]
        assert events.job.state is JobState.GONE
        assert "completed" not in names(rest)
        with pytest.raises(JobGone):
            await events.job


@given(
    live=st.tuples(st.sampled_from(["cut", "end", "stall"]), st.integers(1, 8)),
    # What breaks off three times in a row with nothing new, once the run has ended, is an error and no accident.
    replays=st.lists(
        st.tuples(st.sampled_from(["cut", "end", "stall", "fail", "drop"]), st.integers(0, 4)), max_size=4
    ).filter(lambda replays: sum(how in {"cut", "end", "stall"} for how, _ in replays) < 3),
    repeat=st.booleans(),
)
async def test_whatever_breaks_each_event_is_told_once(live, replays, repeat):
    """Any accidents of the live stream and of the replays, in any order."""
    faults = [Fault(Interrupt(live[0], events=live[1]), verb="create")]
    for how, after in replays:
        deed = {"fail": Answer(503), "drop": Drop()}.get(how) or Interrupt(how, events=after)
        faults.append(Fault(deed, verb="events"))
    if repeat:
        faults.append(Fault(Repeat(), verb="events", times=None))
    async with agent(*faults, idle_timeout=20) as (sandbox, exa):
        async with exa.agent.runs.stream(query="cats") as events:
            assert numbers([event async for event in events]) == EVERY
            assert events.job.done
        assert sandbox.ledger.billed() == 1


# -- creating ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault", [Lose(), Interrupt("cut", events=0), Interrupt("stall", events=0), Drop(processed=True)]
)
async def test_a_stream_that_breaks_before_it_names_the_run_is_a_lost_reply(fault):
    """The run is found by its token, taken over, and its events are read; it is not created twice."""
    async with agent(Fault(fault, verb="create")) as (sandbox, exa):
        async with exa.agent.runs.stream(query="cats") as events:
            assert numbers([event async for event in events]) == EVERY
        assert sandbox.ledger.billed() == 1


async def test_a_run_that_is_not_found_again_leaves_an_uncertain_create():
    """Which carries what was sent, and can look again later."""
    faults = [Fault(Interrupt("cut", events=0), verb="create"), Fault(Answer(500), verb="list", times=None)]
    async with agent(*faults, ends=None, retry_budget=3) as (sandbox, exa):
        with pytest.raises(CreateUncertain) as caught:
            await exa.agent.runs.stream(query="cats")
        assert caught.value.sent == {"query": "cats"}
        sandbox.clear_faults()
        job = await exa.reconcile(caught.value)
        assert sandbox.ledger.active()[0].ref == str(job.ref)


async def test_a_refused_create_is_refused_as_ever():
    """Its error body is read, a wrong argument is not repeated, and a full house is waited for."""
    async with agent() as (sandbox, exa):
        with pytest.raises(InvalidRequest) as caught:
            await exa.agent.runs.stream(query="")
        assert caught.value.tag == "INVALID_REQUEST"
        full = {"error": {"type": "RATE_LIMIT_ERROR", "code": "CONCURRENCY_LIMIT_REACHED", "message": "Too many"}}
        sandbox.fault(Fault(Answer(429, full), verb="create", times=2))
        async with exa.agent.runs.stream(query="cats") as events:
            assert numbers([event async for event in events]) == EVERY
        sandbox.fault(Fault(Answer(429, full), verb="create", times=None))
    async with agent(Fault(Answer(429, full), verb="create", times=None), retry_budget=2) as (_, exa):
        with pytest.raises(RateLimited):
            await exa.agent.runs.stream(query="cats")


async def test_a_stream_that_never_names_its_job_is_a_reply_that_makes_no_sense():
    """A hundred events of something else are enough."""
    gets = []

    async def service(request):
        await request.read()
        if request.method == "GET":
            gets.append(request)
            return web.json_response({"object": "list", "data": [], "hasMore": False, "nextCursor": None})
        return web.Response(body=b'data: {"type": "ping"}\n\n' * 1000, content_type="text/event-stream")

    async with serving(service) as session, Exa("key", base_url=URL, session=session) as exa:
        with pytest.raises(CreateUncertain) as caught:
            await exa.agent.runs.stream(query="cats")
        assert isinstance(caught.value.__cause__, ProtocolError)


@pytest.mark.parametrize("owned", [True, False])
async def test_a_create_whose_caller_is_cancelled_leaves_no_stream_and_no_orphan(owned):
    """Step by step through creating and reading: the run is cancelled if it was to be owned, else kept as adopted."""
    finished = False
    for step in range(200):
        async with agent(ends=None) as (sandbox, exa):
            entered = asyncio.Event()
            task = asyncio.create_task(_follow(exa, entered, owned=owned))
            for _ in range(step):
                await asyncio.sleep(0)
            finished = entered.is_set()
            task.cancel()
            await asyncio.wait((task,))
            for _ in range(20):
                await asyncio.sleep(0)
            if owned:
                assert not sandbox.ledger.active(), f"cancelled at step {step}"
            else:
                known = {str(job.ref) for job in exa.adopted}
                known |= {str(task.get_name())} if entered.is_set() else set()
                assert {row.ref for row in sandbox.ledger.active()} <= known, f"cancelled at step {step}"
            assert not any(not stream.over for stream in exa._engine.streams._open), f"cancelled at step {step}"
        if finished:
            break
    assert finished
    assert step > 8


async def test_a_client_that_closes_before_the_first_event_loses_no_run():
    """The request was sent: the run is looked for as after any lost reply, and the caller has it or it is adopted."""
    async with agent(Fault(Interrupt("stall", events=0), verb="create"), ends=None) as (sandbox, exa):
        following = asyncio.ensure_future(exa.agent.runs.stream(query="cats"))
        await asyncio.sleep(5.0)
        await exa.aclose()
        events = await following
        assert {row.ref for row in sandbox.ledger.active()} == {str(events.job.ref)}


async def _follow(exa, entered, *, owned):
    if owned:
        async with exa.agent.runs.stream(query="cats") as events:
            await _read_to(events, entered)
    else:
        async with await exa.agent.runs.stream(query="cats") as events:
            asyncio.current_task().set_name(str(events.job.ref))
            entered.set()
            await _read_to(events, entered)


async def _read_to(events, entered):
    await anext(events)
    entered.set()
    async for _ in events:
        pass


# -- reading ----------------------------------------------------------------------


async def test_a_reader_who_gives_up_may_go_on():
    """Cancelling one read loses no event, live and in replays alike."""
    async with agent(Fault(Interrupt("end", events=3), verb="create")) as (_, exa):
        events, seen = await exa.agent.runs.stream(query="cats"), []
        while not events.job.done or len(seen) < len(TOLD):
            try:
                async with asyncio.timeout(0.3):
                    seen.append(await anext(events))
            except TimeoutError:
                continue
        assert numbers(seen) == EVERY
        with pytest.raises(StopAsyncIteration):
            await anext(events)
        with pytest.raises(StopAsyncIteration):
            await anext(events)


async def test_two_tasks_cannot_read_the_same_events():
    """As with any iterator: each would get half of them."""
    async with agent() as (_, exa), exa.agent.runs.stream(query="cats") as events:
        await anext(events)
        reading = asyncio.create_task(anext(events))
        await asyncio.sleep(0)
        with pytest.raises(RuntimeError, match="another task"):
            await anext(events)
        assert (await reading).id == "2"


async def test_a_client_that_closes_ends_the_iteration():
    """With an error that says so, at once, and cancels what the block owns."""
    async with agent(ends=None) as (sandbox, exa):

        async def follow():
            async with exa.agent.runs.stream(query="cats") as events:
                async for _ in events:
                    pass

        following = asyncio.create_task(follow())
        await asyncio.sleep(20)
        began = now()
        await exa.aclose()
        with pytest.raises(ClientClosed):
            await following
        assert now() == began
        assert not sandbox.ledger.active()


async def test_a_stream_that_is_dropped_complains():
    """It holds a connection, and the run goes on."""
    async with agent() as (_, exa):
        events = await exa.agent.runs.stream(query="cats")
        await anext(events)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            del events
            gc.collect()
        assert [str(each.message).partition(" were")[2] for each in caught if each.category is ResourceWarning] == [
            " neither read to their end nor closed"
        ]


# -- runs that exist -----------------------------------------------------------------


async def test_a_replay_is_what_is_stored_and_ends():
    """However long the run goes on; a later one begins after what is known."""
    async with agent() as (sandbox, exa):
        job = await exa.agent.runs.create(query="cats")
        await asyncio.sleep(5)
        seen = [event async for event in exa.agent.runs.replay(job.id)]
        assert numbers(seen) == EVERY[:5]
        await asyncio.sleep(10)
        events = exa.agent.runs.replay(job.id, after=seen[-1].id)
        assert numbers([event async for event in events]) == EVERY[5:]
        assert (job.done, job.snapshot.source) == (True, "stream")
        assert sandbox.ledger.count("events", KIND) == 2


@pytest.mark.parametrize("how", ["cut", "stall"])
async def test_a_replay_that_breaks_off_is_gone_on_with(how):
    """It ends when all was told; what cannot be read three times in a row is an error."""
    async with agent(Fault(Interrupt(how, events=2), verb="events", times=2)) as (sandbox, exa):
        job = await exa.agent.runs.create(query="cats")
        await asyncio.sleep(15)
        assert numbers([event async for event in exa.agent.runs.replay(job.id)]) == EVERY
        sandbox.fault(Fault(Interrupt(how, events=0), verb="events", times=None))
        with pytest.raises(TransportError) as caught:
            await anext(exa.agent.runs.replay(job.id))
        assert caught.value.ref == job.ref
        assert sandbox.ledger.count("events", KIND) == 6


async def test_a_replay_that_hangs_holds_up_nobody_else():
    """Only a live stream brings the news by itself: meanwhile the run is looked at as usual."""
    async with agent(Fault(Interrupt("stall", events=0), verb="events", times=None)) as (_, exa):
        job = await exa.agent.runs.create(query="cats")
        events = exa.agent.runs.follow(job.id)
        began, reading = now(), asyncio.create_task(anext(events))
        await asyncio.sleep(2)
        await job.wait()
        assert now() - began < 20
        reading.cancel()
        await asyncio.wait((reading,))
        await events.aclose()


async def test_a_replay_of_nobody_is_not_found():
    """As a look would be."""
    async with agent() as (_, exa):
        with pytest.raises(NotFound):
            await anext(exa.agent.runs.replay("agent_run_0"))


async def test_a_run_may_be_followed_from_elsewhere():
    """Its stored events are read again after each look, to the end; each comes once."""
    async with agent() as (sandbox, exa):
        job = await exa.agent.runs.create(query="cats")
        async with exa.agent.runs.follow(job.id) as events:
            assert numbers([event async for event in events]) == EVERY
        assert events.last_event_id == EVERY[-1]
        assert (events.job, events.job.done) == (job, True)
        async with exa.agent.runs.follow(job.id, after="6") as events:
            assert numbers([event async for event in events]) == EVERY[6:]
        assert sandbox.ledger.count("events", KIND) < 12


@pytest.mark.parametrize("after", [3, "", "a\nb", "ü", b"3"])
async def test_an_event_to_go_on_from_must_be_one(after):
    """It goes into a header."""
    async with agent() as (_, exa):
        with pytest.raises(InvalidArgument) as caught:
            exa.agent.runs.follow("agent_run_1", after=after)
        assert caught.value.field == "after"


async def test_stored_events_are_listed_with_their_times():
    """The list in pages has what a stream does not say."""
    async with agent() as (_, exa):
        job = await exa.agent.runs.create(query="cats")
        await job.wait()
        seen = [event async for event in exa.agent.runs.events(job.id, page_size=3)]
        assert (names(seen), numbers(seen)) == (TOLD, EVERY)
        assert all(event.created_at for event in seen)
        assert seen[1].detail.status == "running"


@pytest.mark.parametrize("limit", [0, 100, 3])
async def test_many_streams_leave_room_for_everything_else(limit):
    """Of a session that is bounded they take half of the connections; the other runs are followed without one."""
    async with Sandbox(sockets=False) as sandbox:
        sandbox.script(KIND, telling(None), times=None)
        async with Exa("key", base_url=sandbox.url, session=sandbox.session(limit=limit)) as exa:
            many = [await exa.agent.runs.stream(query="cats") for _ in range(120)]
            assert sum(not stream.over for stream in exa._engine.streams._open) == {0: 120, 100: 50, 3: 1}[limit]
            assert await many[0].job.cancel() == "canceled"
            await asyncio.gather(*(events.job.cancel() for events in many))
            assert not sandbox.ledger.active()
            for events in many:
                assert names([event async for event in events]) == ["created", "cancelled"]


async def test_a_silent_service_is_asked_for_the_run_in_time():
    """A head that never comes is bounded as any request; the run is found afterwards."""
    async with agent(Fault(Stall(None, processed=True), verb="create"), request_timeout=10) as (sandbox, exa):
        began = now()
        async with exa.agent.runs.stream(query="cats") as events:
            assert now() - began < 15
            assert numbers([event async for event in events]) == EVERY
        assert sandbox.ledger.billed() == 1


def test_lives_of_these_tests():
    """What they count on."""
    assert telling().end() == 10
    assert isinstance(telling(None), Life)
    assert Settings().backstop == 60
