"""The command line: what it says, and how it ends."""

from __future__ import annotations

import importlib.util
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import urllib.request

import pytest
from typer.testing import CliRunner

import asyncjobs
from asyncjobs import _cli
from asyncjobs._cli_screen import as_dict
from asyncjobs._cli_services import BY_KIND, PROVIDERS, read_refs
from asyncjobs._commands import app
from asyncjobs.kinds import Client

COMMANDS = ("show", "wait", "cancel", "demo", "sandbox")


def run(*arguments: str):
    return CliRunner().invoke(app, list(arguments), prog_name="asyncjobs", env={"COLUMNS": "100", "TERM": "dumb"})


def test_without_the_extra_it_says_in_one_line_how_to_get_it(monkeypatch, capsys):
    """A missing rich or typer is one line and exit code 2, not a traceback."""
    monkeypatch.setattr(_cli, "find_spec", lambda name: None if name == "typer" else importlib.util.find_spec(name))

    with pytest.raises(SystemExit) as ended:
        _cli.main()

    said = capsys.readouterr().err
    assert ended.value.code == 2
    assert said == "asyncjobs: the command line needs typer: python -m pip install 'asyncjobs[cli]'\n"


def test_importing_the_door_imports_no_extra():
    """`asyncjobs._cli` alone must not need what it reports as missing."""
    code = "import sys, asyncjobs._cli; sys.exit(bool({'rich', 'typer', 'click'} & set(sys.modules)))"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0  # noqa: S603


def test_help_names_the_commands():
    """Without a command, and with --help, it tells which there are."""
    for arguments in ((), ("--help",)):
        said = run(*arguments).output

        assert all(f" {command} " in said for command in COMMANDS)


def test_help_shows_a_ref_of_each_kind():
    """With a name for each id that it takes, and of no kind that there is not."""
    shown = dict(re.findall(r"([a-z]+\.[a-z_]+):([A-Z/]+)", run("--help").output))

    assert {kind: ids.count("/") + 1 for kind, ids in shown.items()} == {
        name: len(provider.kind(name).identity) for name, provider in BY_KIND.items()
    }


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_explains_itself(command):
    """The help of a command says more than its name."""
    result = run(command, "--help")

    assert result.exit_code == 0
    assert len(result.output.split()) > 40


@pytest.mark.parametrize("command", ["show", "wait", "cancel"])
def test_help_says_what_a_script_must_know(command):
    """Examples, exit codes, the keys of the JSON objects and the environment variables stand in the help."""
    said = run(command, "--help").output

    assert f"asyncjobs {command} " in said.replace("Usage: asyncjobs", "")
    assert all(code in said for code in ("Exit code", "130", "143"))
    assert all(provider.key_env in said and provider.url_env in said for provider in PROVIDERS)
    job = Client(PROVIDERS[0], "any").job("exa.agent_run:run_1")
    assert all(name in said for name in as_dict(job))


def test_the_commands_of_the_readme_are_understood():
    """Each has a command that exists, options that it knows, and refs that can be read."""
    readme = pathlib.Path(__file__).parent.parent.joinpath("README.md").read_text(encoding="utf-8")
    lines = re.findall(r"^\$ asyncjobs (.*?)(?: +#| \|)", readme, re.MULTILINE)

    assert len(lines) >= 4
    for line in lines:
        command, *words = line.split()
        said = run(command, "--help").output
        assert all(f" {word} " in said for word in words if word.startswith("-"))
        assert read_refs(word for word in words if ":" in word)


def test_version():
    """--version prints the version of the package."""
    assert run("--version").output == f"asyncjobs {asyncjobs.__version__}\n"


@pytest.mark.parametrize("arguments", [("--port", "70000"), ("--port", "-1"), ("--speed", "0"), ("--speed", "nan")])
def test_a_sandbox_with_impossible_numbers_is_refused(arguments):
    """What cannot be is said at once, with exit code 2."""
    result = run("sandbox", *arguments)

    assert result.exit_code == 2
    assert arguments[0] in result.output


def test_a_port_that_is_taken_is_said_in_one_line():
    """The operating system's refusal is one line and exit code 1."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        result = run("sandbox", "--port", str(port))

    assert result.exit_code == 1
    assert result.output.startswith(f"asyncjobs: cannot listen on 127.0.0.1, port {port}: ")
    assert result.output.count("\n") == 1


@pytest.mark.skipif(os.name != "posix", reason="sends a signal")
def test_the_sandbox_serves_until_it_is_interrupted():
    """It prints its address, answers there, and ends well on Ctrl-C."""
    command = [sys.executable, "-W", "error", "-m", "asyncjobs", "sandbox", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:  # noqa: S603
        try:
            assert process.stdout is not None
            url = next(word for word in process.stdout.readline().split() if word.startswith("http://127.0.0.1:"))
            request = urllib.request.Request(f"{url}/agent/runs", headers={"x-api-key": "any"})  # noqa: S310
            with urllib.request.urlopen(request) as reply:  # noqa: S310
                assert reply.status == 200
            process.send_signal(signal.SIGINT)
            assert process.wait(10) == 0
            assert process.stderr is not None
            assert process.stderr.read() == ""
        finally:
            process.kill()
