"""The in-process connection behaves as a socket does."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncjobs.sandbox import Sandbox, Stall
from asyncjobs.sandbox._faults import Fault
from asyncjobs.sandbox._memory import link


class Recorder(asyncio.Protocol):
    """Remembers what happened to it."""

    def __init__(self):
        self.transport = None
        self.received = b""
        self.events = []

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.received += data

    def eof_received(self):
        self.events.append("eof")

    def pause_writing(self):
        self.events.append("pause")

    def resume_writing(self):
        self.events.append("resume")

    def connection_lost(self, exc):
        self.events.append("lost")


def linked():
    left, right = Recorder(), Recorder()
    link(asyncio.get_running_loop(), left, right)
    return left, right


async def turns():
    for _ in range(5):
        await asyncio.sleep(0)


@given(st.lists(st.binary(max_size=20)), st.lists(st.booleans()))
async def test_bytes_arrive_once_and_in_order(chunks, pauses):
    """However the reader pauses, it gets exactly what was written, also what was written before the close."""
    left, right = linked()
    for index, chunk in enumerate(chunks):
        if index < len(pauses):
            (right.transport.pause_reading if pauses[index] else right.transport.resume_reading)()
        left.transport.write(chunk)
        if index % 3 == 0:
            await asyncio.sleep(0)
    right.transport.resume_reading()
    left.transport.close()
    await turns()

    assert right.received == b"".join(chunks)
    assert (left.events, right.events) == (["lost"], ["eof", "lost"])


async def test_a_slow_reader_pauses_the_writer():
    """Beyond the high-water mark the writer is told to stop, and told to go on afterwards."""
    left, right = linked()
    right.transport.pause_reading()
    left.transport.write(b"x" * 100_000)

    assert left.events == ["pause"]
    assert left.transport.get_write_buffer_size() == 100_000

    right.transport.resume_reading()
    await turns()

    assert left.events == ["pause", "resume"]
    assert len(right.received) == 100_000
    right.transport.close()
    await turns()


async def test_an_abort_loses_what_was_under_way():
    """Undelivered bytes of an aborted connection never arrive."""
    left, right = linked()
    left.transport.write(b"never")
    left.transport.abort()
    await turns()

    assert right.received == b""
    assert right.events == ["eof", "lost"]
    left.transport.write(b"ignored")
    right.transport.write(b"ignored")
    assert right.transport.is_closing()


async def test_large_bodies_pass(opened):
    """A body of several buffers arrives whole."""
    async with opened() as talk:
        text = "x" * 300_000
        reply = await talk("POST", "/agent/runs", {"query": text})

        assert reply.body["request"]["query"] == text


async def test_several_sessions_share_one_service():
    """What one session creates, another sees."""
    async with Sandbox(sockets=False) as sandbox:
        one, two = sandbox.session(), sandbox.session()
        headers = {"x-api-key": "key"}
        async with one.post(f"{sandbox.url}/agent/runs", json={"query": "q"}, headers=headers) as response:
            run = await response.json()
        async with two.get(f"{sandbox.url}/agent/runs/{run['id']}", headers=headers) as response:
            assert (await response.json())["id"] == run["id"]

        assert sandbox.connections == 2


async def test_a_session_that_closes_leaves_no_connection():
    """Tests can see leaks in the number of open connections."""
    async with Sandbox(sockets=False) as sandbox:
        async with sandbox.session() as session, session.get(sandbox.url + "/agent/runs") as response:
            await response.read()
            assert sandbox.connections == 1
        await turns()

        assert sandbox.connections == 0


async def test_a_request_timeout_is_virtual():
    """A client's timeout against a silent server passes in virtual time, and frees the connection."""
    async with Sandbox(sockets=False) as sandbox:
        sandbox.fault(Fault(Stall()))
        session = sandbox.session(timeout=aiohttp.ClientTimeout(total=30))
        loop = asyncio.get_running_loop()
        before = loop.time()

        with pytest.raises(TimeoutError):
            await session.get(sandbox.url + "/agent/runs")

        assert loop.time() - before == pytest.approx(30, abs=1)
