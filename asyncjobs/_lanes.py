"""Waiting for one's turn: the event loop's side of :mod:`asyncjobs._admission`."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from asyncjobs._admission import Admission, Ticket

if TYPE_CHECKING:
    from collections.abc import Mapping

    from asyncjobs._kinds import Lane


class Lanes:
    """The doors in front of one service, shared by all requests of one client."""

    def __init__(self, admission: Admission) -> None:
        self._admission = admission
        self._waiting: dict[Ticket, asyncio.Future[None]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def enter(self, lane: Lane, costs: Mapping[str, int]) -> Ticket:
        """
        Wait for a place and return it; give it back with :meth:`leave`.

        Cancelled while it waits, it leaves the queue; a place that it had just been given goes to the next.
        """
        self._loop = asyncio.get_running_loop()
        ticket = Ticket(lane, costs)
        self._admission.ask(ticket)
        self._pump()
        if ticket.admitted:
            return ticket
        future = self._waiting[ticket] = self._loop.create_future()
        self._set_timer()
        try:
            await future
        except BaseException:
            self._waiting.pop(ticket, None)
            if ticket.admitted:
                self.leave(ticket)
            else:
                self._admission.withdraw(ticket)
                self._pump()  # What it was kept back for is free for the next.
            raise
        return ticket

    def leave(self, ticket: Ticket) -> None:
        """Give a place back."""
        self._admission.release(ticket)
        self._pump()

    def pause(self, seconds: float, lane: Lane | None = None) -> None:
        """Let nothing through for *seconds*, or only nothing of *lane*."""
        self._admission.pause(asyncio.get_running_loop().time() + seconds, lane)
        self._pump()

    def close(self) -> None:
        """Stop the timer; nobody waits any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _pump(self) -> None:
        if self._loop is None or self._loop.is_closed():
            return  # What waited has ended with it.
        for ticket in self._admission.admit(self._loop.time()):
            future = self._waiting.pop(ticket, None)
            if future is not None and not future.done():
                future.set_result(None)
        self._set_timer()

    def _set_timer(self) -> None:
        self.close()
        if self._waiting and self._admission.next_time is not None:
            self._timer = asyncio.get_running_loop().call_at(self._admission.next_time, self._pump)
