"""
One create: paid work that begins when a request arrives, whether or not its reply does.

The request runs in a task of the client. A caller who is cancelled meanwhile takes nothing down: a request that
still queues is withdrawn, one on the wire is finished, and what it made is handed over as an orphan. A create
whose outcome is unknown is looked for, and not sent again.
"""

from __future__ import annotations

import asyncio
import logging
import random
from typing import TYPE_CHECKING, Generic, TypeVar

from asyncjobs._caller import Witness
from asyncjobs._finding import APPEARS_WITHIN, Found, distinct
from asyncjobs._retry import Failure, backoff, classify
from asyncjobs.errors import AsyncJobsError, Conflict, CreateUncertain

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from asyncjobs._caller import Caller
    from asyncjobs._plans import Plan
    from asyncjobs._refs import JobRef
    from asyncjobs._settings import Settings

T = TypeVar("T")

_log = logging.getLogger("asyncjobs")


class Create(Witness, Generic[T]):
    """A create under way; *owned* says whether its caller means to own what it makes."""

    def __init__(self, caller: Caller, settings: Settings, plan: Plan[T], *, owned: bool) -> None:
        self.what: str = plan.intent.kind
        self.owned: bool = owned
        self.task: asyncio.Task[T]
        self._caller = caller
        self._settings = settings
        self._plan = plan
        self._sent_at: float | None = None  # When the first attempt left, by the clock of the event loop.
        self._dated: datetime | None = None  # The same by the service's clock, if it had told the time by then.
        self._on_wire = False
        self._unresolved = False  # Whether an attempt may have had its effect, as far as is known.
        self._candidates: tuple[JobRef, ...] = ()
        self._cut_off = False
        self._wanted = True

    def start(self, task: asyncio.Task[T]) -> asyncio.Task[T]:
        """Take the task that runs :meth:`run`."""
        self.task = task
        return task

    async def run(self) -> T:
        """
        Send the request until its outcome is known, and look for what it made where that does not tell.

        Raises:
            CreateUncertain: It is not known, and will not be.
        """
        try:
            return await self._run()
        except asyncio.CancelledError:
            if self.may_have_begun:
                # Sent is sent: whether it had an effect is now unknown.
                if self._cut_off:
                    raise self._uncertain() from None
                # The event loop ends and takes everything down: only the log is left.
                self._report(self._uncertain())
            raise

    async def _run(self) -> T:
        began, resent = asyncio.get_running_loop().time(), 0
        while True:
            try:
                made = await self._send()
            except AsyncJobsError as error:
                if not self._unresolved:
                    raise
                failure = error
            else:
                if self._unresolved:
                    await self._take_doubles(made)
                return made
            found = await self._find(failure)
            if found.made:
                first, *others = found.made
                self._take(distinct(others, first, self._plan.tell))
                return first
            if isinstance(failure, Conflict) and self._plan.request.repeatable and found.shown:
                # The name belongs to something else.
                raise failure
            if found.candidates or not self._may_resend(failure, began):
                raise self._uncertain() from failure
            resent += 1
            await asyncio.sleep(backoff(resent, random.random()))  # noqa: S311 - jitter is no secret
            if not self._wanted:
                raise self._uncertain() from failure

    async def _send(self) -> T:
        plan = self._plan
        return await self._caller.send(plan.request, plan.parse, plan.refusals, witness=self)

    def again(self, error: AsyncJobsError) -> bool:
        if classify(error, repeatable=False) is Failure.OUTCOME_UNKNOWN:
            self._unresolved = True
        return self._wanted

    async def _find(self, failure: AsyncJobsError) -> Found[T]:
        if self._plan.finder is None:
            return Found()
        resend_after = self._settings.resend_after
        try:
            found = await self._plan.finder.watch(self._since, APPEARS_WITHIN if resend_after is None else resend_after)
        except AsyncJobsError as error:
            _log.info("%s was not found, since the service could not be asked: %s", self.what, error)
            raise self._uncertain() from failure
        self._candidates = found.candidates
        return found

    def _may_resend(self, failure: AsyncJobsError, began: float) -> bool:
        settings = self._settings
        return (
            settings.resend_after is not None
            # What cannot be looked for cannot be missing.
            and self._plan.finder is not None
            and self._wanted
            and classify(failure, repeatable=False) is Failure.OUTCOME_UNKNOWN
            and asyncio.get_running_loop().time() - began <= settings.retry_budget
        )

    async def _take_doubles(self, made: T) -> None:
        """Look once for what an earlier attempt has made after all: nobody else would ever hear of it."""
        if self._plan.finder is None:
            return
        try:
            found = await self._plan.finder.look(self._since)
        except AsyncJobsError as error:
            _log.warning("%s may have been created twice, and the service could not be asked: %s", self.what, error)
        except asyncio.CancelledError:
            _log.warning("%s may have been created twice, and there was no time to look", self.what)
        else:
            self._take(distinct(found.made, made, self._plan.tell))

    def _take(self, doubles: Iterable[T]) -> None:
        for each in doubles:
            _log.warning("%s was created twice", self.what)
            self._plan.orphans.take(each, owned=self.owned)

    # -- without its caller ---------------------------------------------------

    @property
    def may_have_begun(self) -> bool:
        """Whether it may have had an effect that is not known yet."""
        return self._on_wire or self._unresolved

    def close(self) -> None:
        """Do not send it again, and withdraw it if nothing has left."""
        self._wanted = False
        if not self.may_have_begun:
            self.task.cancel()

    def cut_off(self) -> None:
        """End it now: the client has waited long enough."""
        self._cut_off = self.may_have_begun
        self.task.cancel()

    async def abandon(self) -> None:
        """See the create to its end without its caller."""
        self.close()
        await asyncio.wait((self.task,))
        if self.task.cancelled():
            return
        error = self.task.exception()
        if error is None:
            if cleanup := self._plan.orphans.take(self.task.result(), owned=self.owned):
                await cleanup
        elif isinstance(error, CreateUncertain):
            self._report(error)
        else:
            _log.info("the create of a cancelled caller came to nothing: %s", error)

    # -- what is known ----------------------------------------------------------

    def _uncertain(self) -> CreateUncertain:
        intent = self._plan.intent
        return CreateUncertain(
            intent.kind,
            intent.sent,
            self._candidates,
            parents=intent.parents,
            token=intent.token,
            sent_at=self._since(),
        )

    def _since(self) -> datetime:
        assert self._sent_at is not None
        now = self._caller.time_of(self._sent_at)
        # The earlier one is the safe one: a machine that slept does not know for how long.
        return now if self._dated is None else min(self._dated, now)

    def _report(self, error: CreateUncertain) -> None:
        # What was sent is the user's own business, and not for the log.
        _log.error("%s; its caller was cancelled", error, exc_info=error)
        self._plan.orphans.uncertain.append(error)

    def sent(self) -> None:
        if self._sent_at is None:
            self._sent_at = asyncio.get_running_loop().time()
            if self._caller.knows_the_time:
                self._dated = self._caller.time_of(self._sent_at)
        self._on_wire = True

    def over(self) -> None:
        self._on_wire = False
