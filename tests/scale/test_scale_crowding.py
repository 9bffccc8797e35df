"""How many looks may queue, and when it is said that they come late."""

from __future__ import annotations

import asyncio
import logging

from aiohttp import web
from services import URL, serving

from asyncjobs import Settings
from asyncjobs._crowding import Crowd
from asyncjobs.exa import EXA
from asyncjobs.kinds import Client, Pace


def crowd(connections=100):
    return Crowd(connections, lambda: None)


def test_few_looks_queue_at_a_time():
    """The others stay where something more urgent can overtake them."""
    made = crowd()
    for number in range(10):
        assert made.room == 10 - number
        made.begin(number)
    assert made.room == 0
    made.sent(3)
    assert made.room == 1


def test_no_more_are_under_way_than_there_are_connections():
    """Those that were sent count until they end; twice is harmless."""
    made = crowd(3)
    for number in range(3):
        made.begin(number)
        made.sent(number)
    assert made.room == 0
    made.end(1)
    made.end(1)
    assert made.room == 1


def test_who_waits_for_room_is_told():
    """When a look leaves the queue."""
    told = []
    made = Crowd(100, lambda: told.append(1))
    made.begin("a")
    assert not told
    made.sent("a")
    assert told


def note(made, due, now):
    made.note("a.kind", due=due, now=now, allowed=10.0, waiting=5)


def test_lateness_is_said_once(caplog):
    """With the kind and the figures."""
    made = crowd()
    with caplog.at_level(logging.WARNING, "asyncjobs"):
        note(made, 0.0, 10.0)
        assert not caplog.records
        note(made, 0.0, 11.0)
        note(made, 0.0, 50.0)
    (said,) = caplog.records
    assert "a.kind" in said.getMessage()
    assert "11 s" in said.getMessage()


def test_what_was_held_for_another_reason_is_not_late(caplog):
    """An outage has a line of its own."""
    made = crowd()
    made.hide(20.0)
    with caplog.at_level(logging.WARNING, "asyncjobs"):
        note(made, 0.0, 25.0)
        note(made, 20.0, 35.0)
        assert not caplog.records
        note(made, 21.0, 35.0)
    assert len(caplog.records) == 1


async def test_who_is_about_to_be_looked_at_is_waited_for_as_well(caplog):
    """The line counts all, also when the look that comes late is at the only one who is left."""
    hang = asyncio.Event()

    async def answer(request):
        await request.read()
        if request.path.endswith("stuck"):
            await hang.wait()
        return web.json_response({"id": request.path.rpartition("/")[2], "object": "agent_run", "status": "completed"})

    pace = Pace(first=1.0, factor=1.0, ceiling=1.0)
    settings = Settings(connections=1, paces={"exa.agent_run": pace})
    async with serving(answer) as session, Client(EXA, "key", base_url=URL, session=session, settings=settings) as exa:
        stuck = asyncio.ensure_future(exa.job("exa.agent_run:stuck").wait())
        await asyncio.sleep(0)
        late = asyncio.ensure_future(exa.job("exa.agent_run:late").wait())
        await asyncio.sleep(5)
        with caplog.at_level(logging.WARNING, "asyncjobs"):
            stuck.cancel()
            await late
        hang.set()
    (said,) = caplog.messages
    assert ", and 1 jobs are waited for" in said
