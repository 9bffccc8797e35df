"""The demo and the board that it draws on."""

from __future__ import annotations

import asyncio
import io
import re
import subprocess
import sys

import pytest
from rich.console import Console

from asyncjobs import Exa, JobState, _demo
from asyncjobs._board import Board, clean
from asyncjobs._demo import TOPICS, Story, run
from asyncjobs.sandbox import Life, Sandbox

KINDS = ("exa.search", "exa.enrichment", "exa.agent_run", "watercrawl.search")
NUMBERS = re.compile(r"^(\S+)((?: +[0-9·]+)+) *$", re.MULTILINE)


def console(*, terminal: bool, width: int = 80, height: int = 30) -> Console:
    return Console(file=io.StringIO(), force_terminal=terminal, width=width, height=height, color_system=None)


def printed(screen: Console) -> str:
    assert isinstance(screen.file, io.StringIO)
    return screen.file.getvalue()


async def told(*, terminal: bool) -> str:
    """Run the demo, in virtual time, and return what it printed."""
    screen, began = console(terminal=terminal), asyncio.get_running_loop().time()
    assert await run(screen) == 0
    assert asyncio.get_running_loop().time() - began < 15
    return printed(screen)


@pytest.mark.parametrize("terminal", [False, True])
async def test_the_demo_tells_the_whole_story(terminal):
    """At least 60 jobs of four kinds, half awaited and half cancelled, with the three encounters that were promised."""
    said = await told(terminal=terminal)

    asked = {kind: [int(n.replace("·", "0")) for n in numbers.split()] for kind, numbers in NUMBERS.findall(said)}
    assert len(KINDS) * len(TOPICS) >= 60
    assert [asked[kind][0] for kind in KINDS] == [len(TOPICS)] * len(KINDS)
    assert re.search(r"^awaited, and failed +exa\.agent_run", said, re.MULTILINE)
    assert re.search(r"^completed while being cancelled +watercrawl\.search", said, re.MULTILINE)
    assert re.search(r"^cancelled while still new +watercrawl\.search", said, re.MULTILINE)
    assert said.rstrip().endswith("No jobs were left running at the services.")


async def test_in_a_pipe_each_change_is_a_line():
    """Where there is no terminal nothing is drawn over: a line for each change, and no escape sequence."""
    said = await told(terminal=False)

    assert "\x1b" not in said
    assert len(re.findall(r"^ +[0-9.]+ s  exa\.search +\S+ +completed  100 %$", said, re.MULTILINE)) == 7


@pytest.mark.timeout(60)
def test_the_command_ends_well():
    """The command itself exits 0 and warns of nothing."""
    command = [sys.executable, "-W", "error", "-m", "asyncjobs", "demo"]
    ended = subprocess.run(command, check=False, capture_output=True, text=True, timeout=50)  # noqa: S603

    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.parametrize("evil", ["\x1b[2J", "a\rb", "a\nb", "\x9b31m", "\u202egnp", "\x00", "\ud800"])
def test_no_control_character_reaches_the_terminal(evil):
    """Text from a service is data: what a terminal would obey is replaced."""
    shown = clean(evil)

    assert shown.isprintable()
    assert "\N{REPLACEMENT CHARACTER}" in shown


def test_long_text_is_cut():
    """A service cannot flood the terminal."""
    assert clean("x" * 100, 10) == "x" * 9 + "…"


@pytest.mark.parametrize(("width", "height"), [(80, 10), (80, 30), (120, 100), (40, 5)])
async def test_a_table_fits_its_terminal(width, height):
    """Whatever does not fit is left out, and a line of sums stands for all."""
    screen = console(terminal=True, width=width, height=height)
    async with Exa("any key", base_url="http://127.0.0.1:9") as exa:
        board = Board(screen)
        board.show(exa.job(f"exa.search:ws_{'1' * 25}/s_{number:025}") for number in range(50))
        screen.print(board.table(height=height))

    lines = printed(screen).splitlines()
    assert len(lines) < max(height, 5)
    assert max(map(len, lines)) <= width
    assert any(line.startswith("50 jobs: 50 unknown") for line in lines)


async def test_live_jobs_come_first_where_room_is_scarce():
    """The jobs that ended are the first to leave a small table."""
    screen = console(terminal=True)
    async with (
        Sandbox(sockets=False) as sandbox,
        sandbox.session() as session,
        Exa("any key", base_url=sandbox.url, session=session) as exa,
    ):
        sandbox.script("exa.agent_run", Life.ordinary("exa.agent_run", works=1.0), times=5)
        jobs = [await exa.agent.runs.create(query=f"question {number}") for number in range(6)]
        for job in jobs[:5]:
            await job.wait()
        board = Board(screen)
        board.show(jobs)
        screen.print(board.table(height=6))
        assert jobs[5].state is not JobState.COMPLETED
        assert jobs[5].id in printed(screen)
        assert jobs[0].id not in printed(screen)
        await jobs[5].cancel()


async def test_the_demo_reports_what_it_leaves_behind(monkeypatch):
    """A job that still runs at the service at the end is exit code 1."""

    async def forgetful(exa, watercrawl, show):
        show([await watercrawl.searches.create("something"), await exa.agent.runs.create(query="something")])
        return Story([], [], [], [], [])

    monkeypatch.setattr(_demo, "work", forgetful)
    screen = console(terminal=False)

    assert await run(screen) == 1
    assert printed(screen).endswith("2 jobs were left running at the services.\n")
