"""
One create: paid work that begins when a request arrives, whether or not its reply does.

The request runs in a task of the client. A caller who is cancelled meanwhile takes nothing down: a request that
still queues is withdrawn, one on the wire is finished, and what it made is handed to *orphaned*.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from asyncjobs._retry import Failure, classify
from asyncjobs.errors import AsyncJobsError, CreateUncertain

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from asyncjobs._caller import Caller
    from asyncjobs._kinds import Refusal
    from asyncjobs._wire import Reply, Request

T = TypeVar("T")

_log = logging.getLogger("asyncjobs")


class Create(Generic[T]):
    """
    A create under way.

    *what* names what is made, *sent* is the body for :class:`CreateUncertain`, *parse* reads the reply, and
    *orphaned* takes what was made when the caller has gone; its ``owned`` says whether the caller meant to own it.
    """

    def __init__(
        self,
        caller: Caller,
        what: str,
        request: Request,
        sent: Mapping[str, Any],
        parse: Callable[[Reply], T],
        orphaned: Callable[[T, bool], Awaitable[object]],
        refusals: Sequence[Refusal] = (),
    ) -> None:
        self.what = what
        self.task: asyncio.Task[T]
        self._caller = caller
        self._request = request
        self._sent = sent
        self._parse = parse
        self._orphaned = orphaned
        self._refusals = refusals
        self._on_wire = False
        self._cut_off = False
        self._wanted = True

    def start(self, task: asyncio.Task[T]) -> asyncio.Task[T]:
        """Take the task that runs :meth:`run`."""
        self.task = task
        return task

    async def run(self) -> T:
        """
        Send the request until its outcome is known.

        Raises:
            CreateUncertain: It will not be known.
        """
        try:
            return await self._caller.send(
                self._request,
                self._parse,
                self._refusals,
                on_begin=self._begin,
                on_end=self._end,
                wanted=lambda _: self._wanted,
            )
        except AsyncJobsError as error:
            if classify(error, repeatable=False) is Failure.OUTCOME_UNKNOWN:
                raise CreateUncertain(self.what, self._sent) from error
            raise
        except asyncio.CancelledError:
            # Sent is sent: whether it had an effect is now unknown.
            if self._cut_off:
                raise CreateUncertain(self.what, self._sent) from None
            if self._on_wire:
                # The event loop ends and takes everything down: only the log is left.
                self._report(CreateUncertain(self.what, self._sent))
            raise

    def close(self) -> None:
        """Do not send it again, and withdraw it if it has not left."""
        self._wanted = False
        if not self._on_wire:
            self.task.cancel()

    def cut_off(self) -> None:
        """End it now: the client has waited long enough."""
        self._cut_off = self._on_wire
        self.task.cancel()

    async def abandon(self, *, owned: bool) -> None:
        """See the create to its end without its caller."""
        self.close()
        await asyncio.wait((self.task,))
        if self.task.cancelled():
            return
        error = self.task.exception()
        if error is None:
            await self._orphaned(self.task.result(), owned)
        elif isinstance(error, CreateUncertain):
            self._report(error)
        else:
            _log.info("the create of a cancelled caller came to nothing: %s", error)

    def _report(self, error: CreateUncertain) -> None:
        # What was sent is the user's own business, and not for the log.
        _log.error("%s; its caller was cancelled", error, exc_info=error)

    def _begin(self) -> None:
        self._on_wire = True

    def _end(self) -> None:
        self._on_wire = False
