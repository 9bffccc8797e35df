"""Waiting for one's turn: the event loop's side of :mod:`asyncjobs._admission`."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from asyncjobs._admission import Admission, Ticket

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from asyncjobs._kinds import Lane


class Lanes:
    """The doors in front of one service, shared by all requests of one client."""

    def __init__(self, admission: Admission) -> None:
        self._admission = admission
        self._timer: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def ask(self, lane: Lane, costs: Mapping[str, int], wake: Callable[[], object]) -> Ticket:
        """
        Ask for a place; *wake* is called when it is given, unless ``admitted`` says that it was free.

        Give it back with :meth:`leave`, whether or not it was given.
        """
        ticket = self._ask(lane, costs)
        if not ticket.admitted:
            ticket.wake = wake
        return ticket

    async def enter(self, lane: Lane, costs: Mapping[str, int]) -> Ticket:
        """
        Wait for a place and return it; give it back with :meth:`leave`.

        Cancelled while it waits, it leaves the queue; a place that it had just been given goes to the next.
        """
        ticket = self._ask(lane, costs)
        if ticket.admitted:
            return ticket
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def wake() -> None:
            if not turn.done():
                turn.set_result(None)

        ticket.wake = wake
        try:
            await turn
        except BaseException:
            self.leave(ticket)
            raise
        return ticket

    def _ask(self, lane: Lane, costs: Mapping[str, int]) -> Ticket:
        loop = self._loop = asyncio.get_running_loop()
        ticket = Ticket(lane, costs)
        if not self._admission.pass_by(ticket, loop.time()):
            self._admission.ask(ticket)
            self._pump()
        return ticket

    def leave(self, ticket: Ticket) -> None:
        """Give a place back, or the wish for one: what it was kept back for is free for the next."""
        if ticket.admitted:
            self._admission.release(ticket)
        else:
            self._admission.withdraw(ticket)
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
        if self._admission.idle:
            return
        if self._loop is None or self._loop.is_closed():
            return  # What waited has ended with it.
        for ticket in self._admission.admit(self._loop.time()):
            wake, ticket.wake = ticket.wake, None
            if wake is not None:
                wake()
        if self._timer is not None:
            self.close()
        if self._admission.next_time is not None:
            self._timer = self._loop.call_at(self._admission.next_time, self._pump)
