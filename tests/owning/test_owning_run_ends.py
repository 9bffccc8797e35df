"""Programs whose event loop ends while tasks own jobs, by other ways than a signal."""

from __future__ import annotations

import signal

import pytest
from owning_process import left_running, run_out, served

pytestmark = pytest.mark.real_time

DETACHED = """
async def main():
    global tasks
    tasks = await held(exa)
"""

STOPPED = """
async def main():
    tasks = await held(exa)
    asyncio.get_running_loop().stop()
    await asyncio.sleep(100)
"""

EXITING_SIBLING = """
async def main():
    tasks = await held(exa)
    async def leave():
        sys.exit(5)
    sibling = asyncio.create_task(leave())
    await asyncio.sleep(100)
"""

INTERRUPTED_SIBLING = """
async def main():
    async with exa, asyncio.TaskGroup() as group:
        entered = [asyncio.Event() for _ in range(2)]
        for event in entered:
            group.create_task(hold(exa, event))
        for event in entered:
            await event.wait()
        async def interrupt():
            raise KeyboardInterrupt
        group.create_task(interrupt())
"""

EXITING_BLOCK = """
async def main():
    async with exa, exa.agent.runs.create(query="q"), exa.agent.runs.create(query="q"):
        sys.exit(6)
"""

CLOSED_FIRST = """
async def main():
    async with exa:
        tasks = await held(exa)
    for task in tasks:
        try:
            await task
        except RuntimeError as error:
            say(type(error).__name__)
"""


@pytest.mark.parametrize(
    ("source", "code"),
    [
        (DETACHED, 0),
        (STOPPED, 1),
        (EXITING_SIBLING, 5),
        (INTERRUPTED_SIBLING, -signal.SIGINT),
        (EXITING_BLOCK, 6),
        (CLOSED_FIRST, 0),
    ],
    ids=["detached tasks", "loop.stop", "SystemExit beside", "KeyboardInterrupt beside", "SystemExit inside", "closed"],
)
async def test_whatever_ends_the_run_owned_jobs_are_cancelled(source, code):
    """``asyncio.run`` cancels every task at its end and waits for it; owners use that, and closing does the same."""
    async with served() as sandbox:
        ended = await run_out(sandbox, f"exa = client()\n{source}\nasyncio.run(main())\n")

        assert ended.code == code
        assert len(sandbox.ledger.created()) == sandbox.ledger.count("cancel") == 2
        assert not left_running(sandbox)
        assert ended.logged == []
        # asyncio itself shows what ended a task beside the main one.
        asyncios = ("never retrieved", "BaseEventLoop.call_exception_handler")
        assert [line for line in ended.noise if not any(text in line for text in asyncios)] == []
        if source is CLOSED_FIRST:
            assert ended.out.split() == ["ClientClosed"] * 2
