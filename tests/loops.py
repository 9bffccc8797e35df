"""The loop of a test: its time, its turns, and tasks on it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable


def now() -> float:
    """Return the loop's time in seconds: virtual unless the test is marked ``real_time``."""
    return asyncio.get_running_loop().time()


async def turns(number: int = 6) -> None:
    """Let what is under way get on, without letting time pass."""
    for _ in range(number):
        await asyncio.sleep(0)


def start(work: Awaitable[Any], name: str = "helper") -> asyncio.Task[Any]:
    """Run *work* in a task of its own."""

    async def run() -> Any:
        return await work

    return asyncio.get_running_loop().create_task(run(), name=name)
