"""
What all handles of one job share: the record, the looks under way, and those who wait.

One poll, one cancel request and one cached result per job, however many handles and tasks.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from asyncjobs._news import news
from asyncjobs._record import Record
from asyncjobs._shared import Shared
from asyncjobs._waiters import Look, Waiter, is_final
from asyncjobs._wire import build, read_snapshot
from asyncjobs.errors import AsyncJobsError, ClientClosed

if TYPE_CHECKING:
    from collections.abc import Callable

    from asyncjobs._canceling import Canceling
    from asyncjobs._kinds import JobKind, Refusal
    from asyncjobs._models import Snapshot
    from asyncjobs._refs import JobRef
    from asyncjobs._services import Services
    from asyncjobs._weather import Weather
    from asyncjobs._wire import Reply, Request

R = TypeVar("R")
T = TypeVar("T")


class Core(Generic[R]):
    """The shared side of a job."""

    __slots__ = ("__weakref__", "_look", "_waiters", "canceling", "record", "result", "services")

    def __init__(self, kind: JobKind[R], ref: JobRef, services: Services) -> None:
        self.record: Record[R] = Record(kind, ref, services.settings, services.unknown_words)
        self.services: Services = services
        self.canceling: Canceling | None = None
        #: The result that was fetched, or is being fetched, and the epoch to which it belongs.
        self.result: tuple[int, Shared[R]] | None = None
        self._look: Look | None = None
        #: In the order in which they came; a dict that is empty is nothing to the garbage collector.
        self._waiters: dict[Waiter, None] = {}

    def __repr__(self) -> str:
        return f"<Core {self.record.ref} {self.record.state} waiters={len(self._waiters)}>"

    @property
    def refusals(self) -> tuple[Refusal, ...]:
        """How this job's service says no."""
        return self.services.refusals_of(self.record.kind)

    # -- looking ------------------------------------------------------------

    def begin_look(self) -> Look:
        """Return a look whose request has not left yet, a new one if need be. Hold it while it is wanted."""
        look = self._look
        if look is None or look.began is not None or look.shared.task.done() or look.shared.given_up:
            look = self._look = Look()
            look.shared = Shared(self.services.tasks.start_errand(self._run_look(look), f"look at {self.record.ref}"))
        return look

    async def _run_look(self, look: Look) -> Snapshot[R]:
        try:
            return await self._look_now(look)
        finally:
            if self._look is look:
                # Who holds a job must not hold the reply to its last look, which a traceback may.
                self._look = None

    async def _look_now(self, look: Look) -> Snapshot[R]:
        record, asked = self.record, asyncio.get_running_loop().time()
        try:
            reply = await self.services.caller.attempt(
                build(record.kind.look, record.ref.parts, verb="look"), self.refusals, witness=look
            )
            snapshot = read_snapshot(record.kind, record.ref, reply, "poll")
        except AsyncJobsError as error:
            held, contradiction = record.snapshot, record.contradiction
            look.verdict = self.take_failure(error, asked=asked, began=look.began)
            if record.snapshot is not None and record.snapshot is not held:
                look.seen = record.snapshot
                return record.snapshot
            if record.snapshot is not None and record.contradiction is not contradiction:
                look.seen = record.contradiction
                return record.snapshot
            raise error.about(record.ref, record.snapshot) from error.__cause__
        look.seen = snapshot
        return self.take_in(snapshot, began=reply.began)

    def take_failure(self, error: AsyncJobsError, *, asked: float, began: float | None) -> AsyncJobsError | None:
        """
        Take in that a look which was *asked* for, and *began* if it left its lane, ended in *error*.

        Those who wait for a look have not got one. Returns what ends the waits, if it does.
        """
        now = asyncio.get_running_loop().time()
        began = now if began is None else began
        end = self.record.fail(error, now=now, queued=began - asked, took=now - began, observed_at=datetime.now(UTC))
        self.publish(began=float("-inf"), error=end)
        return end

    def take_in(self, snapshot: Snapshot[R], *, began: float) -> Snapshot[R]:
        """Take in a snapshot from wherever and tell those who wait; return what is held afterwards."""
        record, now = self.record, asyncio.get_running_loop().time()
        ended = record.final or record.requested_by_us
        record.see(snapshot, began=began, now=now)
        if record.final and not ended:
            self.services.trust.missed(record.kind.name, now)
        self.publish(began=began, error=record.verdict(now))
        assert record.snapshot is not None
        return record.snapshot

    async def send(self, request: Request, parse: Callable[[Reply], T]) -> T:
        """Send a request about the job, retries included; its errors name the job."""
        try:
            return await self.services.caller.send(request, parse, self.refusals)
        except AsyncJobsError as error:
            raise error.about(self.record.ref, self.record.snapshot) from error.__cause__

    # -- waiting ------------------------------------------------------------

    @property
    def watched(self) -> bool:
        """Whether somebody waits and was not woken yet, so that the job must be looked at."""
        for waiter in self._waiters:  # noqa: SIM110 - asked twice for each row of a list
            if not waiter.future.done():
                return True
        return False

    async def wait_for(
        self, ready: Callable[[Record[Any], float], bool], *, timeout: float | None = None, outer: bool = True
    ) -> bool:
        """
        Wait until *ready* or for *timeout* seconds; return whether it became ready.

        A waiter costs one future, and a timer if it has a bound. When the last one leaves, the
        looks stop and a request under way is dropped.
        """
        if ready(self.record, float("-inf")):
            return True
        waiter = self.enter(ready, outer=outer)
        timer = None if timeout is None else asyncio.get_running_loop().call_later(timeout, waiter.wake)
        try:
            await waiter.future
        finally:
            if timer is not None:
                timer.cancel()
            self.leave(waiter)
        if waiter.error is not None:
            raise waiter.error
        # A look that ended in the same tick as the timer counts.
        return waiter.came or ready(self.record, float("-inf"))

    def enter(self, ready: Callable[[Record[Any], float], bool], *, outer: bool = True) -> Waiter:
        """Begin to wait until *ready*; whoever begins must :meth:`leave`."""
        waiter = Waiter(ready, outer=outer)
        self._waiters[waiter] = None
        self.services.watcher.watch(self)
        if self.services.trust and ready is not is_final:
            self.services.watcher.hasten(self)  # Those before may have been content with the end.
        return waiter

    def leave(self, waiter: Waiter) -> None:
        """Wait no longer; leaving twice is harmless."""
        if waiter not in self._waiters:
            return
        del self._waiters[waiter]
        if not self._waiters:
            self.services.watcher.unwatch(self)
            self.record.guards.unwatched()

    def publish(self, *, began: float, error: AsyncJobsError | None = None) -> None:
        """Wake those whose news has come; *error* ends all waits of a job that has not ended."""
        record = self.record
        for waiter in self._waiters:
            if waiter.ready(record, began):
                waiter.wake(came=True)
            elif error is not None and not record.final:
                waiter.wake(error=error.about(record.ref, record.snapshot))
        if self.canceling is not None and record.final:
            self.canceling.job_ended()

    def fail(self, error: AsyncJobsError, *, outer_only: bool = False) -> None:
        """End the waits with copies of *error*."""
        for waiter in self._waiters:
            if waiter.outer or not outer_only:
                waiter.wake(error=error.about(self.record.ref, self.record.snapshot))

    def close(self) -> None:
        """End the waits of users because the client closes."""
        self.fail(ClientClosed("the client was closed; the job goes on at the service"), outer_only=True)
        if self.canceling is not None:
            self.canceling.close()

    def reopen(self, look: Look) -> None:
        """Begin a new epoch if *look* showed something else than the end that is held."""
        if look.seen is not None and look.began is not None:
            self.record.reopen(look.seen, began=look.began, now=asyncio.get_running_loop().time())

    async def wait_for_news(self, known: tuple[Any, ...] | None) -> Snapshot[R]:
        """Return what is held as soon as it differs from *known*."""
        record = self.record
        if record.snapshot is None or news(record.snapshot) == known:
            await self.wait_for(lambda record, _: record.snapshot is not None and news(record.snapshot) != known)
        assert record.snapshot is not None
        return record.snapshot

    def held(self, weather: Weather, *, due: float, now: float) -> None:
        """Take in that the look that was *due* is held because the service is away, which may end the waits."""
        end = self.record.held(weather, due=due, now=now)
        if end is not None:
            self.publish(began=float("-inf"), error=end)

    @property
    def urgent(self) -> bool:
        """Whether the next look is wanted sooner than by the ordinary pace."""
        return self.record.urgent

    def next_look(self, now: float, spread: float) -> float:
        """Return when the next look is due; *spread* from 0 to 1 is the dice."""
        followed = any(waiter.ready is not is_final for waiter in self._waiters)
        backstop = self.services.trust.backstop(self.record.ref, now, followed=followed)
        return self.record.next_look(now, spread, backstop)
