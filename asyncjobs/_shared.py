"""One piece of work that several callers wait for."""

from __future__ import annotations

import asyncio
from typing import Generic, TypeVar

from asyncjobs.errors import AsyncJobsError, ClientClosed

T = TypeVar("T")


class Shared(Generic[T]):
    """A task that ends with the last of those who wait for it, unless it ended before."""

    __slots__ = ("_users", "task")

    def __init__(self, task: asyncio.Task[T]) -> None:
        self.task: asyncio.Task[T] = task
        self._users = 0

    @property
    def given_up(self) -> bool:
        """Whether it was cancelled, or is about to find out: nobody may join it any more."""
        return self.task.cancelled() or self.task.cancelling() > 0

    def hold(self) -> None:
        """Count one more who wants the task to go on."""
        self._users += 1

    def release(self) -> None:
        """Count one fewer; the last one cancels the task."""
        self._users -= 1
        if not self._users and not self.task.done() and not self.task.get_loop().is_closed():
            self.task.cancel()

    async def join(self) -> T:
        """
        Wait for the task and return its result, or raise a copy of its exception.

        Cancelling one who waits disturbs no other.
        """
        self.hold()
        try:
            await asyncio.wait((self.task,))
        finally:
            self.release()
        if self.task.cancelled():
            # Only the closing of the client cancels a task that somebody waits for.
            raise ClientClosed("the client was closed")
        error = self.task.exception()
        if isinstance(error, AsyncJobsError):
            raise error.copy()
        return self.task.result()
