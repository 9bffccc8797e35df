"""An asyncio event loop whose clock jumps instead of waiting."""

from __future__ import annotations

import asyncio
import math
import selectors
import time
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

T = TypeVar("T")

# Not zero, so that code that takes 0.0 for "never" is found out; small enough for nanoseconds to count in a float.
_EPOCH = 1000.0
_RESOLUTION = time.get_clock_info("monotonic").resolution


class DeadlockError(RuntimeError):
    """Every task waits, and neither a timer, nor a file, nor a thread is there to wake one of them."""


class _JumpingSelector(selectors.DefaultSelector):
    """A real selector that moves the clock where an ordinary one would sleep."""

    def __init__(self, grace: float, on_deadlock: Callable[[], DeadlockError]) -> None:
        super().__init__()
        self.now = _EPOCH
        self._grace = grace
        self._on_deadlock = on_deadlock

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if math.ulp(self.now) > _RESOLUTION:
            # So far from zero the loop's own tolerance rounds to nothing, and a timer that is exactly due never fires.
            self.now = math.nextafter(self.now, math.inf)
        ready = super().select(0)
        if ready or timeout == 0:
            return ready
        if timeout is None:
            # Only a thread can still wake the loop, and threads live in real time.
            ready = super().select(self._grace)
            if not ready:
                raise self._on_deadlock()
            return ready
        self.now += timeout
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop in virtual time: an hour's sleep takes no time at all.

    Whenever nothing is ready to run, :meth:`time` jumps to the next timer. Files and sockets that are ready are served
    first, but work in threads and in other processes goes on in real time and is outrun by any timer.

    *grace* is how many real seconds a thread gets to wake a loop that has no timer left, before
    :class:`DeadlockError` is raised out of ``run_forever``.
    """

    def __init__(self, *, grace: float = 1.0) -> None:
        self._virtual = _JumpingSelector(grace, self._deadlock)
        super().__init__(self._virtual)

    def time(self) -> float:
        """Virtual seconds; begins at 1000 and moves by jumps only."""
        return self._virtual.now

    def _deadlock(self) -> DeadlockError:
        waiting = sorted(_describe(task) for task in asyncio.all_tasks(self))
        return DeadlockError("nothing can wake this loop; waiting: " + ("; ".join(waiting) or "no task at all"))


def run_virtual(main: Coroutine[Any, Any, T]) -> T:
    """Run *main* like :func:`asyncio.run`, on a :class:`VirtualLoop`.

    Raises:
        DeadlockError: Every task waits and nothing can wake one.
    """
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)


def _describe(task: asyncio.Task[Any]) -> str:
    stack = task.get_stack(limit=1)
    where = f" at {stack[0].f_code.co_filename}:{stack[0].f_lineno}" if stack else ""
    return f"{task.get_name()}{where}"
