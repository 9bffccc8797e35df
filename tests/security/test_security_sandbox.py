"""The sandbox answers everybody who reaches it, so that nobody else does unless its user says so."""

from __future__ import annotations

import inspect
import ipaddress
import subprocess
import sys

import pytest

from asyncjobs._commands import sandbox as command
from asyncjobs.sandbox import Sandbox, serve
from asyncjobs.sandbox.__main__ import main


@pytest.mark.real_time
async def test_the_class_listens_on_loopback_only():
    """Without a host it is reached from this machine, and from no other."""
    async with Sandbox() as sandbox:
        hosts = {each.getsockname()[0] for each in sandbox._door._listener.sockets}
        assert hosts == {"127.0.0.1"}
        assert all(ipaddress.ip_address(host).is_loopback for host in hosts)
        assert sandbox.url.startswith("http://127.0.0.1:")


@pytest.mark.parametrize("way", [Sandbox, serve, command], ids=["class", "serve", "command"])
def test_every_way_to_open_one_has_a_loopback_host_by_default(way):
    """The class, the function, and ``asyncjobs sandbox``."""
    assert inspect.signature(way).parameters["host"].default == "127.0.0.1"


def test_the_module_listens_on_loopback_by_default(monkeypatch):
    """``python -m asyncjobs.sandbox``, too; another host must be written out."""
    asked = []
    monkeypatch.setattr("asyncjobs.sandbox.__main__.serve", lambda **options: asked.append(options["host"]))
    main([])
    main(["--host", "0.0.0.0"])  # noqa: S104
    assert asked == ["127.0.0.1", "0.0.0.0"]  # noqa: S104


@pytest.mark.parametrize("host", ["", None])
def test_no_host_does_not_mean_every_host(host):
    """asyncio would listen everywhere: a variable that is empty by mistake must not open the machine."""
    with pytest.raises(ValueError, match="host"):
        Sandbox(host=host)


@pytest.mark.parametrize("command", [["-m", "asyncjobs.sandbox"], ["-m", "asyncjobs", "sandbox"]])
def test_neither_does_it_on_the_command_line(command):
    """It is a mistake in the arguments, and told as one."""
    ran = subprocess.run([sys.executable, *command, "--host", ""], capture_output=True, text=True, check=False)  # noqa: S603
    assert ran.returncode == 2
    assert "--host" in ran.stderr
    assert "Traceback" not in ran.stderr


@pytest.mark.real_time
async def test_whoever_wants_every_host_can_say_so():
    """By the address that means all of them."""
    async with Sandbox(host="0.0.0.0") as sandbox:  # noqa: S104
        assert sandbox._door._listener.sockets[0].getsockname()[0] == "0.0.0.0"  # noqa: S104


async def test_without_sockets_nothing_listens():
    """Tests in virtual time open no port at all."""
    async with Sandbox(sockets=False) as sandbox:
        assert sandbox._door._listener is None
