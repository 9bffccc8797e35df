"""The virtual loop keeps the order of an ordinary one, without its waits."""

from __future__ import annotations

import asyncio
import socket
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncjobs.testing import DeadlockError, VirtualLoop, run_virtual


def test_a_long_sleep_takes_no_real_time():
    """A day's sleep ends at once and moves the clock by a day."""

    async def main():
        loop = asyncio.get_running_loop()
        before = loop.time()
        await asyncio.sleep(86_400)
        return loop.time() - before

    began = time.monotonic()

    assert run_virtual(main()) == 86_400
    assert time.monotonic() - began < 5


def test_the_clock_does_not_begin_at_zero():
    """Code that takes 0.0 for "never" is found out."""
    loop = VirtualLoop()

    assert loop.time() == 1000.0
    loop.close()


@given(st.lists(st.floats(min_value=0, max_value=1e6), max_size=20))
def test_timers_fire_in_their_order(delays):
    """Whatever the delays, sleepers wake in the order of their times, each no earlier than asked."""
    woken = []

    async def sleeper(delay):
        loop = asyncio.get_running_loop()
        due = loop.time() + delay
        await asyncio.sleep(delay)
        woken.append(due)
        assert loop.time() >= due - 1e-6

    async def main():
        await asyncio.gather(*map(sleeper, delays))

    run_virtual(main())

    assert woken == sorted(woken)
    assert len(woken) == len(delays)


def test_a_timer_far_from_zero_still_fires():
    """A step that is too small for the clock's precision does not make the loop spin."""

    async def main():
        await asyncio.sleep(1e9)
        await asyncio.sleep(1e-9)
        await asyncio.sleep(0.001)

    run_virtual(main())


def test_a_deadlock_is_an_error_that_names_who_waits():
    """A loop that nothing can wake raises instead of hanging."""

    async def main():
        await asyncio.get_running_loop().create_future()

    with (
        pytest.raises(DeadlockError, match=r"Task-.* at .*test_virtual_loop\.py"),
        asyncio.Runner(loop_factory=lambda: VirtualLoop(grace=0.01)) as runner,
    ):
        runner.run(main())


async def test_threads_still_wake_the_loop():
    """With no timer left the loop waits for a thread in real time."""
    assert await asyncio.to_thread(lambda: 7) == 7


async def test_real_sockets_are_served_before_the_clock_jumps():
    """Bytes that are there are read although a timeout is pending."""
    left, right = socket.socketpair()
    reader, writer = await asyncio.open_connection(sock=left)
    right.sendall(b"here")

    async with asyncio.timeout(1):
        assert await reader.readexactly(4) == b"here"

    writer.close()
    await writer.wait_closed()
    right.close()


async def test_timeouts_expire_in_virtual_time():
    """`asyncio.timeout` goes by the loop's clock."""
    loop = asyncio.get_running_loop()
    before = loop.time()

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(3600):
            await loop.create_future()

    assert loop.time() - before == pytest.approx(3600)
