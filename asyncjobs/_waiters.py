"""Those who wait for a job, and the look that is made for them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from asyncjobs._caller import Witness

if TYPE_CHECKING:
    from collections.abc import Callable

    from asyncjobs._deadlines import Deadline
    from asyncjobs._models import CancelOutcome, Snapshot
    from asyncjobs._record import Record
    from asyncjobs._shared import Shared
    from asyncjobs.errors import AsyncJobsError


class Waiter:
    """
    Someone who waits for news of a job: a future, no task.

    *ready* says of the record, and of when the look began that changed it, whether that is the
    awaited news. *outer* marks a user's wait, which ends when the client closes.
    """

    __slots__ = ("came", "error", "future", "outer", "ready")

    def __init__(self, ready: Callable[[Record[Any], float], bool], *, outer: bool) -> None:
        self.ready: Callable[[Record[Any], float], bool] = ready
        self.outer: bool = outer
        self.came: bool = False
        self.error: AsyncJobsError | None = None
        # It only wakes: an exception in it would complain when its waiter was cancelled in the same moment.
        self.future: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def wake(self, *, came: bool = False, error: AsyncJobsError | None = None) -> None:
        """End the wait: the news *came*, or there is an *error*, or (neither) time is up."""
        if not self.future.done():
            self.came, self.error = came, error
            self.future.set_result(None)


class Look(Witness):
    """One look under way, and when its request left the lane (``None`` while it queues)."""

    __slots__ = ("began", "on_sent", "seen", "shared", "verdict")

    def __init__(self) -> None:
        self.began: float | None = None
        self.on_sent: Callable[[], object] | None = None
        #: What it showed, whatever was made of it.
        self.seen: Snapshot[Any] | None = None
        #: What it means for those who wait: an error that ends their waits, or nothing.
        self.verdict: AsyncJobsError | None = None
        self.shared: Shared[Any]

    def sent(self) -> None:
        self.began = asyncio.get_running_loop().time()
        if self.on_sent is not None:
            self.on_sent()


def is_final(record: Record[Any], _: float) -> bool:
    """Whether the job has ended: what most waiters wait for."""
    return record.final


class Joiner:
    """One who waits for the outcome of a cancel; how that one is woken is its own business."""

    __slots__ = ("confirm", "deadline", "error", "outcome", "outer", "settled", "timeout")

    def __init__(self, *, confirm: bool, timeout: float | None, outer: bool) -> None:
        self.confirm: bool = confirm
        self.timeout: float | None = timeout
        self.outer: bool = outer
        self.deadline: Deadline | None = None
        self.settled: bool = False
        self.outcome: CancelOutcome | None = None
        self.error: AsyncJobsError | None = None

    def settle(self, outcome: CancelOutcome | None, error: AsyncJobsError | None = None) -> None:
        """End the wait: with an *outcome*, with an *error*, or (neither) because time is up."""
        if not self.settled:
            self.settled, self.outcome, self.error = True, outcome, error
            self.wake()

    def give_up(self) -> None:
        """End the wait because time is up."""
        self.settle(None)

    def wake(self) -> None:
        """Hear that the wait is over."""
        raise NotImplementedError

    def answered(self) -> None:
        """Hear that the service has answered for the first time, or that nothing more will come."""


class LoneJoiner(Joiner):
    """A caller of ``Job.cancel``, whose task waits for a future."""

    __slots__ = ("future",)

    def __init__(self, *, confirm: bool, timeout: float | None, outer: bool) -> None:
        super().__init__(confirm=confirm, timeout=timeout, outer=outer)
        # It only wakes: an exception in it would complain when its waiter was cancelled in the same moment.
        self.future: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def wake(self) -> None:
        if not self.future.done():
            self.future.set_result(None)
