"""The creates of one client that are under way, each with its caller, and what becomes of them without one."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any, TypeVar

from asyncjobs._ownership import outlast
from asyncjobs.errors import ClientClosed

if TYPE_CHECKING:
    from asyncjobs._creating import Create
    from asyncjobs._tasks import Tasks

T = TypeVar("T")

_log = logging.getLogger("asyncjobs")


class Creates:
    """Runs creates, and gives those whose callers leave or whose client closes *patience* seconds to come back."""

    def __init__(self, tasks: Tasks, patience: float) -> None:
        self._tasks = tasks
        self._patience = patience
        self._running: set[Create[Any]] = set()

    def __len__(self) -> int:
        return len(self._running)

    @property
    def begun(self) -> list[str]:
        """What is being made by those that may have had an effect already."""
        return [create.what for create in self._running if create.may_have_begun]

    async def run(self, create: Create[T]) -> T:
        """Run *create* to its end, here or without its caller."""
        task = create.start(self._tasks.start(create.run(), f"create {create.what}"))
        self._running.add(create)
        task.add_done_callback(lambda _: self._running.discard(create))
        try:
            await asyncio.wait((task,))
        except asyncio.CancelledError:
            create.close()
            orphan = self._tasks.start_cleanup(create.abandon(), f"abandoned create {create.what}")
            if create.owned:
                await self._see_off(create, orphan)
            raise
        if task.cancelled():
            raise ClientClosed("the client was closed before the create was sent")
        return task.result()

    async def _see_off(self, create: Create[Any], orphan: asyncio.Task[None]) -> None:
        """Let the owner of *create* wait until what it made is cancelled, unless it hangs."""
        try:
            await outlast((create.task,), cancelled=True, timeout=self._patience)
            if create.task.done():
                await outlast((orphan,), cancelled=True)
        finally:
            if not create.task.done():
                _log.warning(
                    "the create of a job of %s goes on without its owner; the client cancels what comes of it",
                    create.what,
                )

    async def finish(self) -> None:
        """Withdraw the creates that queue, and give those on the wire some time: their jobs may exist already."""
        for create in self._running:
            create.close()
        if not self._running:
            return
        await asyncio.wait({create.task for create in self._running}, timeout=self._patience)
        for create in self._running:
            create.cut_off()
        if self._running:
            await asyncio.wait({create.task for create in self._running})
