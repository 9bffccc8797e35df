"""How other libraries wait: too often, too long, or not long enough."""

from __future__ import annotations

import asyncio
import random
import sys
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from peers_world import MILL, ended, now, start, world_of
from services import answer, scripted, serving

from asyncjobs import JobState, WaitTimeout
from asyncjobs.kinds import Client
from asyncjobs.sandbox import Stall


@pytest.fixture
def no_chance(monkeypatch):
    """Take the jitter away, so that two courses can be compared."""
    monkeypatch.setattr(random, "random", lambda: 0.5)


# -- how often --------------------------------------------------------------------


async def test_ten_waiters_cost_what_one_costs(kind, no_chance):
    """One let each of ten waiters poll on its own, sixty requests in half a second; here they share the looks."""
    async with world_of(kind) as world:
        await (await world.create(works=60)).wait()
        alone = world.sent("look")
        job = await world.create(works=60)
        twins = [world.client.job(job.ref) for _ in range(10)]
        snapshots = await asyncio.gather(*(twin.wait() for twin in twins))
        assert {snapshot.state for snapshot in snapshots} == {JobState.COMPLETED}
        assert world.sent("look") == 2 * alone


async def test_ten_waiters_who_give_up_have_asked_no_more_than_one(kind, no_chance):
    """In one, ten waiters refreshed 34 times in three seconds, each for itself, before all of them timed out."""
    async with world_of(kind) as world:
        job = await world.create()
        with pytest.raises(WaitTimeout):
            await job.wait(timeout=3)
        alone = world.sent("look")
        job = await world.create()
        came = await asyncio.gather(*(job.wait(timeout=3) for _ in range(10)), return_exceptions=True)
        assert [type(error) for error in came] == [WaitTimeout] * 10
        assert world.sent("look") == 2 * alone
        assert world.elapsed == pytest.approx(6)


async def test_one_waiter_does_not_hammer(kind):
    """One asked ten times a second for a job that takes minutes; here a second is worth two looks at most."""
    async with world_of(kind) as world:
        job = await world.create()
        with pytest.raises(WaitTimeout):
            await job.wait(timeout=1)
        assert world.sent("look") <= 2


async def test_waiting_again_for_an_ended_job_asks_nothing(kind, no_chance):
    """One polled the whole operation anew for each of three waits; here three at once cost one course, later ones 0."""
    async with world_of(kind) as world:
        await (await world.create(works=8)).wait()
        alone = world.sent("look")
        job = await world.create(works=8)
        await asyncio.gather(job.wait(), job.wait(), job.wait())
        for _ in range(3):
            await job.wait()
        assert world.sent("look") == 2 * alone


async def test_a_waiter_who_is_cancelled_changes_no_look(kind, no_chance):
    """One let a cancelled waiter take its followers down; here the other's looks come at the very same times."""
    async with world_of(kind) as world:
        await (await world.create(works=30)).wait()
        alone = world.times("look")
        begun = world.elapsed
        job = await world.create(works=30)
        leaving, staying = start(job.wait()), start(job.wait())
        await asyncio.sleep(7.3)
        leaving.cancel()
        assert (await staying).state is JobState.COMPLETED
        assert leaving.cancelled()
        assert world.times("look")[len(alone) :] == pytest.approx([begun + at for at in alone])


# -- how long ---------------------------------------------------------------------


async def test_a_look_that_hangs_does_not_stretch_the_timeout(kind):
    """One checked its clock between requests only and took three seconds for one; here the second is a second."""
    async with world_of(kind) as world:
        job = await world.create()
        world.fault("look", Stall(3.0), times=None)
        before = now()
        with pytest.raises(WaitTimeout) as caught:
            await job.wait(timeout=1)
        assert now() - before == pytest.approx(1.0)
        assert caught.value.ref == job.ref


@pytest.mark.parametrize("step", [timedelta(days=1), timedelta(days=-1)], ids=["forward", "back"])
async def test_a_step_of_the_wall_clock_moves_neither_looks_nor_deadlines(kind, step, no_chance, monkeypatch):
    """One measured its waits by the time of day; here a clock that is set changes nothing but the dates shown."""
    async with world_of(kind) as world:
        with pytest.raises(WaitTimeout):
            await (await world.create()).wait(timeout=40)
        alone = world.times("look")
        job = await world.create()
        waiting = start(job.wait(timeout=40))
        await asyncio.sleep(10)

        class Stepped(datetime):
            """The time of day after somebody has set the clock."""

            @classmethod
            def now(cls, tz=None):
                return datetime.now(tz) + step

        ours = [module for name, module in sys.modules.items() if name.startswith("asyncjobs._")]
        for module in ours:
            if getattr(module, "datetime", None) is datetime:
                monkeypatch.setattr(module, "datetime", Stepped)
        monkeypatch.setattr("time.time", lambda: datetime.now(UTC).timestamp() + step.total_seconds())
        assert isinstance((await ended(waiting)).exception(), WaitTimeout)
        assert world.elapsed == pytest.approx(80)
        assert world.times("look")[len(alone) :] == pytest.approx([40 + at for at in alone])
        assert abs(job.snapshot.observed_at - datetime.now(UTC) - step) < timedelta(minutes=5)


async def test_after_a_suspended_hour_there_is_one_look_at_once(kind):
    """A machine that slept looks once when it wakes, and not once for each look that it slept through."""
    async with world_of(kind) as world:
        job = await world.create(works=1800)
        waiting = start(job.wait())
        await asyncio.sleep(20)
        sent = world.sent("look")
        asyncio.get_running_loop()._virtual.now += 3600
        before = now()
        assert (await waiting).state is JobState.COMPLETED
        assert now() == before
        assert world.sent("look") == sent + 1


# -- what the service asks for ----------------------------------------------------


async def test_the_first_429_does_not_end_a_wait(kind):
    """One that polled on its own died of the first 429; here the wait goes on after the second that was asked for."""
    async with world_of(kind) as world:
        job = await world.create(works=4)
        world.refuse("look", 429, hint="1")
        assert (await job.wait()).state is JobState.COMPLETED
        first, second, *_ = world.times("look")
        assert second - first >= 1


async def test_a_hint_that_is_a_date_is_kept(kind):
    """One did not read the date that came instead of seconds and asked again at once; here nobody asks before it."""
    async with world_of(kind) as world:
        job = await world.create(works=1)
        world.refuse("look", 429, hint=format_datetime(datetime.now(UTC) + timedelta(seconds=40), usegmt=True))
        await job.wait()
        first, second, *_ = world.times("look")
        assert 35 <= second - first <= 46


@pytest.mark.parametrize(
    "hint", ["Wed, 21 Oct 2015 07:28:00 GMT", "0", "-5", "soon"], ids=["past date", "zero", "negative", "no time"]
)
async def test_a_hint_that_lies_behind_us_is_no_hint(kind, hint):
    """Taken at its word such a hint means no pause at all; here the ordinary, growing pause is made."""
    async with world_of(kind) as world:
        job = await world.create()
        world.refuse("look", 429, hint=hint, times=None)
        with pytest.raises(WaitTimeout):
            await job.wait(timeout=100)
        assert 3 <= world.sent("look") <= 15


async def test_a_hint_of_a_day_is_followed_for_a_minute(kind):
    """One would have slept for the whole day that it was told to; here the next look comes after a minute."""
    async with world_of(kind) as world:
        job = await world.create(works=1)
        world.refuse("look", 429, hint="86400")
        await job.wait()
        first, second, *_ = world.times("look")
        assert 59 <= second - first <= 66


# -- held by the service ------------------------------------------------------------


async def test_a_paused_job_is_waited_for():
    """One took a held job for nothing and polled on until its deadline; here it is told, and the wait goes on."""
    words = ["running", *["paused"] * 30, "running", "completed"]
    handler, _ = scripted(*(answer({"id": "b1", "status": word}) for word in words))
    async with serving(handler) as session, Client(MILL, "key", session=session) as mill:
        job = mill.job("mill.batch:b1")
        states = [snapshot.state async for snapshot in job]
        assert states == [JobState.RUNNING, JobState.PAUSED, JobState.RUNNING, JobState.COMPLETED]
        assert not JobState.PAUSED.final


async def test_a_paused_job_that_stays_so_is_named_by_the_timeout():
    """One said only that time was up; here the error has the job and shows that the service holds it."""
    handler, _ = scripted(answer({"id": "b1", "status": "paused"}))
    async with serving(handler) as session, Client(MILL, "key", session=session) as mill:
        with pytest.raises(WaitTimeout) as caught:
            await mill.job("mill.batch:b1").wait(timeout=60)
        assert str(caught.value.ref) == "mill.batch:b1"
        assert caught.value.snapshot.state is JobState.PAUSED
        assert caught.value.snapshot.raw == {"id": "b1", "status": "paused"}
