"""An outage of a service, shared by all requests of one client: the loop's side of :mod:`asyncjobs._weather`."""

from __future__ import annotations

import asyncio
import logging
import math
import random
from typing import TYPE_CHECKING, Final

from asyncjobs._weather import PER_GOOD, Weather
from asyncjobs.errors import APIError

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from asyncjobs.errors import AsyncJobsError

_log = logging.getLogger("asyncjobs")

#: While the service is away, all requests that are to be sent again take turns, one in so many seconds.
_TURN: Final = 1.0


class Outage:
    """
    Keeps the weather of one service, holds repeats while it is away, and says so in the log, once.

    First attempts are never held: what is held are looks, by the watcher, and whatever is to be sent again, in
    :meth:`rest`. *on_good* is called when looks may go again.
    """

    def __init__(self, service: str) -> None:
        self.weather: Weather = Weather()
        self.on_good: Callable[[], object] | None = None
        self._service = service
        self._resting: dict[asyncio.Future[None], None] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._next_turn = 0.0

    def good(self, began: float) -> None:
        """Take in a reply of a service that works; its request began at *began*."""
        weather = self.weather
        if not weather.good(began):
            return
        if weather.ended is not None:
            seconds = asyncio.get_running_loop().time() - weather.ended
            _log.info("%s answers again after %.0f s", self._service, seconds)
        self._release(len(self._resting) if weather.fair else PER_GOOD)
        if self.on_good is not None:
            self.on_good()

    def bad(self, error: AsyncJobsError, *, thing: Hashable, began: float) -> None:
        """Take in that a request for *thing*, which began at *began*, ended in *error*."""
        now = asyncio.get_running_loop().time()
        if self.weather.bad(error, thing=thing, began=began, now=now, spread=random.random()):  # noqa: S311 - no secret
            # What a service says beside its status may repeat what was sent, which is not for the log.
            said = f"status {error.status}" if isinstance(error, APIError) else error
            _log.warning("%s is away and is only probed until it answers again: %s", self._service, said)

    async def rest(self, delay: float, patience: float) -> bool:
        """
        Wait for *delay* seconds, and for one's turn if the service is away then.

        All that wait here take turns, so that together they send one request in a second. Returns false if the turn
        has not come within *patience* seconds more.
        """
        await asyncio.sleep(delay)
        if self.weather.fair:
            return True
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._resting[turn] = None
        self._set_timer()
        try:
            async with asyncio.timeout(None if patience == math.inf else patience):
                await turn
        except TimeoutError:
            return False
        finally:
            self._resting.pop(turn, None)
            self._set_timer()
        return True

    def _release(self, count: int) -> None:
        for turn in list(self._resting)[:count]:
            del self._resting[turn]
            if not turn.done():
                turn.set_result(None)

    def _set_timer(self) -> None:
        if self._resting and self._timer is None:
            self._timer = asyncio.get_running_loop().call_at(self._next_turn, self._pass_turn)
        elif self._timer is not None and not self._resting:
            self._timer.cancel()
            self._timer = None

    def _pass_turn(self) -> None:
        loop = asyncio.get_running_loop()
        self._timer = None
        self._release(1)
        self._next_turn = loop.time() + _TURN * (0.5 + random.random())  # noqa: S311 - jitter is no secret
        self._set_timer()
