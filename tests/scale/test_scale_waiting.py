"""What it costs to wait for a thousand jobs, and how soon their ends are known, beside one polling loop for each."""

from __future__ import annotations

import pytest
from scale_world import crowd, now, polling, steady, waiting

from asyncjobs._pace import interval
from asyncjobs.exa import AGENT_RUN

CROWDS = [("exa.search", 10), ("exa.search", 1000), ("exa.agent_run", 0), ("watercrawl.search", 0)]
crowds = pytest.mark.parametrize(("kind", "places"), CROWDS, ids=str)


@crowds
@pytest.mark.timeout(120)
async def test_a_thousand_waits_cost_a_fiftieth_of_a_thousand_loops(kind, places):
    """At the same interval, with ends that have nothing to do with the lists' order; and no end is known later."""
    async with crowd(kind, places=places, pace=steady(3.0)) as (sandbox, _, jobs, ends):
        bare = polling([end - now() for end in ends], 3.0)
        ours = await waiting(sandbox, jobs, ends)
    print(f"\n{kind} in {places} places: {ours}; a loop for each: {bare}; {ours.requests / bare.requests:.2%}")  # noqa: T201 - figures for people
    assert ours.requests <= 0.02 * bare.requests
    # What is left is where each end happens to fall between two looks.
    assert ours.p95 <= 1.005 * bare.p95


@crowds
@pytest.mark.timeout(120)
async def test_under_a_limit_ends_are_known_twenty_times_sooner(kind, places):
    """Ten requests a second are all that a thousand loops share; the lists need no more."""
    async with crowd(kind, places=places, pace=steady(1.0), over=20.0, rate=10) as (sandbox, _, jobs, ends):
        bare = polling([end - now() for end in ends], 1.0, rate=10)
        ours = await waiting(sandbox, jobs, ends)
    print(f"\n{kind} in {places} places, 10/s: {ours}; a loop for each: {bare}; {bare.p95 / ours.p95:.0f} times sooner")  # noqa: T201 - figures for people
    assert 20 * ours.p95 <= bare.p95


def _looks(pace, end):
    """Return how often a loop of its own, at the same pace, looks at a job that ends after so many seconds."""
    at, looks = 0.0, 1
    while at < end:
        at += interval(pace, looks - 1, urgent=False, progress=None, spread=0.5)
        looks += 1
    return looks


@pytest.mark.timeout(120)
async def test_at_the_kinds_own_pace_lists_save_as_much():
    """Intervals grow for all jobs that one list shows alike."""
    async with crowd("exa.agent_run", places=0) as (sandbox, _, jobs, ends):
        began = now()
        ours = await waiting(sandbox, jobs, ends)
    print(f"\nexa.agent_run at its own pace: {ours}")  # noqa: T201 - figures for people
    assert ours.requests <= 0.02 * sum(_looks(AGENT_RUN.pace, end - began) for end in ends)
    assert ours.p95 <= 4.0 * 1.1
