"""Tasks that go from one piece of work to the next, as long as there is one that could begin at once."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from asyncjobs._tasks import Tasks


#: So many pieces of work begin in the turn of the event loop in which others end: what these leave is taken up at once,
#: which spares the garbage collector. The others begin in the next turn, so that none holds everybody else up for long.
_AT_ONCE: Final = 8


class Work(Protocol):
    """What a runner runs, to its end or until the runner is cancelled with it."""

    async def run(self) -> None:
        """Do the work, in the task that is the current one."""
        ...


class Runners:
    """
    Runs pieces of work, each as if in a task of its own; whoever cancels that task cancels no other work.

    In a batch of thousands each request makes room for the next one. A task that takes it over where it ends itself
    saves a task for each, and the way through the event loop.
    """

    def __init__(self, tasks: Tasks, name: str) -> None:
        self._tasks = tasks
        self._name = name
        self._ready: deque[Work] = deque()
        self._begun = 0  # How many have begun where others ended, in this turn.

    def take(self, work: Work) -> None:
        """Run *work*, in the next turn of the event loop at the latest."""
        if not self._ready:
            asyncio.get_running_loop().call_soon(self._start)
        self._ready.append(work)

    def _start(self) -> None:
        while self._ready:
            self._tasks.start(self._run(self._ready.popleft()), self._name)

    async def _run(self, work: Work) -> None:
        task = asyncio.current_task()
        assert task is not None
        while True:
            await work.run()
            # A cancel that this work did not wait for any more is not meant for the next one.
            if task.cancelling() or not self._ready:
                return
            work = self._ready.popleft()
            if self._begun < _AT_ONCE:
                if not self._begun:
                    asyncio.get_running_loop().call_soon(self._next_turn)
                self._begun += 1
                continue
            try:
                await asyncio.sleep(0)
            except asyncio.CancelledError:
                self.take(work)  # Whoever strikes here does not mean it.
                raise

    def _next_turn(self) -> None:
        self._begun = 0
