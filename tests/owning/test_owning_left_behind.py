"""Programs that end without closing their client: what is said, what is not, and nothing is sent."""

from __future__ import annotations

import asyncio

import pytest
from owning_process import left_running, run_out, served

from asyncjobs.sandbox import Fault, Stall

pytestmark = pytest.mark.real_time

NO_CLOSE = """
async def main():
    global exa
    exa = client()
    job = await exa.agent.runs.create(query="q")
    await job.__aenter__()

asyncio.run(main())
say("ended")
"""

ENDED_LOOP = """
async def main():
    global exa, tasks
    exa = client()
    tasks = await held(exa)
    idle = asyncio.create_task(asyncio.sleep(0))
    await idle

loop = asyncio.new_event_loop()
loop.run_until_complete(main())
loop.close()
"""

CLOSED_ELSEWHERE = (
    ENDED_LOOP
    + """
asyncio.run(exa.aclose())
asyncio.run(exa.aclose())
say("closed")
"""
)

DROPPED = ENDED_LOOP + "del exa, tasks\ngc.collect()\nsay('dropped')\n"

CREATING = """
async def main():
    global exa, creating
    exa = client()
    creating = asyncio.ensure_future(exa.agent.runs.create(query="q"))
    await asyncio.sleep(0.3)

loop = asyncio.new_event_loop()
loop.run_until_complete(main())
loop.close()
"""

ADOPTED = """
async def main():
    global exa
    exa = client()
    creating = asyncio.ensure_future(exa.agent.runs.create(query="q"))
    await asyncio.sleep(0.2)
    creating.cancel()
    while not exa.adopted:
        await asyncio.sleep(0.05)

asyncio.run(main())
"""

DROPPED_IN_A_LIVE_LOOP = """
async def main():
    exa = client()
    await exa.agent.runs.create(query="q")
    del exa
    gc.collect()
    await asyncio.sleep(0.05)

asyncio.run(main())
"""


async def test_a_client_that_was_not_closed_names_the_jobs_that_it_owned():
    """In a ResourceWarning, and, as Python hides those, in the log; aiohttp has nothing to add."""
    async with served() as sandbox:
        ended = await run_out(sandbox, NO_CLOSE)
        (ref,) = left_running(sandbox)

        said = f"a client of exa was not closed; these jobs it owned may still be running: {ref}"
        assert ended.logged == [said]
        assert f"ResourceWarning: {said}" in ended.err
        assert ended.noise == []
        assert (ended.code, ended.out) == (0, "ended\n")
        assert sandbox.ledger.count("cancel") == 0


@pytest.mark.parametrize("source", [ENDED_LOOP, DROPPED, CLOSED_ELSEWHERE], ids=["exit", "dropped", "closed later"])
async def test_a_loop_closed_under_its_owners_names_what_they_left(source):
    """No traceback, no crash, no request; asyncio complains of the tasks that were pending, and nobody else."""
    async with served() as sandbox:
        ended = await run_out(sandbox, source)

        assert ended.code == 0
        assert all(any(ref in line for line in ended.logged) for ref in left_running(sandbox))
        assert len(left_running(sandbox)) == 2
        assert "Traceback" not in ended.err
        assert {line for line in ended.noise if "destroyed but it is pending" not in line} == set()
        assert sandbox.ledger.count("cancel") == 0


async def test_closing_after_the_loop_is_harmless_and_says_what_is_left():
    """Once; nothing can be sent any more."""
    async with served() as sandbox:
        ended = await run_out(sandbox, CLOSED_ELSEWHERE)

        assert ended.out == "closed\n"
        said = [line for line in ended.logged if line.startswith("a client of exa is closed after its event loop")]
        assert len(said) == 1
        assert all(ref in said[0] for ref in left_running(sandbox))
        assert "was not closed" not in ended.err


async def test_what_else_a_client_leaves_behind_is_named_too():
    """Creates on the wire, whose jobs may exist, and jobs that were adopted."""
    async with served() as sandbox, served() as slow:
        sandbox.fault(Fault(Stall(0.5), verb="create"))
        slow.fault(Fault(Stall(2.0), verb="create"))
        adopted, creating = await asyncio.gather(run_out(sandbox, ADOPTED), run_out(slow, CREATING))
        (ref,) = left_running(sandbox)

        assert adopted.logged[-1].endswith(f"nobody owns these jobs that it adopted: {ref}")
        assert "creates of unknown outcome may have made jobs: 1 exa.agent_run" in creating.logged[0]
        assert adopted.noise == []
        assert {line for line in creating.noise if "destroyed but it is pending" not in line} == set()
        assert "Traceback" not in adopted.err + creating.err


async def test_a_client_dropped_in_a_running_loop_gives_one_warning():
    """Its connections are let go; a job that nobody owns is not a loss, and not for the log."""
    async with served() as sandbox:
        ended = await run_out(sandbox, DROPPED_IN_A_LIVE_LOOP)

        assert ended.code == 0
        assert ended.logged == ended.noise == []
        assert "ResourceWarning: a client of exa was not closed\n" in ended.err
