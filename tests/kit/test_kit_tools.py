"""The other tools: a clock, the sandbox with clients, and races to replay."""

from __future__ import annotations

import asyncio
import math

import pytest

from asyncjobs import CancelOutcome, InvalidArgument, JobState, Settings, WaitTimeout
from asyncjobs.sandbox import Life
from asyncjobs.sandbox.races import RACES
from asyncjobs.testing import ManualClock, open_sandbox, replay


def test_a_clock_moves_only_when_told():
    """Reading it does nothing."""
    clock = ManualClock(5)
    assert (clock(), clock.now, clock()) == (5.0, 5.0, 5.0)
    assert clock.advance(2.5) == clock() == 7.5
    assert repr(clock) == "<ManualClock at 7.5 s>"


@pytest.mark.parametrize("seconds", [-1, math.nan, math.inf, "1", True, None])
def test_a_clock_does_not_run_backwards(seconds):
    """Nor to where no clock is."""
    clock = ManualClock()
    with pytest.raises(InvalidArgument, match="seconds"):
        clock.advance(seconds)
    assert clock.now == 0


@pytest.mark.parametrize("start", [math.nan, math.inf, "0", False])
def test_a_clock_begins_at_a_time(start):
    """A finite one."""
    with pytest.raises(InvalidArgument, match="start"):
        ManualClock(start)


async def test_a_sandbox_lives_by_the_clock():
    """However often one looks, the job goes on when the clock does."""
    clock = ManualClock()
    async with open_sandbox(clock=clock) as (sandbox, exa, _):
        sandbox.script("exa.agent_run", Life.ordinary("exa.agent_run", waits=0.0, works=60.0))
        job = await exa.agent.runs.create(query="q")
        with pytest.raises(WaitTimeout):
            await job.wait(timeout=1000)
        clock.advance(59)
        assert (await job.refresh()).state is JobState.RUNNING
        clock.advance(1)
        assert (await job.refresh()).state is JobState.COMPLETED


async def test_the_clients_of_a_sandbox_have_the_settings():
    """Both of them; and the sandbox has its options."""
    async with open_sandbox(settings=Settings(retry_budget=0.0), latency=2.0) as (sandbox, exa, watercrawl):
        began = asyncio.get_running_loop().time()
        jobs = [await exa.agent.runs.create(query="q"), await watercrawl.searches.create("q")]
        assert asyncio.get_running_loop().time() - began == pytest.approx(4.0)
        assert [job.kind for job in jobs] == ["exa.agent_run", "watercrawl.search"]
        assert [client._engine.settings.retry_budget for client in (exa, watercrawl)] == [0.0, 0.0]
        assert len(sandbox.ledger.active()) == 2


async def _cancel(watercrawl, sandbox):
    job = await watercrawl.searches.create("cats")
    await asyncio.sleep(3)
    outcome = await job.cancel(timeout=None)
    await asyncio.sleep(400)
    return outcome, job.state, sandbox.status(str(job.ref))


@pytest.mark.parametrize(
    "race", [name for name, race in RACES.items() if race.settles is not None and race.settles < 1]
)
def test_a_race_is_replayed(race):
    """Code that cancels comes to the same end as the server, in each race that resolves soon."""
    outcome, state, word = replay(race, _cancel)
    assert {"canceled": CancelOutcome.CANCELED}.get(word, CancelOutcome.ALREADY_DONE) is outcome
    assert {"finished": "completed"}.get(word, word) == state


def test_a_race_is_the_same_for_a_seed():
    """And others have other times."""

    async def words(watercrawl, sandbox):
        job = await watercrawl.searches.create("cats")
        await asyncio.sleep(1)
        await job.cancel(confirm=False)
        seen = []
        for _ in range(200):
            seen.append(sandbox.status(str(job.ref)))
            await asyncio.sleep(0.1)
        return seen

    lives = [replay("sticks_and_finishes", words, seed=seed) for seed in (1, 1, 2)]
    assert lives[0] == lives[1] != lives[2]
    assert all(set(life) == {"canceling", "finished"} for life in lives)


def test_a_race_without_an_end_is_bounded():
    """By virtual seconds."""

    async def wait(watercrawl, _):
        await (await watercrawl.searches.create("cats")).wait()

    with pytest.raises(TimeoutError):
        replay("never_starts", wait, within=100)


def test_there_are_no_other_races():
    """The error names those that there are."""
    with pytest.raises(InvalidArgument, match="never_starts"):
        replay("wins", _cancel)
