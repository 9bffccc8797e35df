"""Time limits that are mostly not reached: for each length of time one timer, whatever the number of limits."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

#: Limits that were lifted are swept out of a queue when they are most of it and more than so many.
_MANY: Final = 1000


class Deadline:
    """One time limit; *expired* is called when it is reached, unless it was lifted before."""

    __slots__ = ("_queue", "at", "expired")

    def __init__(self, at: float, expired: Callable[[], object], queue: _Queue) -> None:
        self.at: float = at
        self.expired: Callable[[], object] | None = expired
        self._queue = queue

    def lift(self) -> None:
        """End the limit; ending it twice is harmless."""
        if self.expired is not None:
            self.expired = None
            self._queue.lifted()


class Scope:
    """
    A limit for what the current task does in a ``with`` block: ``TimeoutError`` ends the block when it is reached.

    It keeps the rules of Python 3.11's :class:`asyncio.Timeout`, which costs four times as much even if its timer is a
    shared one: a cancel of somebody else's that comes first, or in the same moment, goes through.
    """

    __slots__ = ("_cancelling", "_deadlines", "_limit", "_reached", "_seconds", "_task")

    def __init__(self, deadlines: Deadlines, seconds: float) -> None:
        self._deadlines = deadlines
        self._seconds = seconds
        self._reached = False

    def __enter__(self) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._task: asyncio.Task[Any] = task
        self._cancelling = task.cancelling()
        # No event loop can wait until infinity.
        self._limit = None if self._seconds == math.inf else self._deadlines.start(self._seconds, self._strike)

    def _strike(self) -> None:
        self._reached = True
        self._task.cancel()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if self._limit is not None:
            self._limit.lift()
        if self._reached and self._task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
            raise TimeoutError from error


class _Queue:
    """The limits of one length, which come to their ends in the order in which they began."""

    __slots__ = ("_ends", "_lifted", "_timer")

    def __init__(self) -> None:
        self._ends: deque[Deadline] = deque()
        self._lifted = 0
        self._timer: asyncio.TimerHandle | None = None

    def __bool__(self) -> bool:
        return bool(self._ends)

    def add(self, loop: asyncio.AbstractEventLoop, seconds: float, expired: Callable[[], object]) -> Deadline:
        deadline = Deadline(loop.time() + seconds, expired, self)
        self._ends.append(deadline)
        if self._timer is None:
            self._timer = loop.call_at(deadline.at, self._due, loop)
        return deadline

    def lifted(self) -> None:
        self._lifted += 1
        # Most end in about the order in which they began. What is kept for longer is a burden to the collector, too.
        while self._ends and self._ends[0].expired is None:
            self._ends.popleft()
            self._lifted -= 1
        if self._lifted > _MANY and 2 * self._lifted > len(self._ends):
            self._ends = deque(end for end in self._ends if end.expired is not None)
            self._lifted = 0

    def close(self) -> None:
        self._ends.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _due(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        now = loop.time()
        while self._ends and (self._ends[0].expired is None or self._ends[0].at <= now):
            deadline = self._ends.popleft()
            expired, deadline.expired = deadline.expired, None
            if expired is None:
                self._lifted -= 1
            else:
                expired()
        if self._ends and self._timer is None:
            self._timer = loop.call_at(self._ends[0].at, self._due, loop)


class Deadlines:
    """
    The time limits of one client.

    A timer of the event loop for each of thousands of requests costs more than the rest of their bookkeeping, and
    nearly all are cancelled. Most limits are of the same few lengths, and so of each length only the first needs one.
    """

    def __init__(self) -> None:
        self._queues: dict[float, _Queue] = {}

    def start(self, seconds: float, expired: Callable[[], object]) -> Deadline:
        """Call *expired* in so many *seconds*, unless the limit is lifted before."""
        queue = self._queues.get(seconds)
        if queue is None:
            if len(self._queues) >= _MANY:
                self._queues = {length: queue for length, queue in self._queues.items() if queue}
            queue = self._queues[seconds] = _Queue()
        return queue.add(asyncio.get_running_loop(), seconds, expired)

    def scope(self, seconds: float) -> Scope:
        """Return what bounds a ``with`` block to so many *seconds*, which may be infinite."""
        return Scope(self, seconds)

    def close(self) -> None:
        """Stop all timers; no limit will be reached any more."""
        for queue in self._queues.values():
            queue.close()
        self._queues.clear()
