"""Time limits that share timers."""

from __future__ import annotations

import asyncio
import contextlib
import math
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncjobs._deadlines import _MANY, Deadlines, Scope
from asyncjobs.testing import run_virtual

LENGTHS = st.sampled_from([0.5, 1.0, 2.0, 30.0])
#: Start a limit of some length, lift the limit of some number, or let some time pass.
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("start"), LENGTHS),
        st.tuples(st.just("lift"), st.integers(0, 30)),
        st.tuples(st.just("pass"), st.sampled_from([0.25, 0.5, 1.0, 10.0])),
    ),
    max_size=40,
)


@given(STEPS)
def test_what_is_not_lifted_is_called_at_its_time(steps):
    """Whatever was started, lifted and awaited before, a limit is reached at its own time, once, or never if lifted."""

    async def play():
        loop = asyncio.get_running_loop()
        deadlines, started, reached = Deadlines(), [], []
        wanted = {}
        for what, value in steps:
            if what == "start":
                number = len(started)
                started.append(deadlines.start(value, lambda number=number: reached.append((number, loop.time()))))
                wanted[number] = loop.time() + value
            elif what == "lift" and value < len(started):
                if wanted[value] > loop.time():
                    del wanted[value]
                    wanted[value] = float("inf")
                started[value].lift()
            elif what == "pass":
                await asyncio.sleep(value)
        await asyncio.sleep(31)
        expected = [(number, at) for number, at in wanted.items() if at < float("inf")]
        assert sorted(expected) == sorted(reached)

    run_virtual(play())


async def test_one_length_has_one_timer():
    """A thousand limits of one length cost the event loop one timer."""
    deadlines = Deadlines()
    before = len(asyncio.get_running_loop()._scheduled)
    limits = [deadlines.start(5.0, list) for _ in range(1000)]
    assert len(asyncio.get_running_loop()._scheduled) == before + 1
    for limit in limits:
        limit.lift()
    deadlines.close()


async def test_one_that_is_reached_may_lift_the_next():
    """A limit that another one lifts in the moment of both is not reached."""
    deadlines, reached = Deadlines(), []
    later = []

    def lift():
        later[0].lift()

    deadlines.start(1.0, lift)
    later.append(deadlines.start(1.0, lambda: reached.append("later")))
    await asyncio.sleep(2)
    assert reached == []


async def test_one_that_is_reached_may_start_another():
    """A limit that begins when another one is reached is reached as well."""
    deadlines, reached = Deadlines(), []
    deadlines.start(1.0, lambda: deadlines.start(1.0, lambda: reached.append(asyncio.get_running_loop().time())))
    began = asyncio.get_running_loop().time()
    await asyncio.sleep(3)
    assert [began + 2.0] == reached


async def test_one_that_another_starts_makes_none_late():
    """A limit that begins when another one is reached leaves those before it their time."""
    deadlines, reached = Deadlines(), []
    began = asyncio.get_running_loop().time()
    deadlines.start(1.0, lambda: deadlines.start(1.0, list))
    await asyncio.sleep(0.25)
    deadlines.start(1.0, lambda: reached.append(asyncio.get_running_loop().time()))
    await asyncio.sleep(3)
    assert reached == [began + 1.25]


async def test_one_that_fails_keeps_no_other_from_its_time():
    """Whatever is called at an end may fail; the limits after it are reached all the same."""
    deadlines, reached, failures = Deadlines(), [], []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: failures.append(context["exception"]))
    deadlines.start(1.0, {}.popitem)
    await asyncio.sleep(0.25)
    deadlines.start(1.0, lambda: reached.append(1))
    await asyncio.sleep(3)
    assert reached == [1]
    assert [type(failure) for failure in failures] == [KeyError]


async def test_limits_that_were_reached_or_lifted_leave_nothing_behind():
    """The memory of the most limits that there ever were is given back."""
    deadlines = Deadlines()
    for _ in range(20_000):
        deadlines.start(10.0, list)
    limits = [deadlines.start(10.0, list) for _ in range(20_000)]
    for limit in limits:
        limit.lift()
    await asyncio.sleep(11)
    assert sys.getsizeof(deadlines._queues[10.0].ends) < 2_000


async def test_lifted_limits_are_not_kept():
    """Behind one that lasts, those that were lifted do not pile up."""
    deadlines = Deadlines()
    lasting = deadlines.start(1000.0, list)
    for _ in range(10 * _MANY):
        deadlines.start(1000.0, list).lift()
    assert sys.getsizeof(deadlines._queues[1000.0].ends) < sys.getsizeof(dict.fromkeys(range(100)))
    lasting.lift()
    deadlines.close()


async def test_lengths_that_nobody_uses_any_more_are_forgotten():
    """Limits of ever new lengths, as of callers with deadlines of their own, leave nothing behind."""
    deadlines = Deadlines()
    for number in range(3 * _MANY):
        deadlines.start(0.001 + number / 1e6, list)
        if number % 500 == 0:
            await asyncio.sleep(1)
    assert len(deadlines._queues) <= _MANY + 500
    assert len(asyncio.get_running_loop()._scheduled) <= _MANY + 500


async def test_lengths_in_use_are_not_forgotten():
    """However many lengths there are, each limit is reached."""
    deadlines, reached = Deadlines(), []
    for number in range(2 * _MANY):
        deadlines.start(100.0 + number / 100, lambda number=number: reached.append(number))
    await asyncio.sleep(200)
    assert reached == list(range(2 * _MANY))


async def test_nothing_is_reached_after_the_close():
    """Closing stops the timers."""
    deadlines, reached = Deadlines(), []
    deadlines.start(1.0, lambda: reached.append(1))
    deadlines.close()
    await asyncio.sleep(2)
    assert reached == []


#: Whether the task was cancelled before and went on, when somebody else cancels it, how long each of two steps takes,
#: the limits of an inner and an outer block, and what it does when it is cancelled: nothing, cling, or fail.
TIMES = st.sampled_from([0.0, 1.0, 2.0, 3.0, 5.0])
LIMITS = st.sampled_from([1.0, 2.0, 3.0, 5.0])
MANNERS = st.sampled_from(["", "clings", "fails"])
STORIES = st.tuples(st.booleans(), st.none() | TIMES, st.none() | TIMES, TIMES, TIMES, LIMITS, LIMITS, MANNERS)


async def _tell(story, outer, inner):
    """Return what becomes of a task that works in two blocks that are bounded, one within the other, and when."""
    struck, first, second, before, within, inner_limit, outer_limit, manner = story
    loop = asyncio.get_running_loop()
    began, seen = loop.time(), []

    async def work():
        if struck:
            asyncio.current_task().cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(0)
        try:
            async with outer(outer_limit):
                await asyncio.sleep(before)
                try:
                    async with inner(inner_limit):
                        try:
                            await asyncio.sleep(within)
                        except asyncio.CancelledError:
                            if manner == "clings":
                                await asyncio.sleep(1.0)
                            if manner == "fails":
                                raise KeyError from None
                            raise
                except (TimeoutError, KeyError) as error:
                    seen.append((type(error), loop.time() - began))
                await asyncio.sleep(1.0)
        except TimeoutError:
            seen.append(("outer", loop.time() - began))
        seen.append(asyncio.current_task().cancelling())
        await asyncio.sleep(0.5)

    task = asyncio.create_task(work())
    for at in (first, second):
        if at is not None:
            loop.call_at(began + at, task.cancel)
    await asyncio.wait((task,))
    return seen, task.cancelled(), loop.time() - began


@given(STORIES)
def test_a_scope_keeps_the_rules_of_asyncio(story):
    """Whoever cancels when, and whatever lies within what: a scope ends as one of asyncio does."""

    @contextlib.asynccontextmanager
    async def ours(seconds):
        with Scope(deadlines, seconds):
            yield

    theirs = run_virtual(_tell(story, asyncio.timeout, asyncio.timeout))
    for outer, inner in ((ours, ours), (ours, asyncio.timeout), (asyncio.timeout, ours)):
        deadlines = Deadlines()
        assert run_virtual(_tell(story, outer, inner)) == theirs


async def test_a_scope_without_end_bounds_nothing():
    """Infinity is no time that an event loop could wait for."""
    deadlines = Deadlines()
    before = len(asyncio.get_running_loop()._scheduled)
    with Scope(deadlines, math.inf):
        assert len(asyncio.get_running_loop()._scheduled) == before
        await asyncio.sleep(1e6)


async def test_a_scope_lifts_its_limit_however_it_is_left():
    """What comes after the block is not bounded any more."""
    deadlines = Deadlines()
    with pytest.raises(KeyError), Scope(deadlines, 1.0):
        raise KeyError
    with Scope(deadlines, 1.0):
        pass
    await asyncio.sleep(2.0)
    assert asyncio.current_task().cancelling() == 0
