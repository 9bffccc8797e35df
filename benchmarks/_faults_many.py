"""How many jobs at a time are used in a campaign."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

from asyncjobs import as_completed, cancel_all, wait_all
from asyncjobs.errors import AsyncJobsError
from benchmarks._faults_book import WORDS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from asyncjobs import Job
    from benchmarks._faults_book import Intent
    from benchmarks._faults_uses import Plan


async def _all(plan: Plan) -> list[tuple[Intent, Job[Any]]]:
    jobs = await asyncio.gather(*map(plan.made, plan.intents))
    return [(intent, job) for intent, job in zip(plan.intents, jobs, strict=True) if job is not None]


async def gather_waits(plan: Plan) -> None:
    await asyncio.gather(*(plan.waited(intent, job) for intent, job in await _all(plan)))


async def gather_cancels(plan: Plan) -> None:
    jobs = await _all(plan)
    await plan.pause(6.0)
    await asyncio.gather(*(plan.ended(intent, job) for intent, job in jobs))


async def wait_for_all(plan: Plan) -> None:
    jobs = await _all(plan)
    await plan.told("wait_all", wait_all([job for _, job in jobs]))
    for intent, job in jobs:
        if job.done:
            plan.book.ended(intent, job, job.state, f"wait_all: {job.state}")


async def take_as_completed(plan: Plan) -> None:
    jobs = {job: intent for intent, job in await _all(plan)}

    async def take() -> None:
        async for job in as_completed(list(jobs)):
            if job.state in WORDS:
                plan.book.ended(jobs[job], job, job.state, f"as_completed: {job.state}")

    await plan.told("as_completed", take())


async def cancel_them_all(plan: Plan) -> None:
    jobs = await _all(plan)
    await plan.pause(6.0)
    report = await plan.told("cancel_all", cancel_all([job for _, job in jobs], timeout=120.0 / plan.speed))
    began = asyncio.get_running_loop().time() - plan.book.patience
    for (intent, job), (_, entry) in zip(jobs, report.entries if report else (), strict=bool(report)):
        if isinstance(entry, AsyncJobsError):
            plan.enter("cancel_all", entry, began, intent)
        else:
            plan.book.cancelled(intent, job, entry)


MANY: Final[Mapping[str, tuple[Callable[[Plan], Awaitable[None]], int]]] = {
    "gather(*jobs)": (gather_waits, 1),
    "gather(cancels)": (gather_cancels, 1),
    "wait_all": (wait_for_all, 1),
    "as_completed": (take_as_completed, 1),
    "cancel_all": (cancel_them_all, 2),
}
