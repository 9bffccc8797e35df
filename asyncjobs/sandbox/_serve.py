"""Serving by hand, until somebody says stop."""

from __future__ import annotations

import asyncio
import signal
import sys
from typing import TYPE_CHECKING

from ._sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable


def _announce(url: str) -> None:
    sys.stdout.write(f"asyncjobs sandbox: {url}  (any API key will do; Ctrl-C ends it)\n")
    sys.stdout.flush()


def serve(
    *,
    host: str = "127.0.0.1",
    port: int = 8765,
    speed: float = 1.0,
    seed: int = 0,
    announce: Callable[[str], None] = _announce,
) -> None:
    """Serve a sandbox until Ctrl-C or SIGTERM; *announce* is called with its URL once it listens.

    The other arguments are those of :class:`Sandbox`.

    Raises:
        OSError: The address is taken.
        ValueError: *host* is empty, or *speed* no positive number.
    """
    asyncio.run(_serve(Sandbox(host=host, port=port, speed=speed, seed=seed), announce))


async def _serve(sandbox: Sandbox, announce: Callable[[str], None]) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(number, stop.set)
        except NotImplementedError:
            # Not every platform's loop knows signals; there Ctrl-C ends `asyncio.run` itself.
            break
    async with sandbox:
        announce(sandbox.url)
        await stop.wait()
