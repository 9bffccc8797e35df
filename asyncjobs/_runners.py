"""Tasks that go from one piece of work to the next, as long as there is one that could begin at once."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from asyncjobs._tasks import Tasks


#: So many pieces of work begin in a turn of the event loop on average. Six cancels are fewer than the 700 objects after
#: which Python's garbage collector goes through all that is under way, and nobody waits long for another turn.
_PER_TURN: Final = 6
#: Where others make the turns long, so many begin in a second all the same.
_PER_SECOND: Final = 500


class Work(Protocol):
    """What a runner runs, to its end or until the runner is cancelled with it."""

    @property
    def active(self) -> bool:
        """Whether it is still wanted; what is not when its turn comes never begins."""
        ...

    async def run(self, task: asyncio.Task[None]) -> None:
        """Do the work, in *task*, which is the current one."""
        ...


class Runners:
    """
    Runs pieces of work, each as if in a task of its own; whoever cancels that task cancels no other work.

    In a batch of thousands each request makes room for the next one. A task that takes it over where it ends itself
    saves a task for each, and the way through the event loop. So few begin at a time that no more requests are on the
    wire than the event loop can take the replies of.
    """

    def __init__(self, tasks: Tasks, name: str) -> None:
        self._tasks = tasks
        self._name = name
        self._ready: deque[Work] = deque()
        self._turning = False
        self._turned = 0.0  # When this turn began.
        self._may_begin = 0  # How many may begin in it.
        self._went_on = 0  # How many tasks went on to another piece in it.

    def take(self, work: Work) -> None:
        """Run *work*, in one of the next turns of the event loop."""
        if not self._turning:
            loop = asyncio.get_running_loop()
            self._turning, self._turned, self._may_begin = True, loop.time(), _PER_TURN
            loop.call_soon(self._turn, loop)
        self._ready.append(work)

    def _turn(self, loop: asyncio.AbstractEventLoop) -> None:
        room, self._went_on = self._may_begin - self._went_on, 0
        self._turning = bool(self._ready)
        if not self._turning:
            return
        now = loop.time()
        self._may_begin = max(_PER_TURN, int((now - self._turned) * _PER_SECOND))
        self._turned = now
        loop.call_soon(self._turn, loop)
        while room > 0 and (work := self._next()) is not None:
            self._tasks.start(self._run(work), self._name)
            room -= 1

    def _next(self) -> Work | None:
        while self._ready:
            work = self._ready.popleft()
            if work.active:
                return work
        return None

    async def _run(self, work: Work) -> None:
        task = asyncio.current_task()
        assert task is not None
        while True:
            await work.run(task)
            # A cancel that this work did not wait for any more is not meant for the next one.
            if task.cancelling() or self._went_on >= self._may_begin or (following := self._next()) is None:
                return
            self._went_on += 1
            work = following
