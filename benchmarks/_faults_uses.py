"""How jobs that nobody owns are used in a campaign, one at a time: little programs such as users write."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable  # noqa: TC003  (attrs may ask for the types of fields)
from typing import TYPE_CHECKING, Any, Final

import attrs

from asyncjobs import CancelOutcome
from asyncjobs.errors import AsyncJobsError, CancelUnconfirmed, WaitTimeout
from benchmarks._faults_book import WORDS
from benchmarks._faults_making import make
from benchmarks._faults_truth import AGENT

if TYPE_CHECKING:
    import random
    from collections.abc import AsyncIterator, Mapping

    from asyncjobs import Exa, Job, JobState, Snapshot, WaterCrawl
    from benchmarks._faults_book import Book, Intent


class MishapError(Exception):
    """What the user's own program raises in the middle of a block."""


@attrs.define(eq=False)
class Plan:
    """One run of one use: its creates, its dice, and what it talks to; *speed* divides all seconds."""

    use: str
    intents: list[Intent]
    rng: random.Random
    book: Book
    exa: Exa
    watercrawl: WaterCrawl
    webset: str
    speed: float = 1.0
    # How often its task was cancelled: the second time lets a leaver go.
    cancels: int = 0
    # Whether a scope or a timeout may have done the same.
    scoped: bool = False
    # Set when its clients begin to close, which then own the clean-up.
    closing: asyncio.Event = attrs.field(factory=asyncio.Event)
    program: Callable[[Plan], Awaitable[None]] = attrs.field(default=None)

    @property
    def waits_for_cleanup(self) -> bool:
        """Whether whoever leaves a block now is to wait until the jobs have ended."""
        return self.cancels + self.scoped < 2 and not self.closing.is_set()

    @property
    def one(self) -> Intent:
        """The only create of it, or the first."""
        return self.intents[0]

    async def pause(self, most: float) -> None:
        """Do something else for some seconds."""
        await asyncio.sleep(self.rng.uniform(0.0, most) / self.speed)

    def create(self, intent: Intent) -> Any:
        """Return the creation of one job, which nobody has awaited or entered."""
        intent.begun = True
        return make(self, intent)

    async def told(self, what: str, work: Awaitable[Any], *intents: Intent) -> Any:
        """Return what *work* gives, and enter what it raises; ``None`` if that is an error of the library."""
        began = asyncio.get_running_loop().time()
        try:
            return await work
        except BaseException as error:
            self.enter(what, error, began, *intents)
            if isinstance(error, AsyncJobsError):
                return None
            raise

    def enter(self, what: str, error: BaseException, began: float, *intents: Intent) -> None:
        """Enter what an operation raised."""
        self.book.failed(list(intents) or self.intents, what, error, began)

    async def made(self, intent: Intent) -> Job[Any] | None:
        """Create one job and own nothing."""
        job: Job[Any] | None = await self.told("create", self.create(intent), intent)
        if job is not None:
            self.book.returned(intent, job)
        return job

    async def waited(self, intent: Intent, job: Job[Any]) -> None:
        """Wait for the end."""
        snapshot: Snapshot[Any] | None = await self.told("wait", job.wait(), intent)
        if snapshot is not None:
            self.book.ended(intent, job, snapshot.state, f"wait: {snapshot.state}")

    async def ended(self, intent: Intent, job: Job[Any], confirm: bool = True) -> None:  # noqa: FBT001, FBT002
        """Cancel it."""
        outcome: CancelOutcome | None = await self.told("cancel", job.cancel(confirm=confirm), intent)
        if outcome is not None and (confirm or outcome is not CancelOutcome.REQUESTED):
            self.book.cancelled(intent, job, outcome)


async def wait(plan: Plan) -> None:
    if (job := await plan.made(plan.one)) is not None:
        await plan.waited(plan.one, job)


async def result(plan: Plan) -> None:
    job = await plan.made(plan.one)
    if job is None:
        return
    began = asyncio.get_running_loop().time()
    try:
        await job
    except AsyncJobsError as error:
        state = plan.book.end_of(error)
        plan.enter("result", error, began)
    else:
        state = job.state
    if state is not None:
        plan.book.ended(plan.one, job, state, f"result: {state}")


async def follow(plan: Plan) -> None:
    job = await plan.made(plan.one)
    if job is None:
        return

    async def last(updates: AsyncIterator[Snapshot[Any]]) -> JobState:
        return [snapshot.state async for snapshot in updates][-1]

    state: JobState | None = await plan.told("async for", last(aiter(job)))
    if state is not None:
        plan.book.ended(plan.one, job, state, f"async for: {state}")


async def refresh(plan: Plan) -> None:
    if (job := await plan.made(plan.one)) is not None:
        for _ in range(3):
            await plan.pause(2.0)
            await plan.told("refresh", job.refresh())
        if job.state in WORDS:
            plan.book.ended(plan.one, job, job.state, f"refresh: {job.state}")


async def cancel(plan: Plan) -> None:
    if (job := await plan.made(plan.one)) is not None:
        await plan.pause(8.0)
        await plan.ended(plan.one, job)


async def cancel_while_waiting(plan: Plan) -> None:
    if (job := await plan.made(plan.one)) is not None:
        waiting = asyncio.ensure_future(plan.waited(plan.one, job))
        try:
            await plan.pause(8.0)
            await asyncio.gather(*(plan.ended(plan.one, job) for _ in range(3)))
            await waiting
        finally:
            waiting.cancel()
            await asyncio.wait((waiting,))


async def ask_to_cancel(plan: Plan) -> None:
    if (job := await plan.made(plan.one)) is not None:
        await plan.pause(4.0)
        await plan.ended(plan.one, job, confirm=False)
        await plan.waited(plan.one, job)


async def wait_in_steps(plan: Plan) -> None:
    if (job := await plan.made(plan.one)) is None:
        return
    while not job.done:
        began = asyncio.get_running_loop().time()
        try:
            await job.wait(timeout=plan.rng.choice((0, 0.3, 2.0)) / plan.speed)
        except WaitTimeout:
            await plan.pause(1.0)
        except AsyncJobsError as error:
            plan.enter("wait", error, began)
            return
    plan.book.ended(plan.one, job, job.state, f"wait in steps: {job.state}")


async def cancel_in_steps(plan: Plan) -> None:
    if (job := await plan.made(plan.one)) is None:
        return
    await plan.pause(3.0)
    for timeout in (0, 0.5 / plan.speed, 3.0 / plan.speed):
        try:
            outcome = await job.cancel(timeout=timeout)
        except CancelUnconfirmed:
            continue
        except AsyncJobsError as error:
            # Without time, the first reply is judged, whatever it is.
            began = asyncio.get_running_loop().time() - plan.book.patience
            plan.enter("cancel", error, began)
            return
        plan.book.cancelled(plan.one, job, outcome)
        return
    await plan.ended(plan.one, job)


async def stop(plan: Plan) -> None:
    if plan.one.kind != AGENT:
        if (job := await plan.made(plan.one)) is not None:
            await plan.told("stop", job.stop())
        return
    plan.one.begun = True
    job = await plan.told("create", plan.exa.agent.runs.create(query=plan.one.text, effort="ultra"))
    if job is not None:
        plan.book.returned(plan.one, job)
        await plan.pause(3.0)
        await plan.told("stop", job.stop())
        await plan.waited(plan.one, job)


async def drop(plan: Plan) -> None:
    await plan.made(plan.one)


USES: Final[Mapping[str, tuple[Callable[[Plan], Awaitable[None]], int]]] = {
    # By name: the program, and how often it is drawn.
    "wait": (wait, 6),
    "result": (result, 8),
    "follow": (follow, 3),
    "refresh": (refresh, 2),
    "cancel": (cancel, 8),
    "cancel while waiting": (cancel_while_waiting, 4),
    "ask to cancel": (ask_to_cancel, 3),
    "drop": (drop, 3),
    "wait in steps": (wait_in_steps, 3),
    "cancel in steps": (cancel_in_steps, 3),
    "stop": (stop, 2),
}
