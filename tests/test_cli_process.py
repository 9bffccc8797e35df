"""The command line as its users meet it: processes of their own, signals, pipes and a terminal."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import shlex
import signal
import socket
import sys

import pytest

from asyncjobs import Exa, WaterCrawl
from asyncjobs.sandbox import Life, Sandbox

pytestmark = pytest.mark.real_time
posix = pytest.mark.skipif(os.name != "posix", reason="sends a signal")
KEY = "the-key-that-nobody-may-see"
COMMAND = (sys.executable, "-W", "error", "-m", "asyncjobs")


def environment(url="", **more):
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("EXA_", "WATERCRAWL_"))}
    keys = {"EXA_API_KEY": KEY, "WATERCRAWL_API_KEY": KEY, "EXA_BASE_URL": url, "WATERCRAWL_BASE_URL": url}
    given = inherited | keys | {"FORCE_COLOR": "1"} | more
    return {name: value for name, value in given.items() if value is not None}


async def start(*arguments, url="", stdout=asyncio.subprocess.PIPE, **more):
    return await asyncio.create_subprocess_exec(
        *COMMAND, *arguments, env=environment(url, **more), stdout=stdout, stderr=asyncio.subprocess.PIPE
    )


async def run(*arguments, url="", **more):
    """Return the exit code and what was written to the two streams."""
    process = await start(*arguments, url=url, **more)
    out, err = await process.communicate()
    said = out.decode(), err.decode()
    for text in said:
        assert "Traceback" not in text
        assert KEY not in text
        assert "\x1b" not in text
    return process.returncode, *said


@contextlib.asynccontextmanager
async def jobs(*, works):
    """Give a sandbox and the refs of a job of each service."""
    async with (
        Sandbox() as sandbox,
        Exa(KEY, base_url=sandbox.url) as exa,
        WaterCrawl(KEY, base_url=sandbox.url) as watercrawl,
    ):
        for kind in ("exa.agent_run", "watercrawl.search"):
            sandbox.script(kind, Life.ordinary(kind, works=works))
        made = await exa.agent.runs.create(query="q"), await watercrawl.searches.create("q")
        yield sandbox, [str(job.ref) for job in made]


async def first_line(stream):
    return (await asyncio.wait_for(stream.readline(), 20)).decode()


def closed_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


async def test_what_a_new_user_tries_first():
    """Help, a wrong ref, an unknown kind and a missing key: 0 or 2, one clear line, and nothing on the wrong stream."""
    tries = await asyncio.gather(
        run("wait", "--help", FORCE_COLOR=None),
        run("show", "nonsense"),
        run("wait", "other.job:1"),
        run("cancel", "exa.agent_run:1", EXA_API_KEY=None),
        run("wait", FORCE_COLOR=None),
    )
    assert [code for code, _, _ in tries] == [0, 2, 2, 2, 2]
    assert [bool(out) for _, out, _ in tries] == [True, False, False, False, False]
    for _, _, err in tries[1:4]:
        assert re.fullmatch(r"asyncjobs: .+\n", err)
    assert "EXA_API_KEY" in tries[3][2]


async def test_in_a_pipe_all_three_commands_write_plain_lines():
    """No escape sequence, whatever FORCE_COLOR says, and one line for each thing to tell."""
    async with jobs(works=0.3) as (sandbox, refs):
        shown = await run("show", *refs, url=sandbox.url)
        waited = await run("wait", *refs, url=sandbox.url)
        canceled = await run("cancel", *refs, url=sandbox.url)

    assert [shown[0], waited[0], canceled[0]] == [0, 0, 0]
    assert shown[2] == waited[2] == canceled[2] == ""
    assert shown[1].count("\n") == canceled[1].count("\n") == 2
    assert waited[1].count(" completed") == 2


async def test_a_script_reads_json():
    """Standard output has the objects, standard error the progress."""
    async with jobs(works=0.3) as (sandbox, refs):
        code, out, err = await run("wait", "--json", *refs, url=sandbox.url)

    assert code == 0
    assert {json.loads(line)["ref"] for line in out.splitlines()} == set(refs)
    assert err.count(" completed") == 2


async def test_a_wrong_key():
    """The service refuses it: one line that names the variable, and exit code 1."""
    async with Sandbox(api_keys=["another"]) as sandbox:
        code, out, err = await run("show", "exa.agent_run:1", url=sandbox.url)

    assert (code, out) == (1, "")
    assert re.fullmatch(r"asyncjobs: .*EXA_API_KEY.*\n", err)


async def test_a_server_that_is_not_there():
    """It says that it tries on, and what was wrong; no traceback."""
    url = f"http://127.0.0.1:{closed_port()}"
    code, out, err = await run("wait", "--timeout", "3", "exa.agent_run:1", url=url)

    assert (code, out) == (1, "")
    assert f"no usable answer from exa ({url}) so far; trying on" in err


@posix
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
async def test_a_signal_leaves_the_jobs_running_and_says_how_to_cancel_them(number, code):
    """The command that it names can be copied, and does what it says."""
    async with jobs(works=None) as (sandbox, refs):
        process = await start("wait", *refs, url=sandbox.url)
        await first_line(process.stdout)
        process.send_signal(number)
        _, err = await process.communicate()
        said = err.decode()
        assert process.returncode == code
        assert said.startswith("asyncjobs: interrupted; 2 jobs are left running")
        assert said.count("\n") == 2
        assert len(sandbox.ledger.active()) == 2

        words = shlex.split(said.splitlines()[1])
        assert words == ["asyncjobs", "cancel", *refs]
        assert (await run(*words[1:], url=sandbox.url))[0] == 0
        assert not sandbox.ledger.active()


@posix
async def test_whoever_stops_reading_ends_it():
    """`asyncjobs wait … | head -1` does not wait on for nobody, and does not complain."""
    async with jobs(works=30.0) as (sandbox, refs):
        reading, writing = os.pipe()
        process = await start("wait", *refs, url=sandbox.url, stdout=writing)
        os.close(writing)
        await asyncio.to_thread(os.read, reading, 1)
        os.close(reading)
        for ref in refs:
            sandbox.end(ref, "completed" if "exa" in ref else "finished")
        _, err = await process.communicate()

    assert process.returncode == 1
    assert err == b""


@posix
async def test_in_a_terminal_the_table_lives_and_the_cursor_comes_back():
    """Ctrl-C, typed there, gives the terminal back as it was."""
    async with jobs(works=None) as (sandbox, refs):
        outer, inner = os.openpty()
        process = await start("wait", *refs, url=sandbox.url, stdout=inner, TERM="xterm", FORCE_COLOR=None)
        os.close(inner)
        seen = b""
        while b"running" not in seen:
            seen += await asyncio.to_thread(os.read, outer, 4096)
        process.send_signal(signal.SIGINT)
        with contextlib.suppress(OSError):  # Linux says so at the end of a terminal.
            while more := await asyncio.to_thread(os.read, outer, 4096):
                seen += more
        os.close(outer)
        await process.communicate()

    assert process.returncode == 130
    assert seen.rindex(b"\x1b[?25h") > seen.rindex(b"\x1b[?25l")
    assert b"2 jobs: " in seen
