"""`python -m asyncjobs.sandbox` serves until it is told to stop."""

from __future__ import annotations

import asyncio
import re
import signal
import sys

import aiohttp
import pytest

from asyncjobs.sandbox.__main__ import main


@pytest.mark.real_time
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_the_command_serves_and_ends_cleanly(number):
    """It prints its URL, answers there, and ends with status 0 and nothing on stderr."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-W", "error", "-m", "asyncjobs.sandbox", "--port", "0", "--speed", "2", "--seed", "7"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    line = (await process.stdout.readline()).decode()
    url = re.search(r"http://127\.0\.0\.1:\d+", line)[0]
    async with aiohttp.ClientSession() as session:
        async with session.get(url + "/agent/runs", headers={"x-api-key": "k"}) as response:
            assert response.status == 200
        process.send_signal(number)
        _, errors = await process.communicate()

    assert (process.returncode, errors) == (0, b"")


@pytest.mark.parametrize("arguments", [["--port", "70000"], ["--port", "-1"], ["--speed", "0"], ["--speed", "nan"]])
def test_impossible_numbers_are_mistakes_in_the_arguments(arguments, capsys):
    """Told at once, with exit code 2, rather than when a job is created."""
    with pytest.raises(SystemExit, match="2"):
        main(arguments)

    assert arguments[0] in capsys.readouterr().err


def test_help_names_every_option(capsys):
    """The command explains itself."""
    with pytest.raises(SystemExit, match="0"):
        main(["--help"])

    text = capsys.readouterr().out
    assert [option for option in ("--host", "--port", "--speed", "--seed") if option not in text] == []
