"""One request from the door to its reply: wait for a turn, send, say what went wrong, try again if harmless."""

from __future__ import annotations

import asyncio
import logging
import random
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, TypeVar

from asyncjobs._kinds import Lane, Refused
from asyncjobs._refusals import error_from
from asyncjobs._retry import Retries, backoff, capped, is_outage, pause_after
from asyncjobs._service_clock import ServiceClock
from asyncjobs.errors import APIError, AsyncJobsError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from asyncjobs._admission import Ticket
    from asyncjobs._kinds import Refusal
    from asyncjobs._lanes import Lanes
    from asyncjobs._outage import Outage
    from asyncjobs._seam import Transport
    from asyncjobs._settings import Settings
    from asyncjobs._wire import Reply, Request

T = TypeVar("T")

_log = logging.getLogger("asyncjobs")


class Witness:
    """Who wants to hear what becomes of a request; one object, as this is for each of thousands."""

    __slots__ = ()

    def sent(self) -> None:
        """Hear that it leaves its lane."""

    def over(self) -> None:
        """Hear that what became of it is known."""

    def again(self, error: AsyncJobsError) -> bool:  # noqa: ARG002 - for those who care
        """Hear that it failed, and say whether it is to be sent again where that is harmless."""
        return True


_NOBODY: Final = Witness()


def whole(reply: Reply) -> Reply:
    """Return *reply* as it is, for those who read it themselves."""
    return reply


class Caller:
    """All requests of one client pass through here."""

    def __init__(
        self,
        transport: Transport,
        lanes: Lanes,
        outage: Outage,
        settings: Settings,
        clock: ServiceClock | None = None,
    ) -> None:
        self._transport = transport
        self._lanes = lanes
        self._outage = outage
        self._settings = settings
        self._clock = clock or ServiceClock()

    def over(self, transport: Transport) -> Caller:
        """Return one that sends over *transport* and shares all else with this one: turns, weather and clock."""
        return Caller(transport, self._lanes, self._outage, self._settings, self._clock)

    def queue(self, lane: Lane, costs: Mapping[str, int], wake: Callable[[], object]) -> Ticket:
        """Ask for the place of a request that is sent later, without a task that waits; see :meth:`Lanes.ask`."""
        return self._lanes.ask(lane, costs, wake)

    def unqueue(self, ticket: Ticket) -> None:
        """Give back a place that no request was sent with."""
        self._lanes.leave(ticket)

    async def attempt(self, request: Request, refusals: Sequence[Refusal] = (), *, witness: Witness = _NOBODY) -> Reply:
        """
        Send *request* once, when its turn has come, and return a reply that says success.

        Raises:
            APIError: The service said no.
            TransportError: There was no reply.
            ProtocolError: The reply is too large.
        """
        return await self._exchange(request, refusals, witness, await self._lanes.enter(request.lane, request.costs))

    async def _exchange(self, request: Request, refusals: Sequence[Refusal], witness: Witness, ticket: Ticket) -> Reply:
        loop = asyncio.get_running_loop()
        began = loop.time()
        # Creates share their address; all else is told apart by it.
        thing = request.target if request.repeatable else id(request)
        try:
            witness.sent()
            reply = await self._transport.send(request)
        except AsyncJobsError as failure:
            witness.over()
            self._outage.bad(failure, thing=thing, began=began)
            raise
        finally:
            self._lanes.leave(ticket)
        witness.over()
        self._clock.heard(reply.headers.get("date"), loop.time())
        if 200 <= reply.status < 300:  # noqa: PLR2004
            self._outage.good(began)
            return reply
        error = error_from(reply, request, refusals)
        if is_outage(error):
            self._outage.bad(error, thing=thing, began=began)
        else:
            self._outage.good(began)
        self._heed(error)
        raise error

    async def send(
        self,
        request: Request,
        parse: Callable[[Reply], T],
        refusals: Sequence[Refusal] = (),
        *,
        witness: Witness = _NOBODY,
        ticket: Ticket | None = None,
    ) -> T:
        """
        Send *request*, again where that is harmless, within the retry budget; return what *parse* makes of the reply.

        *ticket* is the place for the first attempt, if the caller has been given one. Time in the queue does not count
        against the budget. The errors are those of :meth:`attempt` and of *parse*.

        While the service is away, requests that are to be sent again take turns; the first attempt is never held.
        """
        loop = asyncio.get_running_loop()
        retries: Retries | None = None
        while True:
            if ticket is None:
                ticket = await self._lanes.enter(request.lane, request.costs)
            began = loop.time()
            try:
                return parse(await self._exchange(request, refusals, witness, ticket))
            except AsyncJobsError as error:
                spread = random.random()  # noqa: S311 - jitter is no secret
                retries = retries or Retries(self._settings.retry_budget, repeatable=request.repeatable)
                delay = retries.after(error, took=loop.time() - began, spread=spread)
                if not witness.again(error) or delay is None:
                    raise
                _log.debug("%s; again in %.1f s", error, delay)
                failure = error
            ticket = None
            if not await self.rest(retries, delay) or not witness.again(failure):
                raise failure
            del failure

    async def rest(self, retries: Retries, delay: float) -> bool:
        """
        Wait until a request may be sent again that failed *delay* seconds too early; return false to give up.

        Waiting for a sign of life of a service that is away counts against the budget of *retries*.
        """
        loop = asyncio.get_running_loop()
        began = loop.time()
        rested = await self._outage.rest(delay, retries.left)
        retries.rested(loop.time() - began - delay)
        return rested

    @property
    def knows_the_time(self) -> bool:
        """Whether the service has told its time of day."""
        return self._clock.known

    def time_of(self, moment: float) -> datetime:
        """Return the time of day at the service, as far as it told, at a reading of the event loop's clock."""
        return self._clock.time_of(moment, now=asyncio.get_running_loop().time(), wall=datetime.now(UTC))

    def _heed(self, error: APIError) -> None:
        """Slow down as the service asks, for everybody: the next request would be refused as well."""
        hint = capped(error.retry_after)
        if error.refused is Refused.NO_SLOT:
            self._lanes.pause(backoff(1, 1.0) if hint is None else hint, Lane.CREATE)
        elif error.status == 429 or pause_after(error) is not None:  # noqa: PLR2004
            self._lanes.pause(backoff(1, 1.0) if hint is None else hint)
