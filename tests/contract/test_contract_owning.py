"""DESIGN section 3: ``async with job`` owns the remote job."""

from __future__ import annotations

import asyncio
import logging

import anyio
import pytest
from contract_world import NEVER, World, later, start

from asyncjobs import AuthenticationError, CancelUnconfirmed, JobState, NotSupported


class BoomError(Exception):
    """An error of the user's own."""


async def leave_normally(job):
    async with job:
        await later(1)


async def leave_by_return(job):
    async with job:
        return await later(1)


async def leave_by_break(job):
    for _ in range(2):
        async with job:
            break


async def leave_by_exception(job):
    async with job:
        raise BoomError


async def leave_by_cancelled_task(job):
    async def body():
        async with job:
            await later(1000)

    task = start(body())
    await later(1)
    task.cancel()
    await task


async def leave_by_timeout(job):
    async with asyncio.timeout(1), job:
        await later(1000)


async def leave_by_anyio_scope(job):
    with anyio.move_on_after(1):
        async with job:
            await anyio.sleep(1000)


async def leave_by_anyio_group(job):
    async def body():
        async with job:
            await anyio.sleep(1000)

    async with anyio.create_task_group() as group:
        group.start_soon(body)
        await anyio.sleep(1)
        group.cancel_scope.cancel()


async def leave_by_task_group(job):
    async def body():
        async with job:
            await later(1000)

    async def fail():
        await later(1)
        raise BoomError

    async with asyncio.TaskGroup() as group:
        group.create_task(body())
        group.create_task(fail())


async def leave_by_closed_generator(job):
    async def values():
        async with job:
            yield 1

    generator = values()
    await anext(generator)
    await generator.aclose()


ROUTES = [value for name, value in list(globals().items()) if name.startswith("leave_")]
ENDINGS = (BoomError, asyncio.CancelledError, TimeoutError, ExceptionGroup)


async def take(route, job):
    """Leave the block of *job* by *route* and return what came out."""
    try:
        await route(job)
    except ENDINGS as error:
        return error
    return None


# -- leaving -------------------------------------------------------------------


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.__name__)
async def test_leaving_by_any_route_cancels_the_job(kind, route):
    """When the block has been left, the job was seen cancelled, and nothing runs at the service."""
    async with World(kind) as world:
        job = await world.create()
        await take(route, job)
        assert job.state is JobState.CANCELED
        assert world.active() == 0
        assert world.sent("cancel") == 1


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.__name__)
async def test_leaving_by_any_route_waits_for_the_confirmation(kind, route):
    """A service that takes its time is waited for, whatever cancels the leaving task."""
    async with World(kind) as world:
        job = await world.create(after_cancel=[(6, world.canceled)])
        await take(route, job)
        assert job.state is JobState.CANCELED
        assert 6 <= world.elapsed < 15


async def test_the_users_exception_comes_out_bare(kind):
    """The very object, without a cause or a context of ours."""
    async with World(kind) as world:
        job = await world.create()
        boom = BoomError("mine")
        with pytest.raises(BoomError) as caught:
            async with job:
                raise boom
        assert caught.value is boom
        assert boom.__cause__ is boom.__context__ is None
        assert not hasattr(boom, "__notes__")


async def test_a_block_whose_job_has_ended_sends_nothing(kind):
    """There is nothing to cancel."""
    async with World(kind) as world:
        job = await world.create(works=2)
        async with job:
            result = await job
        assert result.status == world.completed
        assert world.sent("cancel") == 0
        assert job.state is JobState.COMPLETED


async def test_the_block_gives_the_handle(kind):
    """async with job as same: the same job."""
    async with World(kind) as world:
        job = await world.create()
        async with job as same:
            assert same is job


async def test_a_job_that_ends_while_it_is_cancelled_is_no_error(kind):
    """It lost nothing: it had completed."""
    async with World(kind) as world:
        job = await world.unseen(works=0)
        async with job:
            pass
        assert job.state is JobState.COMPLETED


async def test_leaving_joins_a_cancel_that_is_under_way(kind):
    """One request."""
    async with World(kind) as world:
        job = await world.create(after_cancel=[(3, world.canceled)])
        async with job:
            canceling = start(job.cancel())
            await later(1)
        assert await canceling == "canceled"
        assert world.sent("cancel") == 1


# -- when it cannot be cancelled --------------------------------------------------------


async def test_a_failed_clean_up_raises_if_nothing_else_is_under_way(kind):
    """The user must know that the job may still be running."""
    async with World(kind) as world:
        job = await world.create()
        world.answer("cancel", 401, times=None)
        with pytest.raises(AuthenticationError) as caught:
            async with job:
                pass
        assert caught.value.ref == job.ref


@pytest.mark.parametrize("route", [leave_by_exception, leave_by_cancelled_task], ids=["exception", "cancel"])
async def test_a_failed_clean_up_is_a_note_on_the_exception_under_way(kind, route):
    """It never replaces it; the note names the job and what went wrong."""
    async with World(kind) as world:
        job = await world.create()
        world.answer("cancel", 401, times=None)
        notes = []

        class Noting:
            async def __aenter__(self):
                return await job.__aenter__()

            async def __aexit__(self, *exc_info):
                await job.__aexit__(*exc_info)
                notes.extend(exc_info[1].__notes__)

        error = await take(route, Noting())
        assert isinstance(error, (BoomError, asyncio.CancelledError))
        assert len(notes) == 1
        assert str(job.ref) in notes[0]
        assert "401" in notes[0]


async def test_a_failed_clean_up_is_logged_with_the_ref(kind, caplog):
    """As an error: the job may still be running and cost money."""
    async with World(kind) as world:
        job = await world.create()
        world.answer("cancel", 401, times=None)
        with pytest.raises(BoomError):
            async with job:
                raise BoomError
    (record,) = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert str(job.ref) in record.getMessage()


async def test_clean_up_is_bounded(kind):
    """A service that forgets our cancel holds the leaver for cleanup_timeout, 10 s."""
    async with World(kind) as world:
        job = await world.create(after_cancel=NEVER)
        with pytest.raises(CancelUnconfirmed):
            async with job:
                pass
        assert world.elapsed == pytest.approx(10)


async def test_the_bound_of_the_clean_up_can_be_set(kind):
    """cleanup_timeout is a setting."""
    async with World(kind, cleanup_timeout=3) as world:
        job = await world.create(after_cancel=NEVER)
        with pytest.raises(CancelUnconfirmed):
            async with job:
                pass
        assert world.elapsed == pytest.approx(3)


async def test_the_bound_of_the_clean_up_does_not_count_the_queue(kind):
    """It counts from when the request leaves its lane."""
    async with World(kind, connections=1, request_timeout=500) as world:
        job, other = await world.create(), await world.create()
        world.hang("look", 60, job=other)
        busy = start(other.refresh())
        await later(1)
        async with job:
            pass
        assert job.state is JobState.CANCELED
        assert 60 <= world.elapsed < 65
        await busy


async def test_a_kind_without_cancel_refuses_on_entry(kind):
    """Owning what cannot be cancelled would be an empty promise; nothing is sent."""
    async with World(kind, without=["cancel"]) as world:
        job = await world.create()
        sent = world.asked_anything()
        with pytest.raises(NotSupported) as caught:
            async with job:
                pytest.fail("the block was entered")
        assert (caught.value.verb, caught.value.ref) == ("cancel", job.ref)
        assert world.asked_anything() == sent


async def test_a_second_native_cancel_lets_the_leaver_go(kind):
    """The clean-up goes on, and the client drains it when it closes."""
    async with World(kind) as world:
        job = await world.create(after_cancel=[(6, world.canceled)])

        async def body():
            async with job:
                await later(1000)

        task = start(body())
        await later(1)
        task.cancel()
        await later(1)
        assert not task.done()
        task.cancel()
        await asyncio.wait({task})
        assert task.cancelled()
        assert world.elapsed == pytest.approx(2)
        await world.client.aclose()
        assert world.word(job) == world.canceled
        assert world.elapsed >= 7


# -- owners --------------------------------------------------------------------------


async def test_of_two_owners_the_first_exit_cancels(kind):
    """Ownership is not shared out."""
    async with World(kind) as world:
        job = await world.create()
        async with job:
            async with world.client.job(job.ref):
                pass
            assert job.state is JobState.CANCELED
        assert world.sent("cancel") == 1


async def test_a_detached_handle_cancels_nothing(kind):
    """detach gives up the ownership."""
    async with World(kind) as world:
        job = await world.create()
        async with job:
            job.detach()
        assert world.sent("cancel") == 0
        assert world.word(job) == world.working


async def test_a_detached_handle_cancels_nothing_on_an_exception_either(kind):
    """Whatever the route."""
    async with World(kind) as world:
        job = await world.create()
        with pytest.raises(BoomError):
            async with job:
                job.detach()
                raise BoomError
        assert world.word(job) == world.working


async def test_detach_gives_up_this_handles_ownership_only(kind):
    """The other owner still cancels."""
    async with World(kind) as world:
        job = await world.create()
        twin = world.client.job(job.ref)
        async with twin:
            async with job:
                job.detach()
            assert not job.done
        assert job.state is JobState.CANCELED


async def test_detaching_an_unowned_handle_is_harmless(kind):
    """Twice as well."""
    async with World(kind) as world:
        job = await world.create()
        job.detach()
        job.detach()
        async with job:
            pass
        assert job.state is JobState.CANCELED


async def test_a_handle_can_be_entered_again_after_it_was_detached(kind):
    """Then it owns again."""
    async with World(kind) as world:
        job = await world.create()
        async with job:
            job.detach()
        async with job:
            pass
        assert job.state is JobState.CANCELED


async def test_closing_the_client_cancels_owned_jobs(kind):
    """And only these."""
    async with World(kind) as world:
        owned, free = await world.create(), await world.create()
        async with owned:
            await world.client.aclose()
            assert world.word(owned) == world.canceled
        assert world.word(free) == world.working


async def test_closing_the_client_cancels_a_job_that_has_one_owner_left(kind):
    """Of two owners one has detached."""
    async with World(kind) as world:
        job = await world.create()
        twin = world.client.job(job.ref)
        async with twin, job:
            job.detach()
            await world.client.aclose()
            assert world.word(job) == world.canceled


async def test_owning_one_job_on_a_closed_client_is_refused(kind):
    """The promise could not be kept."""
    async with World(kind) as world:
        job = await world.create()
        await world.client.aclose()
        with pytest.raises(RuntimeError, match="closed"):
            async with job:
                pass
