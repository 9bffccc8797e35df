"""How other libraries clean up: aborted half-way by the very cancellation that they clean up after."""

from __future__ import annotations

import asyncio

import anyio
import pytest
from peers_world import ended, now, start, world_of

from asyncjobs import JobGroup, JobState, as_completed, cancel_all, wait_all
from asyncjobs.sandbox import Stall


class SiblingError(Exception):
    """The failure of another task of the group."""


async def hold(job):
    """Own *job* until something happens."""
    async with job:
        await asyncio.sleep(1000)


# -- a slow cancel is delivered ------------------------------------------------------


async def by_asyncio(job):
    task = start(hold(job))
    await asyncio.sleep(1)
    task.cancel()
    assert (await ended(task)).cancelled()


async def by_anyio_deadline(job):
    with anyio.move_on_after(1):
        await hold(job)


@pytest.mark.parametrize("interrupt", [by_asyncio, by_anyio_deadline])
async def test_a_slow_cancel_is_waited_for(kind, interrupt):
    """One waited 0.04 s for its DELETE under an anyio deadline and never completed it; here both ways complete it."""
    async with world_of(kind) as world:
        job = await world.create()
        world.fault("cancel", Stall(0.5))
        before = now()
        await interrupt(job)
        assert now() - before >= 1.5
        assert job.state is JobState.CANCELED
        (request,) = [row for row in world.sandbox.ledger.requests if row.verb == "cancel"]
        assert request.status in {200, 204}


async def cancelled_natively(job, times=1, apart=0.0):
    task = start(hold(job))
    await asyncio.sleep(1)
    for _ in range(times):
        task.cancel()
        await asyncio.sleep(apart)
    assert (await ended(task)).cancelled()


async def cancelled_three_times(job):
    await cancelled_natively(job, 3, 0.1)


async def cancelled_twice_in_one_tick(job):
    task = start(hold(job))
    await asyncio.sleep(1)
    task.cancel()
    task.cancel()
    assert (await ended(task)).cancelled()


async def left_for_a_failed_sibling(job):
    async def fail():
        await asyncio.sleep(1)
        raise SiblingError

    with pytest.raises(ExceptionGroup):
        async with asyncio.TaskGroup() as group:
            group.create_task(hold(job))
            group.create_task(fail())


WAYS = [
    by_anyio_deadline,
    cancelled_natively,
    cancelled_three_times,
    cancelled_twice_in_one_tick,
    left_for_a_failed_sibling,
]


@pytest.mark.parametrize("way", WAYS)
async def test_the_cancel_is_delivered_by_the_time_the_client_is_closed(kind, way):
    """A shield alone loses the request to the second native cancel; a task of the client, joined on close, does not."""
    async with world_of(kind) as world:
        job = await world.create()
        world.fault("cancel", Stall(0.5))
        await way(job)
        await world.client.aclose()
        assert world.word(job) == world.words.canceled
        assert world.sent("cancel") == 1


# -- a cancellation is not swallowed, and not converted ----------------------------------


async def follow(world, job):
    async for _ in job:
        pass


async def one_by_one(world, job):
    async for _ in as_completed([job]):
        pass


async def in_a_group(world, job):
    async with JobGroup() as group:
        group.add(job)


async def owned_create(world, job):
    async with world.creation():
        pass


VERBS = {
    "wait": lambda _, job: job.wait(),
    "wait with a bound": lambda _, job: job.wait(timeout=500),
    "result": lambda _, job: job.result(),
    "await": lambda _, job: job,
    "refresh": lambda _, job: job.refresh(),
    "cancel": lambda _, job: job.cancel(),
    "unconfirmed cancel": lambda _, job: job.cancel(confirm=False),
    "stop": lambda _, job: job.stop(),
    "async for": follow,
    "async with": lambda _, job: hold(job),
    "create": lambda world, _: world.creation(),
    "owned create": owned_create,
    "wait_all": lambda _, job: wait_all([job]),
    "as_completed": one_by_one,
    "cancel_all": lambda _, job: cancel_all([job]),
    "JobGroup": in_a_group,
}
CASES = [
    (kind, verb)
    for kind in ("exa.agent_run", "watercrawl.search")
    for verb in VERBS
    if (kind, verb) != ("watercrawl.search", "stop")
]


def slow_down(world):
    """Let every request take longer than anybody has."""
    for verb in ("look", "cancel", "stop", "create", "result"):
        world.fault(verb, Stall(3.0), times=None)


@pytest.mark.parametrize(("kind", "verb"), CASES)
async def test_a_timeout_of_the_caller_comes_out_as_it_is(kind, verb):
    """One swallowed the cancellation within a timeout, one made another error of it; here it is the TimeoutError."""
    async with world_of(kind) as world:
        job = await world.create()
        slow_down(world)
        with pytest.raises(TimeoutError) as caught:
            async with asyncio.timeout(0.05) as bound:
                await VERBS[verb](world, job)
        assert type(caught.value) is TimeoutError
        assert bound.expired()
        assert asyncio.current_task().cancelling() == 0


@pytest.mark.parametrize(("kind", "verb"), CASES)
async def test_a_cancelled_task_ends_cancelled(kind, verb):
    """Whatever it was doing: no verb takes a cancellation for an answer, and none makes another error of it."""
    async with world_of(kind) as world:
        job = await world.create()
        slow_down(world)
        task = start(VERBS[verb](world, job))
        await asyncio.sleep(0.05)
        task.cancel("enough")
        assert (await ended(task)).cancelled()


async def test_a_cancellation_while_the_result_is_fetched_comes_out_as_it_is():
    """The same for the one more request that a result may need."""
    async with world_of("watercrawl.search") as world:
        job = await world.create(works=0.0)
        await job.wait()
        slow_down(world)
        with pytest.raises(TimeoutError) as caught:
            async with asyncio.timeout(0.05):
                await job.result(timeout=500)
        assert type(caught.value) is TimeoutError
        task = start(job.result(timeout=500))
        await asyncio.sleep(0.05)
        task.cancel()
        assert (await ended(task)).cancelled()
        assert world.sent("result") == 2
