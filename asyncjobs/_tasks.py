"""The tasks of one client: each has an owner that joins it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

from asyncjobs._shared import Shared

if TYPE_CHECKING:
    from collections.abc import Coroutine

T = TypeVar("T")


class Tasks:
    """Starts tasks and remembers what is to become of them when the client closes."""

    def __init__(self) -> None:
        self._all: set[asyncio.Task[Any]] = set()
        self._cleanups: set[asyncio.Task[Any]] = set()
        self._errands: set[asyncio.Task[Any]] = set()

    def __len__(self) -> int:
        """How many are under way."""
        return len(self._all)

    def start(self, work: Coroutine[Any, Any, T], name: str) -> asyncio.Task[T]:
        """Start a task that is cancelled and joined at the end."""
        task = asyncio.get_running_loop().create_task(work, name=f"asyncjobs: {name}")
        self._all.add(task)
        task.add_done_callback(self._forget)
        return task

    def start_cleanup(self, work: Coroutine[Any, Any, T], name: str) -> asyncio.Task[T]:
        """Start a task that closing lets finish."""
        task = self.start(work, name)
        self._cleanups.add(task)
        return task

    def start_errand(self, work: Coroutine[Any, Any, T], name: str) -> asyncio.Task[T]:
        """Start a task that serves users only: it ends as soon as the client begins to close."""
        task = self.start(work, name)
        self._errands.add(task)
        return task

    async def run(self, work: Coroutine[Any, Any, T], name: str) -> T:
        """
        Run *work* for one user.

        Raises:
            ClientClosed: The client began to close meanwhile.
        """
        return await Shared(self.start_errand(work, name)).join()

    def end_errands(self) -> None:
        """Cancel what serves users only."""
        for task in self._errands:
            task.cancel()

    async def finish_cleanups(self) -> None:
        """Wait until all clean-ups are done; their own bounds end them."""
        while self._cleanups:
            await asyncio.wait(self._cleanups)

    async def aclose(self) -> None:
        """Cancel what is left, and wait until it has ended."""
        while self._all:
            for task in self._all:
                task.cancel()
            await asyncio.wait(self._all)

    def _forget(self, task: asyncio.Task[Any]) -> None:
        self._all.discard(task)
        self._cleanups.discard(task)
        self._errands.discard(task)
        if not task.cancelled():
            task.exception()  # It reached those who waited; nobody else needs to hear of it.
