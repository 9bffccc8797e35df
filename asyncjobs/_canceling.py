"""
One cancel of one job, shared by all who ask for it.

The request is sent once, and again only where :mod:`asyncjobs._cancel` says so. While it queues for the first time it
is no more than a place in the queue; from then on it has a task. It goes on while somebody waits for it. When the last
one leaves, a request on the wire is let finish, because aborting it would leave open whether the job runs on; one that
only queues is withdrawn. A clean-up breaks it off all the same, since its bound has passed.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any, Final

from asyncjobs._caller import Witness, whole
from asyncjobs._cancel import OUTCOMES, Phase, Step, is_refusal, next_step
from asyncjobs._kinds import Lane
from asyncjobs._models import CancelOutcome
from asyncjobs._retry import UNUSABLE_REPLIES
from asyncjobs._waiters import LoneJoiner, is_final
from asyncjobs._wire import build, read_answer
from asyncjobs.errors import APIError, AsyncJobsError, CancelUnconfirmed, ClientClosed

if TYPE_CHECKING:
    from asyncjobs._admission import Ticket
    from asyncjobs._core import Core
    from asyncjobs._record import Record
    from asyncjobs._waiters import Joiner

_log = logging.getLogger("asyncjobs")

#: For how long an unconfirmed cancel that came too early is kept in mind after its caller has left.
_KEPT: Final = 30.0


class Canceling(Witness):
    """A cancel under way."""

    __slots__ = (
        "_answer",
        "_begun",
        "_core",
        "_denials",
        "_joiners",
        "_kept",
        "_last_error",
        "_looked",
        "_on_wire",
        "_over",
        "_refused_at",
        "_task",
        "_ticket",
    )

    def __init__(self, core: Core[Any]) -> None:
        self._core = core
        self._joiners: set[Joiner] = set()
        self._begun = False
        self._answer: Phase | None = None  # What the service said last, once it did.
        self._looked = False  # Whether a look has followed a refusal.
        self._on_wire = False
        self._last_error: AsyncJobsError | None = None
        self._denials = 0  # How often the service did not know the job, although looks find it.
        self._refused_at = 0.0
        self._kept: asyncio.TimerHandle | None = None
        self._over = False
        self._task: asyncio.Task[None] | None = None
        call = core.record.kind.cancel
        assert call is not None
        #: The place in the queue, until a request is sent with it.
        self._ticket: Ticket | None = core.services.caller.queue(Lane.CANCEL, call.costs, self._start)
        if self._ticket.admitted:
            self._start()

    async def join(self, *, confirm: bool, timeout: float | None, outer: bool) -> CancelOutcome:
        """
        Wait for the outcome.

        *timeout* counts from when the request leaves its lane, or from now if it has.

        Raises:
            CancelUnconfirmed: The bound passed, or with ``timeout=0`` the first reply did not settle it.
        """
        joiner = LoneJoiner(confirm=confirm, timeout=timeout, outer=outer)
        self.enter(joiner)
        try:
            await joiner.future
        finally:
            self.leave(joiner)
        return self.outcome(joiner)

    def enter(self, joiner: Joiner) -> None:
        """Let *joiner* begin to wait for the outcome; whoever begins must :meth:`leave`."""
        self._joiners.add(joiner)
        if self._begun:
            self._arm(joiner)
        if self._answer is not None:
            joiner.answered()
            self._judge(joiner)

    def leave(self, joiner: Joiner) -> None:
        """Wait no longer; leaving twice is harmless."""
        if joiner not in self._joiners:
            return
        if joiner.deadline is not None:
            joiner.deadline.lift()
        self._joiners.discard(joiner)
        # When it is over, its task may be busy with something else.
        if not self._joiners and not self._over:
            self._let_go(joiner)

    def outcome(self, joiner: Joiner) -> CancelOutcome:
        """Return what *joiner* got, or raise it."""
        record = self._core.record
        # When the bound passed, an end that was seen in the same moment counts.
        outcome = joiner.outcome or OUTCOMES.get(record.state)
        if outcome is None and joiner.error is not None:
            raise joiner.error
        if outcome is None:
            raise CancelUnconfirmed(record.ref, record.snapshot, timeout=joiner.timeout or 0.0) from self._last_error
        return outcome

    def close(self) -> None:
        """End the waits of users because the client closes."""
        record = self._core.record
        closed = ClientClosed("the client was closed before the cancel was confirmed")
        for joiner in self._joiners:
            if joiner.outer:
                joiner.settle(None, closed.about(record.ref, record.snapshot))
        if self._kept is not None and not record.final:
            _log.error("the cancel of %s was refused so far and is given up, because its client closes", record.ref)

    def job_ended(self) -> None:
        """Tell those who wait that the job was seen to end, whatever becomes of the request."""
        outcome = OUTCOMES[self._core.record.state]
        for joiner in self._joiners:
            joiner.settle(outcome)
        if self._kept is not None:
            self._kept.cancel()
            self._forget()

    @property
    def active(self) -> bool:
        """Whether it can still be joined: not if its last caller gave it up in this very tick."""
        return not self._over and (self._task is None or not (self._task.done() or self._task.cancelling()))

    def give_up(self) -> None:
        """End all waits: nothing will be sent any more."""
        self._over = True
        if self._ticket is not None:
            # It was never used.
            self._core.services.caller.unqueue(self._ticket)
            self._ticket = None
        self.over()
        # Whoever still waits here outlives what struck the task: an interrupt, or the end of the loop.
        for joiner in self._joiners:
            joiner.settle(None)
        if self._core.canceling is self:
            self._core.canceling = None
        if self._kept is not None:
            self._kept.cancel()

    # -- the task -----------------------------------------------------------

    def _start(self) -> None:
        self._core.services.cancels.take(self)

    async def run(self, task: asyncio.Task[None]) -> None:
        """Ask the service, and watch the job until its end where somebody waits for that."""
        if self._over:
            return  # It was withdrawn while it waited for this task.
        record, self._task, phase = self._core.record, task, Phase.ASKING
        try:
            while (step := next_step(phase, record.kind, record.state)) is not Step.END:
                if step is Step.SEND:
                    phase = await self._send()
                    self._answer = phase
                    if record.final:
                        break
                    for joiner in self._joiners:
                        joiner.answered()
                    self._judge_all()
                    if not self._wanted():
                        return
                await self._watch(phase)
            for joiner in self._joiners:
                joiner.settle(OUTCOMES[record.state])
        except AsyncJobsError as error:
            self._fail(error)
        except Exception as error:  # noqa: BLE001 - whatever it is, somebody waits to hear of it.
            _log.exception("the cancel of %s failed in an unforeseen way", record.ref)
            failure = AsyncJobsError("the cancel failed in an unforeseen way")
            failure.__cause__ = error
            self._fail(failure)
        finally:
            self.give_up()

    def _fail(self, error: AsyncJobsError) -> None:
        for joiner in self._joiners:
            joiner.settle(None, error.about(self._core.record.ref, self._core.record.snapshot))

    async def _send(self) -> Phase:
        core, record = self._core, self._core.record
        assert record.kind.cancel is not None

        request = build(record.kind.cancel, record.ref.parts, verb="cancel")
        ticket, self._ticket = self._ticket, None
        try:
            reply = await core.services.caller.send(request, whole, core.refusals, witness=self, ticket=ticket)
        except AsyncJobsError as error:
            if not is_refusal(error):
                raise
            self._last_error, self._refused_at = error, self._now()
            record.cancel_refused(self._refused_at)
            return Phase.REFUSED
        now = self._now()
        if (snapshot := read_answer(record.kind, record.ref, reply, "cancel")) is not None:
            record.see(snapshot, began=reply.began, now=now)
        record.cancel_accepted(now)
        core.publish(began=reply.began)
        core.services.watcher.hasten(core)
        return Phase.ACCEPTED

    async def _watch(self, phase: Phase) -> None:
        """Wait for the end, or after a refusal for a look that is newer than it."""
        core = self._core
        if phase is Phase.ACCEPTED:
            await core.wait_for(is_final, outer=False)
            return
        if not self._looked:
            # Whether the first refusal came too early or too late must be known at once. Later ones keep the pace.
            core.record.rush(self._refused_at)
            core.services.watcher.hasten(core)
        refused_at = self._refused_at

        def looked_since(record: Record[Any], began: float) -> bool:
            return record.final or began >= refused_at

        await core.wait_for(looked_since, outer=False)
        if not core.record.final and isinstance(self._last_error, APIError) and self._last_error.status in {404, 410}:
            # A replica may not have heard of the job yet; one that never does is asked the wrong way.
            self._denials += 1
            if self._denials >= UNUSABLE_REPLIES:
                raise self._last_error
        self._refused_at = self._now()
        self._looked = True
        self._judge_all()

    def sent(self) -> None:
        self._on_wire = True
        self._core.record.cancel_sent()
        if not self._begun:
            self._begun = True
            for joiner in self._joiners:
                self._arm(joiner)

    def over(self) -> None:
        if not self._on_wire:
            return
        self._on_wire = False
        self._core.record.cancel_answered(self._now())

    def _now(self) -> float:
        assert self._task is not None
        return self._task.get_loop().time()

    # -- those who wait -----------------------------------------------------

    def _wanted(self) -> bool:
        return bool(self._joiners) or self._kept is not None

    def again(self, error: AsyncJobsError) -> bool:
        """Whether to send a failed request again: those who have no time to wait are done with the first attempt."""
        self._last_error = error
        for joiner in self._joiners:
            if joiner.timeout == 0:
                joiner.settle(None)
        return any(joiner.timeout != 0 for joiner in self._joiners) or self._kept is not None

    def _arm(self, joiner: Joiner) -> None:
        # Without time to wait, the first reply is judged, however long it takes.
        if joiner.timeout:
            joiner.deadline = self._core.services.deadlines.start(joiner.timeout, joiner.give_up)

    def _judge_all(self) -> None:
        for joiner in self._joiners:
            self._judge(joiner)

    def _judge(self, joiner: Joiner) -> None:
        if self._answer is None:
            return
        outcome = OUTCOMES.get(self._core.record.state)
        if outcome is not None or joiner.timeout == 0:
            joiner.settle(outcome)
        elif not joiner.confirm and (self._answer is Phase.ACCEPTED or self._looked):
            joiner.settle(CancelOutcome.REQUESTED)
            if self._answer is Phase.REFUSED and self._kept is None:
                self._kept = asyncio.get_running_loop().call_later(_KEPT, self._forget)

    def _let_go(self, last: Joiner) -> None:
        if self._ticket is not None:
            # A task that is cancelled before its first step would not give it back.
            self.give_up()
        # A clean-up has waited as long as it may, and whoever ends the loop then must find nothing pending.
        if self._kept is None and not (self._on_wire and last.outer):
            self._break_off()

    def _forget(self) -> None:
        self._kept = None
        if not self._joiners and not self._on_wire:
            self._break_off()

    def _break_off(self) -> None:
        if self._task is not None and not self._task.get_loop().is_closed():
            self._task.cancel()
