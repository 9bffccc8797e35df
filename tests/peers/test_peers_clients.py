"""How other libraries end: sessions that are closed under their users, and handles that are used elsewhere."""

from __future__ import annotations

import asyncio

import pytest
from peers_world import ended, now, start, world_of

from asyncjobs import ClientClosed, JobState, WrongLoop
from asyncjobs.testing import VirtualLoop


async def test_a_client_closes_in_order(kind, caplog):
    """Some close the session under their own cleaning up; here waiters go first, then owned jobs, then the session."""
    async with world_of(kind) as world:
        owned = await world.create(after_cancel=[(3, world.words.canceled)])
        free = await world.create()
        async with owned:
            waits = [start(owned.wait()), start(free.wait()), start(free.result())]
            await asyncio.sleep(5)
            closing = start(world.client.aclose())
            closed_at = now()
            for wait in waits:
                assert isinstance((await ended(wait)).exception(), ClientClosed)
            assert now() == closed_at
            await closing
        assert now() >= closed_at + 3
        assert owned.state is JobState.CANCELED
        assert world.word(free) == world.words.working
        assert {
            row.path for row in world.sandbox.ledger.requests if row.at > closed_at and free.id in row.path
        } == set()
        assert "closed" not in caplog.text.lower()


@pytest.mark.parametrize("verb", ["wait", "result", "refresh", "cancel", "stop", "next", "own", "create", "aclose"])
def test_a_handle_on_another_loop_is_refused_and_both_loops_are_named(verb):
    """Elsewhere such a use hangs or fails deep inside; here it is an error at once, which says which loops they are."""

    async def home_side():
        opened = world_of("exa.agent_run")
        world = await opened.__aenter__()
        return opened, world, await world.create()

    async def own(job):
        async with job:
            pytest.fail("entered")

    with asyncio.Runner(loop_factory=VirtualLoop) as home, asyncio.Runner(loop_factory=VirtualLoop) as abroad:
        opened, world, job = home.run(home_side())
        asked = world.sandbox.ledger.count()

        async def abroad_side():
            match verb:
                case "next":
                    await anext(aiter(job))
                case "own":
                    await own(job)
                case "create":
                    await world.creation()
                case "aclose":
                    await world.client.aclose()
                case _:
                    await getattr(job, verb)()

        with pytest.raises(WrongLoop) as caught:
            abroad.run(abroad_side())
        assert world.sandbox.ledger.count() == asked
        assert repr(home.get_loop()) in str(caught.value)
        assert str(caught.value).count("VirtualLoop") == 2
        home.run(opened.__aexit__(None, None, None))
