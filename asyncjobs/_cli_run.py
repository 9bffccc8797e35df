"""Running a command: signals end it in order, and what it meets becomes an exit code."""

from __future__ import annotations

import asyncio
import logging
import signal
from typing import TYPE_CHECKING, Any

from asyncjobs._cli_screen import Log
from asyncjobs._cli_services import UsageProblem

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from asyncjobs._cli_screen import Screen

USAGE = 2


def run(command: Coroutine[Any, Any, int], screen: Screen) -> int:
    """
    Run *command* to its end and return the exit code.

    SIGINT and SIGTERM cancel it, whereupon the code is that of the signal (130 and 143).
    """
    logger, handler = logging.getLogger("asyncjobs"), Log(screen)
    logger.addHandler(handler)
    try:
        return asyncio.run(until_signal(command))
    except KeyboardInterrupt:
        # Where the loop knows no signals: the command was cancelled just the same.
        return 128 + signal.SIGINT
    except UsageProblem as problem:
        screen.say(str(problem))
        return USAGE
    finally:
        logger.removeHandler(handler)


async def until_signal(command: Coroutine[Any, Any, int]) -> int:
    """Run *command*; a signal cancels it, and makes the exit code."""
    loop = asyncio.get_running_loop()
    task = asyncio.create_task(command)
    caught: list[int] = []

    def interrupt(number: int) -> None:
        caught.append(number)
        task.cancel()

    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(number, interrupt, number)
        except (NotImplementedError, RuntimeError, ValueError):
            # Not every platform's loop knows signals, and only the main thread gets them.
            break
    try:
        return await task
    except asyncio.CancelledError:
        if not caught:
            raise
        return 128 + caught[0]
