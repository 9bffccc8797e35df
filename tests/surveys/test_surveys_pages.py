"""Large pages: others have their turns meanwhile, and nothing of a page counts that breaks off."""

from __future__ import annotations

import asyncio
import json
import tracemalloc

from aiohttp import web
from services import URL, serving

from asyncjobs import JobState, Settings
from asyncjobs.exa import EXA
from asyncjobs.kinds import Client, Pace

MANY = 1000
PACE = Settings(paces={"exa.agent_run": Pace(first=1.0, factor=1.0, ceiling=1.0)})


def run(number, status):
    return {"id": f"agent_run_{number:08d}", "object": "agent_run", "status": status}


def pages(*bodies):
    """Answer with these bodies in turn, the last one again and again; a look at one alone shows that it goes on."""
    left = list(bodies)

    async def answer(request):
        await request.read()
        if not request.path.endswith("/runs"):
            return web.json_response(run(int(request.path[-8:]), "running"))
        body = left.pop(0) if len(left) > 1 else left[0]
        return web.Response(body=body, content_type="application/json")

    return answer


def page(status):
    return json.dumps({"data": [run(number, status) for number in range(MANY)], "hasMore": False}).encode()


def client(session):
    return Client(EXA, "key", base_url=URL, session=session, settings=PACE)


def handles(made):
    return [made.job(f"exa.agent_run:agent_run_{number:08d}") for number in range(MANY)]


async def test_the_first_of_a_large_page_go_on_before_the_last_are_read():
    """A page of thousands of rows must not hold the event loop until it is through."""
    seen = []
    async with serving(pages(page("completed"))) as session, client(session) as made:
        jobs = handles(made)

        async def wait(job):
            await job.wait()
            seen.append(sum(job.done for job in jobs))

        await asyncio.gather(*map(wait, jobs))
    assert len(seen) == MANY
    assert seen[0] <= 200


async def test_those_who_leave_in_the_middle_of_a_page_disturb_nobody():
    """The last of those whom it is read for may leave while others have their turn."""
    async with serving(pages(page("running"), page("completed"))) as session, client(session) as made:
        jobs = handles(made)
        waits = [asyncio.ensure_future(job.wait()) for job in jobs]
        await waits[0]
        assert not jobs[-1].done
        for wait in waits[MANY // 2 :]:
            wait.cancel()
        ends = await asyncio.gather(*waits[: MANY // 2])
        assert {end.state for end in ends} == {JobState.COMPLETED}
        await asyncio.wait(waits)
        late = [asyncio.ensure_future(job.wait()) for job in jobs]
        assert {end.state for end in await asyncio.gather(*late)} == {JobState.COMPLETED}


async def test_nothing_of_a_page_that_breaks_off_counts():
    """What follows might have said the opposite: it is the next page, or a look at each alone, that is believed."""
    async with serving(pages(page("completed")[:-20], page("running"))) as session, client(session) as made:
        jobs = handles(made)
        waits = [asyncio.ensure_future(job.wait()) for job in jobs]
        await asyncio.sleep(3)
        assert {job.state for job in jobs} == {JobState.RUNNING}
        for wait in waits:
            wait.cancel()
        await asyncio.wait(waits)


async def test_a_page_need_not_show_what_nobody_waits_for():
    """A webset may do without its enrichments as long as searches are all that is waited for."""
    singles = 0

    async def answer(request):
        nonlocal singles
        await request.read()
        shown = [{"id": f"s{number}", "websetId": "ws", "status": "running"} for number in range(20)]
        if "/searches/" in request.path:
            singles += 1
            return web.json_response(shown[int(request.path.rpartition("/s")[2])])
        return web.json_response({"id": "ws", "searches": shown})

    async with serving(answer) as session, Client(EXA, "key", base_url=URL, session=session) as made:
        jobs = [made.job(f"exa.search:ws/s{number}") for number in range(20)]
        waits = [asyncio.ensure_future(job.wait()) for job in jobs]
        await asyncio.sleep(20)
        assert {job.snapshot.source for job in jobs} == {"survey"}
        assert singles == 0
        for wait in waits:
            wait.cancel()
        await asyncio.wait(waits)


async def test_rows_with_strange_ids_are_nobodys():
    """What stands beside them in the page counts."""
    strange = [{"id": value, "status": "completed"} for value in (["x"], {"x": 1}, None, 5, True, "", "x" * 999)]
    rows = [7, None, {}, [], *strange, *(run(number, "completed") for number in range(10)), *strange]
    body = json.dumps({"data": rows, "hasMore": False}).encode()
    async with serving(pages(body)) as session, client(session) as made:
        jobs = handles(made)[:10]
        ends = await asyncio.gather(*(job.wait() for job in jobs))
    assert {end.state for end in ends} == {JobState.COMPLETED}
    assert {end.source for end in ends} == {"survey"}


async def test_a_page_is_let_go_before_the_next_one_is_asked_for():
    """It may be tens of megabytes, and the next one may be long in coming."""
    filler = "x" * 5_000_000
    first = {"data": [run(number, "running") for number in range(100)], "x": filler, "hasMore": True, "nextCursor": "2"}
    body = json.dumps(first).encode()
    held = []

    async def answer(request):
        await request.read()
        if "cursor" in request.query:
            await asyncio.sleep(1)
            held.append(tracemalloc.get_traced_memory()[0])
            rows = [run(number, "running") for number in range(100, 200)]
            return web.json_response({"data": rows, "hasMore": False})
        return web.Response(body=body, content_type="application/json")

    async with serving(answer) as session, client(session) as made:
        tracemalloc.start()
        try:
            waits = [asyncio.ensure_future(job.wait()) for job in handles(made)[:200]]
            await asyncio.sleep(5)
        finally:
            tracemalloc.stop()
        for wait in waits:
            wait.cancel()
        await asyncio.wait(waits)
    assert held
    assert max(held) < len(filler)
