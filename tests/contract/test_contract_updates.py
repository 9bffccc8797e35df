"""DESIGN section 3: ``async for snapshot in job``."""

from __future__ import annotations

import asyncio
import inspect
import itertools

import pytest
from contract_world import TELLING, World, figure, later, start

from asyncjobs import AuthenticationError, ClientClosed, JobState, JobUnreachable, UnknownStatus


async def test_the_first_snapshot_is_what_is_known_now(kind):
    """Without asking, if anything is known."""
    async with World(kind) as world:
        job = await world.create()
        async for snapshot in job:
            assert snapshot is job.snapshot
            break
        assert world.sent("look") == 0


async def test_without_anything_known_it_begins_with_a_look(kind):
    """The first snapshot is the first look's."""
    async with World(kind) as world:
        job = await world.unseen()
        async for snapshot in job:
            assert snapshot.source == "poll"
            break
        assert world.sent("look") == 1


async def test_it_ends_with_the_final_snapshot(kind):
    """The last one is the end."""
    async with World(kind) as world:
        job = await world.create(works=10)
        seen = [snapshot async for snapshot in job]
        assert [snapshot.state.final for snapshot in seen] == [False] * (len(seen) - 1) + [True]
        assert seen[-1] is job.snapshot


async def test_a_job_that_has_ended_gives_its_end(kind):
    """One snapshot, no request."""
    async with World(kind) as world:
        job = await world.create(works=1)
        await job.wait()
        sent = world.asked_anything()
        assert [snapshot async for snapshot in job] == [job.snapshot]
        assert world.asked_anything() == sent


async def test_it_yields_on_changes_only(kind):
    """Looks that show the same state, status, progress and reason are no news."""
    async with World(kind) as world:
        job = await world.create(waits=3, works=40)
        seen = [snapshot async for snapshot in job]
        assert world.sent("look") > 5
        facts = [(snapshot.state, snapshot.status, snapshot.progress, snapshot.reason) for snapshot in seen]
        assert all(before != after for before, after in itertools.pairwise(facts))


@pytest.mark.parametrize("kind", TELLING)
async def test_progress_is_a_change(kind):
    """A follower sees the work getting on."""
    async with World(kind) as world:
        job = await world.create(works=30)
        figures = [figure(snapshot.progress) async for snapshot in job]
        assert figures == sorted(figures)
        assert len(set(figures)) > 5


async def test_a_status_within_the_same_state_is_a_change(kind):
    """Two unknown words are two pieces of news."""
    async with World(kind) as world:
        job = await world.create(steps=[(0, "simmering"), (10, "stewing"), (20, world.completed)])
        seen = [snapshot.status async for snapshot in job]
        assert list(dict.fromkeys(seen)) == ["simmering", "stewing", world.completed]


async def test_a_slow_consumer_gets_the_latest(kind):
    """What it missed is not delivered later."""
    async with World(kind) as world:
        job = await world.create(steps=[(0, "simmering"), (5, "stewing"), (10, world.working), (60, world.completed)])
        twin = start(job.wait())
        seen = []
        async for snapshot in job:
            seen.append(snapshot.status)
            await later(30)
        assert "stewing" not in seen
        assert seen[-1] == world.completed
        await twin


async def test_it_looks_only_within_anext(kind):
    """While the consumer works, nobody waits and nothing is asked."""
    async with World(kind) as world:
        job = await world.create()
        async for _ in job:
            sent = world.asked_anything()
            await later(100)
            assert world.asked_anything() == sent
            break


async def test_break_only_stops_looking(kind):
    """The job goes on, and the looks end."""
    async with World(kind) as world:
        job = await world.unseen()
        async for _ in job:
            break
        sent = world.asked_anything()
        await later(100)
        assert world.asked_anything() == sent
        assert world.word(job) == world.working


async def test_a_cancelled_consumer_only_stops_looking(kind):
    """No cancel is sent."""
    async with World(kind) as world:
        job = await world.create()
        iterator = aiter(job)
        await anext(iterator)
        task = start(anext(iterator))
        await later(10)
        task.cancel()
        await asyncio.wait({task})
        sent = world.asked_anything()
        await later(100)
        assert (world.asked_anything(), world.sent("cancel")) == (sent, 0)


async def test_two_consumers_each_get_all_changes(kind):
    """They share the looks."""
    async with World(kind) as world:
        job = await world.create(steps=[(0, "simmering"), (10, "stewing"), (20, world.completed)])

        async def follow():
            return [snapshot async for snapshot in job]

        first, second = await asyncio.gather(follow(), follow())
        assert first == second
        assert list(dict.fromkeys(snapshot.status for snapshot in first)) == ["simmering", "stewing", world.completed]


async def test_it_never_ends_silently(kind):
    """What would end a wait is raised out of the loop."""
    async with World(kind, unreachable_after=50) as world:
        job = await world.create()
        world.cut("look", times=None)
        with pytest.raises(JobUnreachable):
            async for _ in job:
                pass


async def test_an_unknown_word_that_stays_is_raised(kind):
    """As from wait."""
    async with World(kind, unknown_after=50) as world:
        job = await world.create(steps=[(0, "simmering")])
        with pytest.raises(UnknownStatus):
            async for _ in job:
                pass


async def test_a_refused_look_is_raised(kind):
    """As from wait."""
    async with World(kind) as world:
        job = await world.create()
        world.answer("look", 401)
        with pytest.raises(AuthenticationError):
            async for _ in job:
                pass


async def test_closing_the_client_is_raised(kind):
    """A follower does not hang when the client goes."""
    async with World(kind) as world:
        job = await world.create()

        async def follow():
            async for _ in job:
                pass

        task = start(follow())
        await later(5)
        await world.client.aclose()
        with pytest.raises(ClientClosed):
            await task


async def test_it_goes_on_after_an_error(kind):
    """The iterator can be asked again: an error is not its end."""
    async with World(kind) as world:
        job = await world.create(works=20)
        iterator = aiter(job)
        await anext(iterator)
        world.answer("look", 401)
        with pytest.raises(AuthenticationError):
            await anext(iterator)
        last = None
        async for snapshot in iterator:
            last = snapshot
        assert last.state is JobState.COMPLETED


async def test_it_is_an_iterator_object(kind):
    """Not a generator: nothing is left to be closed."""
    async with World(kind) as world:
        job = await world.create()
        iterator = aiter(job)
        assert not inspect.isasyncgen(iterator)
        assert aiter(iterator) is iterator
        assert aiter(job) is not iterator


async def test_our_cancel_is_seen_by_followers(kind):
    """Through CANCELING, where it lasts, to the end."""
    async with World(kind) as world:
        job = await world.create(after_cancel=[(10, world.canceled)])

        async def follow():
            return [snapshot.state async for snapshot in job]

        following = start(follow())
        await later(5)
        await job.cancel()
        states = await following
        assert states[-2:] == [JobState.CANCELING, JobState.CANCELED]
