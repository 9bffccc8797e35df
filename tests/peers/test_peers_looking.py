"""How other libraries follow a job, and what a refused look does to them."""

from __future__ import annotations

import asyncio

import attrs
import pytest
from peers_world import BATCH, MILL, ended, start, world_of
from services import answer, scripted, serving

from asyncjobs import JobState, PaymentRequired
from asyncjobs.kinds import Client, Refusal, Refused
from asyncjobs.sandbox import Answer, Drop, Replace, Truncate

FAILED_LOOKS = {
    "500": Answer(500),
    "429": Answer(429, headers={"Retry-After": "1"}),
    "broken connection": Drop(),
    "half a reply": Truncate(),
    "no JSON": Replace(b"<html>"),
}


@pytest.mark.parametrize("action", FAILED_LOOKS.values(), ids=FAILED_LOOKS)
async def test_an_iteration_outlasts_a_failed_look(kind, action):
    """One ended its iteration at the first failed poll, without the end and without an error; here it goes on."""
    async with world_of(kind) as world:
        job = await world.create(works=12)
        world.fault("look", action, skip=1)
        snapshots = [snapshot async for snapshot in job]
        assert any(row.fault for row in world.sandbox.ledger.requests)
        assert [snapshot.state.final for snapshot in snapshots] == [False] * (len(snapshots) - 1) + [True]
        assert snapshots[-1].state is JobState.COMPLETED


async def test_a_follower_that_raises_harms_only_itself(kind):
    """Some run their users' progress callbacks within the wait, which then dies of them; here only the loop ends."""
    async with world_of(kind) as world:
        job = await world.create(works=20)
        waiting = start(job.wait())
        seen = []

        async def show():
            async for snapshot in job:
                seen.append(snapshot)
                raise ZeroDivisionError

        async def follow():
            return [snapshot.state async for snapshot in job]

        following = start(follow())
        assert isinstance((await ended(start(show()))).exception(), ZeroDivisionError)
        assert (await waiting).state is JobState.COMPLETED
        assert (await following)[-1] is JobState.COMPLETED
        assert len(seen) == 1
        assert world.sent("cancel") == 0


async def test_a_follower_that_raises_leaves_nobody_looking(kind):
    """The last one who leaves, however it does, ends the looks; the job goes on."""
    async with world_of(kind) as world:
        job = await world.create()
        with pytest.raises(ZeroDivisionError):
            async for _ in job:
                raise ZeroDivisionError
        sent = world.sent("look")
        await asyncio.sleep(100)
        assert world.sent("look") == sent
        assert world.active() == 1


def refused_with_403(means):
    """Return the made-up service, saying that its 403 to a look *means* something particular."""
    return attrs.evolve(MILL, kinds=(attrs.evolve(BATCH, refusals=(Refusal("look", 403, means),)),))


async def test_a_403_that_the_kind_explains_as_load_does_not_end_a_wait():
    """One service has three meanings for a 403; where the kind tells one apart that passes, the wait goes on."""
    handler, seen = scripted(answer(status=403), answer(status=403), answer({"id": "b1", "status": "completed"}))
    async with (
        serving(handler) as session,
        Client(refused_with_403(Refused.OVERLOADED), "key", session=session) as mill,
    ):
        assert (await mill.job("mill.batch:b1").wait()).state is JobState.COMPLETED
        assert len(seen) == 3


async def test_a_403_that_the_kind_explains_as_quota_is_raised_as_such():
    """Nothing to wait for, but not a matter of permission either: the error of each waiter says which it is."""
    handler, seen = scripted(answer(status=403))
    async with serving(handler) as session, Client(refused_with_403(Refused.QUOTA), "key", session=session) as mill:
        job = mill.job("mill.batch:b1")
        came = await asyncio.gather(job.wait(), job.result(), return_exceptions=True)
        assert [type(error) for error in came] == [PaymentRequired] * 2
        assert len(seen) == 1
