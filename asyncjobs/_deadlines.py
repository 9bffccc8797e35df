"""Time limits that are mostly not reached: for each length of time one timer, whatever the number of limits."""

from __future__ import annotations

import asyncio
import itertools
import math
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

#: The queues of so many lengths are kept; then those go that nobody uses any more.
_MANY: Final = 1000


class Deadline:
    """One time limit, from when it was started until it is reached or lifted."""

    __slots__ = ("at", "ends")

    #: When it is reached, and what stands beside it until then: see :class:`_Queue`.
    at: float
    ends: dict[Deadline, Callable[[], object]]

    def lift(self) -> None:
        """End the limit; ending it twice, or when it was reached, is harmless."""
        self.ends.pop(self, None)


class Scope(Deadline):
    """
    A limit for what the current task does in a ``with`` block: ``TimeoutError`` ends the block when it is reached.

    The block is given the time at which the limit began, by the event loop's clock.

    It keeps the rules of Python 3.11's :class:`asyncio.Timeout`, which costs four times as much even if its timer is a
    shared one: a cancel of somebody else's that comes first, or in the same moment, goes through.
    """

    __slots__ = ("_cancelling", "_deadlines", "_reached", "_seconds", "_task")

    def __init__(self, deadlines: Deadlines, seconds: float) -> None:
        """*seconds* may be infinite."""
        self._deadlines = deadlines
        self._seconds = seconds
        self._reached = False

    def __enter__(self) -> float:
        loop = asyncio.get_running_loop()
        task = asyncio.current_task(loop)
        assert task is not None
        self._task: asyncio.Task[Any] = task
        self._cancelling = task.cancelling()
        began = loop.time()
        # No event loop can wait until infinity.
        if self._seconds != math.inf:
            self._deadlines.add(self, began, self._seconds, self._strike, loop)
        return began

    def _strike(self) -> None:
        self._reached = True
        self._task.cancel()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if self._seconds != math.inf:
            self.lift()
        if self._reached and self._task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
            raise TimeoutError from error


class _Queue:
    """The limits of one length, which come to their ends in the order in which they began."""

    __slots__ = ("ends", "timer")

    def __init__(self) -> None:
        #: What to call at each end. Those that are lifted leave it wherever they stand, and the first is found as soon
        #: when thousands before it have left.
        self.ends: OrderedDict[Deadline, Callable[[], object]] = OrderedDict()
        self.timer: asyncio.TimerHandle | None = None

    def close(self) -> None:
        self.ends.clear()
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None

    def due(self, loop: asyncio.AbstractEventLoop) -> None:
        now = loop.time()
        try:
            for deadline in list(itertools.takewhile(lambda each: each.at <= now, self.ends)):
                # One that is reached may lift others.
                if (expired := self.ends.pop(deadline, None)) is not None:
                    expired()
        finally:
            # Only now: one that was started meanwhile comes after all others.
            if self.ends:
                self.timer = loop.call_at(next(iter(self.ends)).at, self.due, loop)
            else:
                self.ends.clear()  # Else it would keep the memory of the most there ever were.
                self.timer = None


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
        deadline, loop = Deadline(), asyncio.get_running_loop()
        self.add(deadline, loop.time(), seconds, expired, loop)
        return deadline

    def add(
        self,
        deadline: Deadline,
        began: float,
        seconds: float,
        expired: Callable[[], object],
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        """Start *deadline*, a limit that its owner has made and that *began* now; see :meth:`start`."""
        queue = self._queues.get(seconds)
        if queue is None:
            if len(self._queues) >= _MANY:
                self._forget_unused()
            queue = self._queues[seconds] = _Queue()
        deadline.at, deadline.ends = began + seconds, queue.ends
        queue.ends[deadline] = expired
        if queue.timer is None:
            queue.timer = loop.call_at(deadline.at, queue.due, loop)

    def _forget_unused(self) -> None:
        for length, queue in list(self._queues.items()):
            if not queue.ends:
                queue.close()
                del self._queues[length]

    def close(self) -> None:
        """Stop all timers; no limit will be reached any more."""
        for queue in self._queues.values():
            queue.close()
        self._queues.clear()
