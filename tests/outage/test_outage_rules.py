"""What holds for those who wait, look and cancel while a service is away."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import itertools
import logging

import attrs
import pytest
from loops import now

from asyncjobs import (
    Exa,
    JobState,
    JobUnreachable,
    ServerError,
    Settings,
    TransportError,
    WaitTimeout,
)
from asyncjobs.exa import AGENT_RUN, EXA
from asyncjobs.kinds import Client
from asyncjobs.sandbox import Answer, Fault, Life, Sandbox, Say, Stall

MANY = 40
HTML = Fault(Answer(503, "<html>away</html>", {"Content-Type": "text/html"}), times=None)


@contextlib.asynccontextmanager
async def world(count=MANY, *, works=None, lists=True, **settings):
    """Give a sandbox, a client, and so many runs of it; without *lists* each is looked at by itself."""
    kind = AGENT_RUN if lists else attrs.evolve(AGENT_RUN, surveys=(), trace=None)
    make = Exa if lists else functools.partial(Client, attrs.evolve(EXA, kinds=(kind,)))
    async with (
        Sandbox(sockets=False, latency=0.05) as sandbox,
        make("key", base_url=sandbox.url, session=sandbox.session(), settings=Settings(**settings)) as exa,
    ):
        sandbox.script("exa.agent_run", Life.ordinary("exa.agent_run", works=works), times=None)
        jobs = await asyncio.gather(*(exa.create(kind, {"query": "q"}) for _ in range(count)))
        yield sandbox, exa, list(jobs)


def asked(sandbox):
    """Return how many requests were sent so far, whether or not anybody heard them."""
    return len(sandbox.ledger.requests) + sandbox.refused


def start(jobs, timeout=None):
    return [asyncio.create_task(job.wait(timeout)) for job in jobs]


def weather(exa):
    return exa._engine._watcher._weather


async def ends(tasks):
    return await asyncio.gather(*tasks, return_exceptions=True)


async def go_away(sandbox, jobs, seconds=100_000.0):
    """Let jobs be waited for and the service go away, until looks are held."""
    waits = start(jobs)
    await asyncio.sleep(0.5)
    sandbox.restart(seconds)
    await asyncio.sleep(9.5)
    return waits


def timed(tasks):
    """Return a list that fills with the times at which the tasks end."""
    times = []
    for task in tasks:
        task.add_done_callback(lambda _: times.append(now()))
    return times


# -- JobUnreachable -------------------------------------------------------------------


@pytest.mark.parametrize("way", ["refused", "503"])
async def test_each_wait_of_an_outage_ends_unreachable_with_its_cause(way):
    """Also those whose looks were held: unreachable_after seconds from the outage, give or take a step."""
    async with world() as (sandbox, _, jobs):
        waits = start(jobs)
        times = timed(waits)
        await asyncio.sleep(0.5)
        began = now()
        if way == "refused":
            sandbox.restart(10_000.0)
        else:
            sandbox.fault(HTML)
        errors = await ends(waits)
        assert {type(error) for error in errors} == {JobUnreachable}
        assert {type(error.__cause__) for error in errors} == {TransportError if way == "refused" else ServerError}
        assert {error.ref for error in errors} == {job.ref for job in jobs}
        assert all(error.seconds >= 300 for error in errors)
        assert all(300 <= at - began <= 330 for at in times)
        assert asked(sandbox) < MANY * 4


async def test_a_wait_that_begins_amid_an_outage_has_its_own_time():
    """What was before it is not held against the job."""
    async with world() as (sandbox, _, jobs):
        waits = await go_away(sandbox, jobs[:-1])
        await asyncio.sleep(280)
        late, began = start(jobs[-1:]), now()
        await ends(waits)
        assert isinstance((await ends(late))[0], JobUnreachable)
        assert 300 <= now() - began <= 330


async def test_a_wait_that_begins_anew_amid_an_outage_has_its_own_time():
    """Also if its job was waited for before, and its look has been due ever since."""
    async with world(unreachable_after=100) as (sandbox, _, jobs):
        waits = await go_away(sandbox, jobs)
        for wait in waits:
            wait.cancel()
        await ends(waits)
        await asyncio.sleep(500)
        began, again = now(), start(jobs)
        times = timed(again)
        assert {type(error) for error in await ends(again)} == {JobUnreachable}
        assert all(100 <= at - began <= 130 for at in times)


async def test_announced_pauses_do_not_make_jobs_unreachable():
    """A service that says each time that it will be away for 50 s is away for as long as it says."""
    async with world(unreachable_after=100) as (sandbox, _, jobs):
        sandbox.fault(Fault(Answer(503, "{}", {"Retry-After": "50"}), times=None))
        waits = start(jobs)
        await asyncio.sleep(400)
        assert not any(wait.done() for wait in waits)
        assert sandbox.ledger.count("look") < 2 * MANY
        sandbox.clear_faults()
        for job in jobs:
            sandbox.end(str(job.ref), "completed")
        assert {end.state for end in await ends(waits)} == {JobState.COMPLETED}


async def test_a_machine_that_slept_does_not_make_a_job_unreachable():
    """One failed look before eight hours of sleep and one after it are two failed looks, not eight hours."""
    async with world(1, works=300) as (sandbox, _, (job,)):
        waits = start([job])
        await asyncio.sleep(0.5)
        sandbox.restart(9 * 3600.0)
        await asyncio.sleep(2)
        asyncio.get_running_loop()._virtual.now += 8 * 3600
        await asyncio.sleep(250)
        assert not waits[0].done()
        with pytest.raises(JobUnreachable):
            await waits[0]


async def test_held_jobs_survive_a_sleep_as_well():
    """What counts ends when the next probe was meant to go."""
    async with world() as (sandbox, _, jobs):
        waits = await go_away(sandbox, jobs)
        asyncio.get_running_loop()._virtual.now += 8 * 3600
        await asyncio.sleep(250)
        assert not any(wait.done() for wait in waits)
        assert {type(error) for error in await ends(waits)} == {JobUnreachable}


async def test_a_look_that_hangs_through_a_sleep_counts_its_timeout_at_most():
    """The request was under way for eight hours, of which the client waited for a minute."""
    async with world(1) as (sandbox, _, (job,)):
        waits = start([job])
        sandbox.fault(Fault(Stall(None), verb="look", times=None))
        await asyncio.sleep(70)
        asyncio.get_running_loop()._virtual.now += 8 * 3600
        await asyncio.sleep(100)
        assert not waits[0].done()
        assert isinstance((await ends(waits))[0], JobUnreachable)


async def test_an_unknown_word_is_not_blamed_for_an_outage():
    """The guard of unknown words waits for a look that succeeds."""
    async with world(lists=False, unknown_after=60, unreachable_after=1000) as (sandbox, _, jobs):
        sandbox.fault(Fault(Say("pondering"), verb="look", times=MANY))
        waits = start(jobs)
        await asyncio.sleep(1.3)
        assert {job.snapshot.status for job in jobs} == {"pondering"}
        sandbox.restart(200.0)
        await asyncio.sleep(230)
        assert {job.state for job in jobs} == {JobState.RUNNING}
        assert not any(wait.done() for wait in waits)
        for wait in waits:
            wait.cancel()
        await ends(waits)


# -- waits ----------------------------------------------------------------------------------


async def test_the_bound_of_a_wait_holds_while_looks_are_held():
    """To the second."""
    async with world() as (sandbox, _, jobs):
        await_all = start(jobs, 20)
        await asyncio.sleep(0.5)
        sandbox.restart(10_000.0)
        assert {type(error) for error in await ends(await_all)} == {WaitTimeout}
        assert now() - 1000 < 21


async def test_nothing_is_sent_when_the_last_waiter_has_left():
    """And whoever comes then is looked at in one step, whether or not the service is still away."""
    async with world(works=1) as (sandbox, exa, jobs):
        sandbox.script("exa.agent_run", Life.ordinary("exa.agent_run", works=1), times=None)
        sandbox.restart(1000.0)
        waits = start(jobs)
        await asyncio.sleep(10)
        assert weather(exa).away
        for wait in waits:
            wait.cancel()
        await ends(waits)
        before = asked(sandbox)
        await asyncio.sleep(500)
        assert asked(sandbox) == before
        again = start(jobs[:3], 30)
        assert {type(error) for error in await ends(again)} == {WaitTimeout}
        assert before < asked(sandbox) <= before + 10
        await asyncio.sleep(500)
        began = now()
        assert {end.state for end in await ends(start(jobs))} == {JobState.COMPLETED}
        assert now() - began < 2


async def test_a_refresh_is_sent_in_any_case_and_finds_the_service_back():
    """Its good reply lets all the others go at once."""
    async with world(works=1) as (sandbox, exa, jobs):
        waits = start(jobs)
        sandbox.restart(60.0)
        await asyncio.sleep(40)
        before = asked(sandbox)
        refreshing = asyncio.create_task(jobs[0].refresh())
        await asyncio.sleep(0)
        await asyncio.sleep(0.1)
        assert asked(sandbox) == before + 1
        refreshing.cancel()
        await ends([refreshing])
        await asyncio.sleep(20)
        assert weather(exa).away or all(wait.done() for wait in waits)
        await jobs[0].refresh()
        began = now()
        assert {end.state for end in await ends(waits)} == {JobState.COMPLETED}
        assert now() - began < 1


async def test_a_look_without_time_is_sent_in_any_case():
    """``wait(timeout=0)`` looks once, outage or not."""
    async with world() as (sandbox, _, jobs):
        waits = await go_away(sandbox, jobs)
        before = asked(sandbox)
        with pytest.raises(WaitTimeout) as caught:
            await jobs[0].wait(timeout=0)
        assert isinstance(caught.value.__cause__, TransportError)
        assert asked(sandbox) == before + 1
        for wait in waits:
            wait.cancel()
        await ends(waits)


async def test_jobs_that_fail_for_themselves_hold_no_others():
    """Looks at some end in 500 for ever; the others are looked at as ever, and those keep their own backoff."""
    async with world(works=60, lists=False) as (sandbox, exa, jobs):
        broken, sound = jobs[:20], jobs[20:]
        for job in broken:
            sandbox.fault(Fault(Answer(500, "{}"), verb="look", path=job.id, times=None))
        began, held = now(), 0.0
        waits, lost = start(sound), start(broken, 100)
        while now() - began < 60:
            await asyncio.sleep(0.1)
            held += 0.1 * weather(exa).away
        assert held < 12
        assert {end.state for end in await ends(waits)} == {JobState.COMPLETED}
        assert now() - began < 70
        assert {type(error) for error in await ends(lost)} == {WaitTimeout}


async def test_a_service_of_which_every_second_reply_fails_is_looked_at_as_ever():
    """It is hardly ever away, and never for long."""
    async with world(works=60) as (sandbox, exa, jobs):
        sandbox.fault(Fault(Answer(502, "<html>"), verb="look", probability=0.5, times=None))
        began, held = now(), 0.0
        waits = start(jobs)
        while now() - began < 60:
            await asyncio.sleep(0.1)
            held += 0.1 * weather(exa).away
        assert held < 6
        assert {end.state for end in await ends(waits)} == {JobState.COMPLETED}


# -- after it ---------------------------------------------------------------------------------


async def test_an_outage_and_its_end_are_logged_once(caplog):
    """Not per job, and without the key."""
    with caplog.at_level(logging.INFO, "asyncjobs"):
        async with world(works=30) as (sandbox, _, jobs):
            waits = start(jobs)
            await asyncio.sleep(0.5)
            sandbox.restart(60.0)
            await ends(waits)
    told = [(record.levelname, record.getMessage()) for record in caplog.records]
    assert [level for level, _ in told] == ["WARNING", "INFO"]
    assert told[0][1].startswith("exa is away")
    assert told[1][1].startswith("exa answers again after ")
    assert not [message for _, message in told if "key" in message]


async def test_what_the_service_says_is_not_logged(caplog):
    """It may repeat what was sent; the status says enough."""
    async with world(0) as (sandbox, exa, _):
        sandbox.fault(Fault(Answer(503, {"error": "cannot: very private"}), verb="create", times=None))
        creates = [exa.agent.runs.create(query="very private") for _ in range(20)]
        await asyncio.gather(*creates, return_exceptions=True)
        assert "status 503" in caplog.text
        assert "private" not in caplog.text


async def test_a_service_that_breaks_down_again_is_let_alone_again():
    """A few requests find that out, not all that have waited."""
    async with world(200, works=30) as (sandbox, _, jobs):
        waits = start(jobs)
        await asyncio.sleep(0.5)
        sandbox.restart(60.0)
        await asyncio.sleep(60.0)
        before = asked(sandbox)
        # Only each thirtieth request is answered well.
        for skip in range(29):
            sandbox.fault(Fault(Answer(503, "<html>"), verb="look", times=30 - skip))
        await asyncio.sleep(60)
        assert asked(sandbox) - before < 40
        sandbox.clear_faults()
        assert {end.state for end in await ends(waits)} == {JobState.COMPLETED}


# -- repeats -----------------------------------------------------------------------------------


async def test_the_first_attempt_of_a_cancel_is_never_held():
    """It leaves at once, however long the service has been away."""
    async with world() as (sandbox, _, jobs):
        waits = await go_away(sandbox, jobs)
        await asyncio.sleep(60)
        before, began = asked(sandbox), now()
        cancels = [asyncio.create_task(job.cancel()) for job in jobs]
        await asyncio.sleep(0.2)
        assert asked(sandbox) >= before + MANY
        assert now() - began < 0.3
        for task in cancels + waits:
            task.cancel()
        await ends(cancels + waits)


async def test_creates_that_were_never_sent_take_turns():
    """A hundred creates against a closed door are a hundred requests, and one more in a second."""
    async with world(0) as (sandbox, exa, _):
        sandbox.restart(60.0)
        creates = [asyncio.ensure_future(exa.agent.runs.create(query="q")) for _ in range(100)]
        await asyncio.sleep(60)
        assert 100 <= sandbox.refused <= 100 + 2 * 60
        await asyncio.gather(*creates)
        assert sandbox.ledger.billed() == 100


async def test_a_hundred_refreshes_take_turns():
    """Each is sent at once, and again in turns."""
    async with world(100) as (sandbox, _, jobs):
        sandbox.restart(60.0)
        refreshes = [asyncio.ensure_future(job.refresh()) for job in jobs]
        await asyncio.sleep(60)
        assert 100 <= sandbox.refused <= 100 + 2 * 60
        await asyncio.gather(*refreshes)


async def test_repeats_are_not_all_sent_by_one():
    """Each turn is another's."""
    async with world(100) as (sandbox, _, jobs):
        sandbox.fault(HTML)
        cancels = [asyncio.create_task(job.cancel()) for job in jobs]
        await asyncio.sleep(25)
        paths = [row.path for row in sandbox.ledger.requests if row.verb == "cancel"]
        again = [path for path, group in itertools.groupby(sorted(paths)) if len(list(group)) > 1]
        assert 10 <= len(again) <= 50
        sandbox.clear_faults()
        await asyncio.gather(*cancels)


async def test_closing_amid_an_outage_leaves_nothing_behind():
    """Neither what waits for its turn nor the clock of the turns."""
    async with world() as (sandbox, exa, jobs):
        waits = await go_away(sandbox, jobs)
        cancels = [asyncio.create_task(job.cancel()) for job in jobs]
        await asyncio.sleep(5)
        await exa.aclose()
        results = await ends(waits + cancels)
        assert all(isinstance(result, Exception) for result in results)
        assert not exa._engine.tasks
        assert not exa._engine.caller._outage._resting
        assert exa._engine.caller._outage._timer is None
