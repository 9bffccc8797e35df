"""Waiting for one's turn."""

from __future__ import annotations

import asyncio

import pytest

from asyncjobs._admission import Admission
from asyncjobs._kinds import Lane
from asyncjobs._lanes import Lanes
from asyncjobs.kinds import Limit

CANCEL, CREATE, LOOK = Lane


def clock():
    return asyncio.get_running_loop().time()


async def turns():
    for _ in range(3):
        await asyncio.sleep(0)


async def test_with_room_nobody_waits():
    """A free place is taken without a turn of the loop."""
    lanes = Lanes(Admission((), 2))
    task = lanes.enter(LOOK, {})
    with pytest.raises(StopIteration):
        task.send(None)


async def test_a_place_that_is_left_goes_to_the_most_urgent():
    """A cancel that came last goes first."""
    lanes, order = Lanes(Admission((), 1)), []
    held = await lanes.enter(LOOK, {})

    async def one(name, lane):
        ticket = await lanes.enter(lane, {})
        order.append(name)
        lanes.leave(ticket)

    tasks = [asyncio.create_task(one(name, lane)) for name, lane in [("a", LOOK), ("b", CREATE), ("c", CANCEL)]]
    await turns()
    lanes.leave(held)
    await asyncio.gather(*tasks)
    assert order == ["c", "b", "a"]


async def test_a_rate_is_kept():
    """Ten a second: the eleventh comes a second after the first."""
    lanes, begun = Lanes(Admission([Limit("account", 10)], 100)), clock()

    async def one():
        lanes.leave(await lanes.enter(CREATE, {"account": 1}))
        return clock() - begun

    times = sorted(await asyncio.gather(*(one() for _ in range(25))))
    assert [round(at, 3) for at in times] == [0] * 10 + [1] * 10 + [2] * 5


async def test_a_pause_holds_and_ends_by_itself():
    """Nobody needs to come for those who queue to go on."""
    lanes, begun = Lanes(Admission((), 10)), clock()
    lanes.pause(5.0)
    lanes.leave(await lanes.enter(CANCEL, {}))
    assert clock() - begun == pytest.approx(5.0)


async def test_who_is_cancelled_leaves_the_queue():
    """The next one is served, and no place is lost."""
    admission = Admission((), 1)
    lanes = Lanes(admission)
    held = await lanes.enter(LOOK, {})
    first, second = (asyncio.create_task(lanes.enter(CREATE, {})) for _ in range(2))
    await turns()
    first.cancel()
    await turns()
    assert admission.waiting == 1
    lanes.leave(held)
    lanes.leave(await second)
    assert first.cancelled()
    assert admission.in_flight == 0


async def test_a_place_given_to_one_who_is_cancelled_goes_on():
    """Cancelled in the very tick in which the place came: the place is given back."""
    admission = Admission((), 1)
    lanes = Lanes(admission)
    held = await lanes.enter(LOOK, {})
    first, second = (asyncio.create_task(lanes.enter(CREATE, {})) for _ in range(2))
    await turns()
    lanes.leave(held)
    first.cancel()
    lanes.leave(await second)
    assert first.cancelled()
    assert (admission.in_flight, admission.waiting) == (0, 0)


async def test_a_reserved_limit_does_not_make_time_stand_still():
    """Two requests that wait for the same limit cost no more turns of the loop than the time that passes."""
    lanes = Lanes(Admission([Limit("account", 10), Limit("agent", 5)], 100))
    for _ in range(9):
        lanes.leave(await lanes.enter(CREATE, {"account": 1}))
    tasks = [asyncio.create_task(lanes.enter(CREATE, costs)) for costs in ({"account": 2, "agent": 1}, {"account": 1})]
    async with asyncio.timeout(1.5):
        for ticket in await asyncio.gather(*tasks):
            lanes.leave(ticket)


async def test_closing_stops_the_timer():
    """Nothing is left to fire."""
    lanes = Lanes(Admission((), 1))
    lanes.pause(1000.0)
    task = asyncio.create_task(lanes.enter(LOOK, {}))
    await turns()
    task.cancel()
    await turns()
    lanes.close()
    lanes.close()
