"""Programs of users' as processes of their own, against a sandbox in this one: signals, exit codes, what is printed."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import sys
from typing import TYPE_CHECKING

import attrs
from owning_world import RUN, SEARCH

from asyncjobs.sandbox import Sandbox

if TYPE_CHECKING:
    import signal
    from collections.abc import AsyncIterator

KEY = "the-key-that-nobody-may-see"

#: What every program begins with: a client that any task can reach, and jobs owned beside the main task.
PREAMBLE = """
import asyncio, gc, logging, os, signal, sys
from asyncjobs import Exa, JobGroup, Settings
logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="LOG %(name)s %(levelname)s %(message)s")

def say(*words):
    print(*words, flush=True)

def client(**settings):
    return Exa(os.environ["KEY"], base_url=os.environ["URL"], settings=Settings(**settings))

async def hold(exa, entered=None):
    async with exa.agent.runs.create(query="q") as job:
        if entered is not None:
            entered.set()
        await job

async def held(exa, number=2):
    "Start tasks that own a job each, and return them when they do."
    tasks = []
    for _ in range(number):
        entered = asyncio.Event()
        tasks.append(asyncio.create_task(hold(exa, entered)))
        await entered.wait()
    return tasks
"""


@attrs.frozen
class Ended:
    """How a program ended and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def logged(self) -> list[str]:
        """What the library's own logger said."""
        return re.findall(r"^LOG asyncjobs \w+ (.*)$", self.err, re.MULTILINE)

    @property
    def noise(self) -> list[str]:
        """What nobody can do anything with: complaints of the event loop and of aiohttp, and broken clean-ups."""
        pattern = r"^.*(?:Exception ignored|was never awaited|never retrieved|[Uu]nclosed c|destroyed but it is).*$"
        return re.findall(pattern, self.err, re.MULTILINE)


class Program:
    """A program that runs."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def says(self, word: str) -> None:
        """Wait until it has printed *word*."""
        assert self._process.stdout is not None
        line = await asyncio.wait_for(self._process.stdout.readline(), 20)
        assert line.decode().strip() == word, (line, await self.ended())

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self._process.send_signal(number)

    async def ended(self) -> Ended:
        """Wait for its end."""
        out, err = await asyncio.wait_for(self._process.communicate(), 20)
        assert self._process.returncode is not None
        ended = Ended(self._process.returncode, out.decode(), err.decode())
        assert KEY not in ended.out + ended.err
        return ended


@contextlib.asynccontextmanager
async def served() -> AsyncIterator[Sandbox]:
    """Open a sandbox on a port whose jobs run until they are cancelled."""
    async with Sandbox() as sandbox:
        sandbox.script("watercrawl.search", SEARCH, times=None)
        sandbox.script("exa.agent_run", RUN, times=None)
        yield sandbox


async def run(sandbox: Sandbox, source: str) -> Program:
    """Start a program on *sandbox*; every warning is shown."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-W", "default", "-c", PREAMBLE + source),
        env={**os.environ, "URL": sandbox.url, "KEY": KEY},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    return Program(process)


async def run_out(sandbox: Sandbox, source: str) -> Ended:
    """Run a program to its end."""
    return await (await run(sandbox, source)).ended()


def left_running(sandbox: Sandbox) -> set[str]:
    """Return the refs of the jobs that run at the service."""
    return {row.ref for row in sandbox.ledger.active()}


async def asked(sandbox: Sandbox, verb: str, times: int = 1) -> None:
    """Wait until the service was asked for *verb* so often: a busy machine takes its time."""
    async with asyncio.timeout(20):
        while sandbox.ledger.count(verb) < times:  # noqa: ASYNC110 - what happened at the server has no event
            await asyncio.sleep(0.02)
