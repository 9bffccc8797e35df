"""Following a job for as long as somebody listens."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable

    from ._jobs import RemoteJob
    from ._world import World

# A stream looks up at least so often, in seconds, to see whether its reader is still there.
_HEARTBEAT = 15.0


class Follower:
    """Wakes at each change of one job; a context manager.

    It wakes, too, when *also*, given the time, says that there will be something more.
    """

    def __init__(self, world: World, job: RemoteJob, also: Callable[[float], float | None] | None = None) -> None:
        self._world = world
        self._job = job
        self._also = also
        self._wake = asyncio.Event()

    def __enter__(self) -> Self:
        self._job.listeners.append(self._wake.set)
        self._world.wakers.add(self._wake.set)
        return self

    def __exit__(self, *_: object) -> None:
        self._job.listeners.remove(self._wake.set)
        self._world.wakers.discard(self._wake.set)

    async def change(self) -> bool:
        """Wait until the job may have changed, or for a heartbeat; false when the sandbox closes."""
        now = self._world.now()
        times = (self._job.next_change(now), None if self._also is None else self._also(now), now + _HEARTBEAT)
        delay = min(at for at in times if at is not None) - now
        try:
            async with asyncio.timeout(delay):
                await self._wake.wait()
        except TimeoutError:
            pass
        self._wake.clear()
        return not self._world.closing
