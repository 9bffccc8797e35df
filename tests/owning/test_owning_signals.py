"""Signals sent to a program that owns jobs: real processes, real signals, a service in this one."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest
from owning_process import asked, left_running, run, served

from asyncjobs.sandbox import Fault, Stall

pytestmark = [pytest.mark.real_time, pytest.mark.skipif(os.name != "posix", reason="sends a signal")]

INTERRUPTED = -signal.SIGINT

ONE = """
async def main():
    async with client() as exa:
        async with exa.agent.runs.create(query="q") as job:
            say("ready")
            await job

asyncio.run(main())
"""

GROUP = """
async def main():
    async with client() as exa, JobGroup() as group:
        for _ in range(3):
            await group.create(exa.agent.runs.create(query="q"))
        say("ready")

asyncio.run(main())
"""

CREATE = """
async def main():
    async with client() as exa:
        say("ready")
        async with exa.agent.runs.create(query="q") as job:
            await job

asyncio.run(main())
"""

CLOSING = """
async def main():
    exa = client()
    async with exa.agent.runs.create(query="q"):
        say("ready")
        await exa.aclose()

asyncio.run(main())
"""

# The README has these lines, word for word.
ON_SIGTERM = """
    main_task = asyncio.current_task()
    assert main_task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, main_task.cancel)
"""

TASK_GROUP = """
async def main():
    async with client() as exa, asyncio.TaskGroup() as tasks:
        entered = [asyncio.Event() for _ in range(3)]
        for event in entered:
            tasks.create_task(hold(exa, event))
        for event in entered:
            await event.wait()
        say("ready")

asyncio.run(main())
"""

EXIT_ON_SIGNAL = """
async def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))
    async with client() as exa:
        tasks = await held(exa)
        async with exa.agent.runs.create(query="q") as job:
            say("ready")
            await job

asyncio.run(main())
"""

RAISE_ON_SIGNAL = """
class Boom(Exception):
    pass

def boom(*_):
    raise Boom

async def main():
    signal.signal(signal.SIGTERM, boom)
    async with client() as exa:
        async with exa.agent.runs.create(query="q") as job:
            say("ready")
            await job

asyncio.run(main())
"""


def with_sigterm(source):
    return source.replace("async def main():", "async def main():" + ON_SIGTERM)


# -- Ctrl-C ----------------------------------------------------------------------


@pytest.mark.parametrize(("source", "jobs"), [(ONE, 1), (GROUP, 3), (TASK_GROUP, 3)], ids=["job", "group", "tasks"])
async def test_ctrl_c_cancels_what_is_owned(source, jobs):
    """``asyncio.run`` cancels the main task, which leaves its blocks in order; then KeyboardInterrupt as usual."""
    async with served() as sandbox:
        program = await run(sandbox, source)
        await program.says("ready")
        program.send(signal.SIGINT)
        ended = await program.ended()

        assert ended.code == INTERRUPTED
        assert sandbox.ledger.count("cancel") == jobs
        assert not left_running(sandbox)
        assert ended.logged == ended.noise == []


async def test_ctrl_c_while_a_create_is_on_the_wire_cancels_what_it_makes():
    """The job is owned from the first byte."""
    async with served() as sandbox:
        sandbox.fault(Fault(Stall(1.0, processed=True), verb="create"))
        program = await run(sandbox, CREATE)
        await program.says("ready")
        await asked(sandbox, "create")
        program.send(signal.SIGINT)
        ended = await program.ended()

        assert ended.code == INTERRUPTED
        assert len(sandbox.ledger.created()) == sandbox.ledger.count("cancel") == 1
        assert not left_running(sandbox)
        assert ended.logged == ended.noise == []


@pytest.mark.parametrize(("source", "jobs"), [(ONE, 1), (GROUP, 3), (CLOSING, 1)], ids=["job", "group", "closing"])
async def test_a_second_ctrl_c_ends_the_cleaning_up_at_once_and_names_what_it_leaves(source, jobs):
    """Tasks and connections are released all the same; what was not confirmed is in the log, by its ref."""
    async with served() as sandbox:
        sandbox.fault(Fault(Stall(30.0), verb="cancel", times=None))
        program = await run(sandbox, source)
        await program.says("ready")
        program.send(signal.SIGINT)
        await asked(sandbox, "cancel", jobs)
        program.send(signal.SIGINT)
        ended = await program.ended()

        assert ended.code == INTERRUPTED
        left = left_running(sandbox)
        assert len(left) == jobs
        assert len(ended.logged) == jobs
        for ref in left:
            assert f"{ref} is owned and its cancelling was broken off, it may still be running" in ended.logged
        assert ended.noise == []
        assert "ResourceWarning" not in ended.err


async def test_a_second_ctrl_c_while_a_create_is_on_the_wire_says_that_its_outcome_is_unknown():
    """There is no ref yet."""
    async with served() as sandbox:
        sandbox.fault(Fault(Stall(30.0, processed=True), verb="create"))
        program = await run(sandbox, CREATE)
        await program.says("ready")
        await asked(sandbox, "create")
        program.send(signal.SIGINT)
        await asyncio.sleep(0.5)
        program.send(signal.SIGINT)
        ended = await program.ended()

        assert ended.code == INTERRUPTED
        assert len(left_running(sandbox)) == 1
        assert any("exa.agent_run" in line for line in ended.logged)
        assert ended.noise == []


# -- SIGTERM ---------------------------------------------------------------------


@pytest.mark.parametrize(("source", "jobs"), [(ONE, 1), (GROUP, 3), (TASK_GROUP, 3)], ids=["job", "group", "tasks"])
async def test_three_lines_make_sigterm_cancel_what_is_owned(source, jobs):
    """They cancel the main task, and so everything that it waits for; the second signal breaks nothing off."""
    async with served() as sandbox:
        sandbox.fault(Fault(Stall(1.5), verb="cancel", times=None))
        program = await run(sandbox, with_sigterm(source))
        await program.says("ready")
        program.send(signal.SIGTERM)
        await asked(sandbox, "cancel", jobs)
        program.send(signal.SIGTERM)
        ended = await program.ended()

        assert ended.code == 1
        assert ended.err.rstrip().endswith("asyncio.exceptions.CancelledError")
        assert sandbox.ledger.count("cancel") == jobs
        assert not left_running(sandbox)
        assert ended.logged == ended.noise == []


async def test_sigterm_without_a_handler_ends_the_process_and_leaves_the_jobs():
    """No code of ours runs any more: nothing is sent and nothing is said."""
    async with served() as sandbox:
        program = await run(sandbox, ONE)
        await program.says("ready")
        program.send(signal.SIGTERM)
        ended = await program.ended()

        assert ended.code == -signal.SIGTERM
        assert len(left_running(sandbox)) == 1
        assert ended.err == ""


@pytest.mark.parametrize(("source", "code"), [(EXIT_ON_SIGNAL, 7), (RAISE_ON_SIGNAL, 1)], ids=["exit", "error"])
async def test_an_exception_from_a_signal_handler_cancels_what_is_owned(source, code):
    """It ends the loop, which sleeps between two looks; the end of ``asyncio.run`` lets every owner clean up."""
    async with served() as sandbox:
        program = await run(sandbox, source)
        await program.says("ready")
        await asked(sandbox, "look")
        # Where it strikes a step of asyncio's own or of ours, nobody can promise anything.
        await asyncio.sleep(0.2)
        program.send(signal.SIGTERM)
        ended = await program.ended()

        assert ended.code == code
        assert sandbox.ledger.created()
        assert not left_running(sandbox)
        assert ended.logged == ended.noise == []
        assert "finished name='asyncjobs" not in ended.err
