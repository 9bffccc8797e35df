"""The ready-made races go as they were measured on WaterCrawl's server."""

from __future__ import annotations

import asyncio
import inspect
import json
import random

import pytest

from asyncjobs.sandbox import Life, races

KIND = "watercrawl.search"


def states(text):
    frames = [json.loads(line.removeprefix("data: ")) for line in text.splitlines() if line]
    return [frame["data"]["status"] for frame in frames if frame["type"] == "state"]


@pytest.mark.parametrize(
    ("life", "seen", "has_result"),
    [
        (races.finishes_after_cancel(0.02), [(0.0, "canceled"), (0.02, "finished")], True),
        (races.fails_after_cancel(0.02), [(0.0, "canceled"), (0.02, "failed")], False),
        (
            races.finishes_before_cancel(0.004),
            [(0.0, "running"), (0.004, "finished"), (0.008, "canceling"), (0.012, "canceled")],
            True,
        ),
        (races.loses_the_revoke(), [(0.0, "canceled"), (12.7, "finished")], True),
        (races.loses_the_revoke(301.0), [(0.0, "canceled"), (301.0, "finished")], True),
        (races.shows_canceling(), [(0.0, "canceling"), (0.004, "canceled")], False),
        (races.shows_canceling(0.07), [(0.0, "canceling"), (0.07, "canceled")], False),
        (races.sticks_in_canceling(), [(0.0, "canceling"), (1e6, "canceling")], False),
        (races.sticks_in_canceling(17.0), [(0.0, "canceling"), (17.0, "finished")], True),
        (races.keeps_its_result(), [(0.0, "canceled")], True),
        (races.never_ends(), [(0.0, "canceled")], False),
        (races.loses_the_worker(), [(0.0, "canceled")], False),
    ],
    ids=lambda value: str(value)[:60],
)
async def test_race_goes_as_measured(opened, life, seen, has_result):
    """One DELETE, answered with 204, then what every GET shows at which moment, and whether a result is left."""
    async with opened() as talk:
        talk.sandbox.script(KIND, life)
        _, path = await talk.make(KIND)
        await asyncio.sleep(5)
        assert (await talk("GET", path)).body["status"] == "running"
        assert (await talk("DELETE", path)).status == 204

        now = 0.0
        for at, word in seen:
            await asyncio.sleep(at - now)
            now = at
            assert (await talk("GET", path)).body["status"] == word
        assert bool((await talk("GET", path)).body["result"]) is has_result


@pytest.mark.parametrize(("apart", "status"), [(0.0, 204), (0.009, 204), (0.011, 403), (1.0, 403)])
async def test_race_of_two_deletes(opened, apart, status):
    """The second is taken while the row still reads running; the row ends canceled either way."""
    async with opened() as talk:
        talk.sandbox.script(KIND, races.cancels_twice(0.01))
        ref, path = await talk.make(KIND)

        assert (await talk("DELETE", path)).status == 204
        await asyncio.sleep(apart)
        assert (await talk("DELETE", path)).status == status
        await asyncio.sleep(1)
        assert talk.sandbox.status(ref) == "canceled"


async def test_race_of_a_row_that_stays_new(opened):
    """No DELETE takes it, however late."""
    async with opened() as talk:
        talk.sandbox.script(KIND, races.never_starts())
        ref, path = await talk.make(KIND)
        for _ in range(3):
            assert (await talk("DELETE", path)).status == 403
            await asyncio.sleep(1e5)

        assert talk.sandbox.status(ref) == "new"


async def test_race_without_broker(opened):
    """The DELETE is a 500, the row reads canceling all the same, and every later DELETE is a 403."""
    async with opened() as talk:
        talk.sandbox.script(KIND, races.sticks_in_canceling())
        talk.sandbox.fault(races.without_broker())
        ref, path = await talk.make(KIND)
        broken = await talk("DELETE", path)

        assert (broken.status, broken.body["message"]) == (500, "An unexpected error occurred.")
        assert talk.sandbox.status(ref) == "canceling"
        assert (await talk("DELETE", path)).status == 403


async def test_race_of_streams_without_a_worker(opened):
    """The open one ends with running as its last state, later ones at once; the DELETE clears the row."""
    async with opened() as talk:
        talk.sandbox.script(KIND, races.loses_the_worker(3.0))
        _, path = await talk.make(KIND)
        began = asyncio.get_running_loop().time()
        live = await talk("GET", path + "status/")
        took = asyncio.get_running_loop().time() - began
        late = await talk("GET", path + "status/")
        await talk("DELETE", path)
        after = await talk("GET", path + "status/")

        assert took == pytest.approx(3.0, abs=0.01)
        assert states(live.text)[-1] == "running"
        assert states(late.text) == ["running", "running"]
        assert states(after.text) == ["canceled", "canceled"]


async def test_race_of_agent_streams_without_a_worker(opened):
    """An agent's stream ends there as well, without a last event, and the run goes on."""
    async with opened() as talk:
        talk.sandbox.script("exa.agent_run", Life([(0, "running"), (9, "completed")], deaf=2.0))
        began = asyncio.get_running_loop().time()
        live = await talk("POST", "/agent/runs", {"query": "x"}, headers={"Accept": "text/event-stream"})

        assert "event: agent_run.started" in live.text
        assert "event: agent_run.completed" not in live.text
        assert asyncio.get_running_loop().time() - began == pytest.approx(2.0, abs=0.01)


def test_race_names_are_functions_with_a_story():
    """Every public race says what was measured, and the table draws each of them."""
    functions = [name for name in races.__all__ if inspect.isfunction(getattr(races, name))]
    drawn = [race.draw(random.Random(seed)) for race in races.RACES.values() for seed in range(20)]

    assert all(inspect.getdoc(getattr(races, name)) for name in functions)
    assert set(functions) - set(races.RACES) == {"without_broker"}
    assert all(isinstance(life, Life) for life in drawn)
    assert Life.ordinary(KIND).deaf is None
    assert races.loses_the_worker(4.0).faster(2).deaf == 2.0


@pytest.mark.parametrize("name", [name for name, race in races.RACES.items() if race.settles])
async def test_race_is_over_when_it_says(opened, name):
    """`settles` bounds the time from the cancel to the last word."""
    race = races.RACES[name]
    for seed in range(10):
        async with opened() as talk:
            talk.sandbox.script(KIND, race.draw(random.Random(seed)))
            ref, path = await talk.make(KIND)
            await talk("DELETE", path)
            await asyncio.sleep(race.settles)
            last = talk.sandbox.status(ref)
            await asyncio.sleep(1e6)

            assert last == talk.sandbox.status(ref)
