"""DESIGN section 3: create."""

from __future__ import annotations

import asyncio
import inspect

import anyio
import pytest
from contract_world import World, later, start, stop_tasks

from asyncjobs import AuthenticationError, ClientClosed, Exa, Job, JobState, NotSupported
from asyncjobs.sandbox import Fault, Sandbox, Stall


async def test_awaiting_a_create_hands_over_a_job(kind):
    """One request, one job."""
    async with World(kind) as world:
        job = await world.creation()
        assert isinstance(job, Job)
        assert job.kind == kind
        assert (world.sent("create"), world.active()) == (1, 1)


async def test_an_awaited_job_is_unowned(kind):
    """Closing the client leaves it running."""
    async with World(kind) as world:
        job = await world.creation()
        await world.client.aclose()
        assert world.word(job) == world.working


async def test_entering_a_create_owns_the_job(kind):
    """Leaving the block cancels it."""
    async with World(kind) as world:
        async with world.creation() as job:
            assert isinstance(job, Job)
            assert world.word(job) == world.working
        assert job.state is JobState.CANCELED
        assert world.active() == 0


async def test_a_create_is_a_coroutine(kind):
    """So that create_task and gather take it."""
    async with World(kind) as world:
        creation = world.creation()
        assert inspect.isawaitable(creation)
        assert asyncio.iscoroutine(creation)
        task = asyncio.create_task(creation)
        assert isinstance(await task, Job)


async def test_creates_can_be_gathered(kind):
    """Each makes a job of its own."""
    async with World(kind) as world:
        jobs = await asyncio.gather(*(world.creation() for _ in range(5)))
        assert len(set(jobs)) == 5
        assert world.active() == 5


async def test_nothing_is_sent_before_a_create_is_awaited(kind):
    """Making the object is not creating the job."""
    async with World(kind) as world:
        sent = world.asked_anything()
        creation = world.creation()
        await later(10)
        assert world.asked_anything() == sent
        await creation


async def test_a_create_that_was_never_awaited_warns(kind):
    """As any coroutine does."""
    async with World(kind) as world:
        creation = world.creation()
        with pytest.warns(RuntimeWarning, match="never awaited"):
            del creation


async def test_a_create_can_be_used_once(kind):
    """A second await is a mistake and makes no second job."""
    async with World(kind) as world:
        creation = world.creation()
        await creation
        with pytest.raises(RuntimeError):
            await creation
        with pytest.raises(RuntimeError):
            async with creation:
                pass
        assert world.sent("create") == 1


async def test_a_refused_create_raises(kind):
    """Nothing was made."""
    async with World(kind) as world:
        world.answer("create", 401)
        with pytest.raises(AuthenticationError):
            await world.creation()
        world.answer("create", 401)
        with pytest.raises(AuthenticationError):
            async with world.creation():
                pytest.fail("the block was entered")
        assert world.active() == 0


async def test_entering_a_create_of_a_kind_without_cancel_makes_nothing(kind):
    """It refuses before the first byte."""
    async with World(kind, without=["cancel"]) as world:
        with pytest.raises(NotSupported):
            async with world.creation():
                pytest.fail("the block was entered")
        assert world.sent("create") == 0


async def test_creating_on_a_closed_client_raises_client_closed(kind):
    """Nothing is sent."""
    async with World(kind) as world:
        await world.client.aclose()
        with pytest.raises(ClientClosed):
            await world.creation()
        assert world.sent("create") == 0


# -- cancelled half-way ---------------------------------------------------------


async def test_an_unowned_create_that_is_cancelled_half_way_is_adopted(kind):
    """The client finishes it and keeps the job; the caller is let go at once."""
    async with World(kind) as world:
        world.hang("create", 5)
        task = start(world.creation())
        await later(1)
        await stop_tasks(task)
        assert task.cancelled()
        assert world.elapsed == pytest.approx(1)
        await later(10)
        (job,) = world.client.adopted
        assert world.word(job) == world.working
        assert world.sent("create") == 1


async def test_an_adopted_job_is_logged(kind, caplog):
    """With its ref."""
    async with World(kind) as world:
        world.hang("create", 5, processed=True)
        task = start(world.creation())
        await later(1)
        await stop_tasks(task)
        assert world.client.adopted == []
        await later(10)
        (job,) = world.client.adopted
    assert str(job.ref) in caplog.text


async def test_the_jobs_of_a_webset_that_is_created_half_way_are_adopted():
    """Its searches and enrichments are paid work, too."""
    async with Sandbox(sockets=False) as sandbox, Exa("key", base_url=sandbox.url, session=sandbox.session()) as exa:
        sandbox.fault(Fault(Stall(5, processed=True), verb="create", kind="exa.webset"))
        task = start(exa.websets.create(search={"query": "cats", "count": 5}, enrichments=[{"description": "age"}]))
        await later(1)
        await stop_tasks(task)
        await later(10)
        assert [job.kind for job in exa.adopted] == ["exa.search", "exa.enrichment"]


async def test_an_adopted_job_is_a_job_like_any_other(kind):
    """It can be waited for, or cancelled."""
    async with World(kind) as world:
        world.hang("create", 5, processed=True)
        task = start(world.creation(works=20))
        await later(1)
        await stop_tasks(task)
        await later(6)
        assert (await world.client.adopted[0].wait()).state is JobState.COMPLETED


async def test_an_adopted_job_is_not_owned(kind):
    """Closing the client leaves it running."""
    async with World(kind) as world:
        world.hang("create", 5, processed=True)
        task = start(world.creation())
        await later(1)
        await stop_tasks(task)
        await world.client.aclose()
        (job,) = world.client.adopted
        assert world.word(job) == world.working


async def test_an_owned_create_that_is_cancelled_half_way_is_cancelled(kind):
    """From the first byte: what was made is cancelled before the caller is let go."""
    async with World(kind) as world:
        world.hang("create", 5, processed=True)

        async def body():
            async with world.creation():
                pytest.fail("the block was entered")

        task = start(body())
        await later(1)
        await stop_tasks(task)
        assert task.cancelled()
        assert (world.sent("create"), world.sent("cancel"), world.active()) == (1, 1, 0)
        assert world.client.adopted == []


async def test_an_owned_create_under_an_anyio_scope_is_cancelled(kind):
    """The scope gets its way, the job does not stay."""
    async with World(kind) as world:
        world.hang("create", 5, processed=True)
        with anyio.move_on_after(1) as scope:
            async with world.creation():
                pytest.fail("the block was entered")
        assert scope.cancelled_caught
        assert world.active() == 0


async def test_an_owned_create_under_a_timeout_is_cancelled(kind):
    """The timeout comes out as TimeoutError."""
    async with World(kind) as world:
        world.hang("create", 5, processed=True)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1), world.creation():
                pytest.fail("the block was entered")
        assert world.active() == 0


@pytest.mark.parametrize("owned", [False, True])
async def test_a_create_that_still_queues_is_withdrawn(kind, owned):
    """What was not sent is not sent for nobody."""
    async with World(kind, connections=1, request_timeout=500) as world:
        other = await world.create()
        world.hang("look", 50, job=other)
        busy = start(other.refresh())
        await later(1)

        async def body():
            if owned:
                async with world.creation():
                    pytest.fail("the block was entered")
            await world.creation()

        task = start(body())
        await later(1)
        await stop_tasks(task)
        await busy
        await later(10)
        assert world.sent("create") == 1


async def test_a_create_task_that_is_cancelled_before_it_runs_sends_nothing(kind):
    """It never began."""
    async with World(kind) as world:
        task = asyncio.create_task(world.creation())
        await stop_tasks(task)
        await later(10)
        assert world.sent("create") == 0


async def test_closing_the_client_finishes_a_create_on_the_wire(kind):
    """Its job exists already; its caller gets it."""
    async with World(kind) as world:
        world.hang("create", 3, processed=True)
        task = start(world.creation())
        await later(1)
        await world.client.aclose()
        job = await task
        assert world.word(job) == world.working
