"""Uses of websets as a whole, which end when all that is in them has, and of imports, whose rows are sent elsewhere."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

from benchmarks._faults_making import ROWS, announced

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from asyncjobs import Job
    from benchmarks._faults_uses import Plan


async def _made(plan: Plan) -> tuple[Job[Any] | None, list[Job[Any]]]:
    job = await plan.made(plan.one)
    parts = [] if job is None else plan.book.parts[str(job.ref)]
    return job, [plan.exa.job(ref) for ref in parts]


async def webset_and_parts(plan: Plan) -> None:
    """Wait for a webset and for each job in it."""
    job, parts = await _made(plan)
    if job is not None:
        await asyncio.gather(*(plan.waited(plan.one, each) for each in (job, *parts)))


async def cancel_part_by_part(plan: Plan) -> None:
    """Cancel what is in a webset one by one: then there is nothing left that could go on."""
    job, parts = await _made(plan)
    if job is not None:
        await plan.pause(4.0)
        await asyncio.gather(*(plan.ended(plan.one, part) for part in parts))
        await plan.waited(plan.one, job)


async def cancel_the_container(plan: Plan) -> None:
    """Cancel by the verb of the container, which gives no outcome, and wait."""
    job, parts = await _made(plan)
    if job is not None:
        await plan.pause(4.0)
        await plan.told("websets.cancel", plan.exa.websets.cancel(job.id))
        await asyncio.gather(*(plan.ended(plan.one, each) for each in (*parts, job)))


async def given_more(plan: Plan) -> None:
    """Give a webset that is idle another search, open its job again, and cancel all of it or wait."""
    job, _ = await _made(plan)
    if job is None:
        return
    if await plan.told("wait", job.wait()) is None:
        return
    more = await plan.told("create", plan.exa.websets.searches.create(job.id, query=plan.one.text, count=5))
    if more is None:
        return
    plan.book.parts[str(job.ref)].append(str(more.ref))
    # A server that is behind may show it as it was: then it is not open again.
    if await plan.told("refresh", job.refresh(reopen=True)) is not None and not job.done:
        await (plan.ended(plan.one, job) if plan.rng.random() < 0.5 else plan.waited(plan.one, job))


async def import_in_two_steps(plan: Plan) -> None:
    """Announce an import, upload its rows later, once or twice, and wait."""
    plan.one.begun = True
    job: Job[Any] | None = await plan.told("create", announced(plan, plan.one)())
    if job is None:
        return
    plan.book.returned(plan.one, job)
    # After a lost reply it was found in a list, in which there are no addresses for rows.
    resource = None if job.snapshot is None else job.snapshot.resource
    if resource is None or resource.upload_url is None:
        return
    imports, sent = plan.exa.websets.imports, False

    async def upload() -> bool:
        await imports.upload(resource, ROWS)
        return True

    for _ in range(plan.rng.choice((1, 2))):
        await plan.pause(3.0)
        sent = bool(await plan.told("upload", upload())) or sent
    # Without rows it would wait for ever.
    if sent:
        await plan.waited(plan.one, job)


async def import_found_again(plan: Plan) -> None:
    """Find an import in the list of all, or by its id, and wait there."""
    job = await plan.made(plan.one)
    if job is None:
        return
    imports = plan.exa.websets.imports

    async def find() -> Job[Any] | None:
        return next((each for each in [each async for each in imports.list()] if each == job), None)

    found: Job[Any] | None = await plan.told("list", find())
    await plan.waited(plan.one, found or plan.exa.job(str(job.ref)))


WHOLES: Final[Mapping[str, tuple[Callable[[Plan], Awaitable[None]], int]]] = {
    # By name: the program, and how often it is drawn.
    "webset and parts": (webset_and_parts, 3),
    "cancel part by part": (cancel_part_by_part, 2),
    "cancel the container": (cancel_the_container, 2),
    "given more": (given_more, 2),
}
IMPORTS: Final[Mapping[str, tuple[Callable[[Plan], Awaitable[None]], int]]] = {
    "import in two steps": (import_in_two_steps, 2),
    "import found again": (import_found_again, 1),
}
