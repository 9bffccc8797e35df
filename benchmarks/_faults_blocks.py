"""Uses in which somebody owns the jobs: blocks and groups that are left in every way, and websets."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final, Self

import anyio

from asyncjobs import JobGroup
from asyncjobs.errors import AsyncJobsError, NotSupported
from benchmarks._faults_making import Made
from benchmarks._faults_truth import COMPOSED
from benchmarks._faults_uses import MishapError, Plan

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from asyncjobs import Job


class Leaving:
    """Enters how a block of one or many owned jobs was left; the program's own mishap ends here."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._began = 0.0
        self.jobs: dict[str, Job[Any]] = {}

    def owns(self, intent_index: int, job: Job[Any]) -> None:
        intent = self._plan.intents[intent_index]
        intent.owned = True
        self._plan.book.returned(intent, job)
        self.jobs[intent.text] = job

    def __enter__(self) -> Self:
        self._began = asyncio.get_running_loop().time()
        for intent in self._plan.intents:
            # What takes several calls is owned when it was entered, and some kinds never are.
            intent.owned = intent.kind not in COMPOSED
        return self

    def __exit__(self, _: type[BaseException] | None, error: BaseException | None, __: object) -> bool:
        plan, handled = self._plan, isinstance(error, (MishapError, AsyncJobsError))
        if isinstance(error, MishapError):
            plan.book.notes(error)
        elif error is not None:
            plan.enter(plan.use, error, self._began)
        if isinstance(error, AsyncJobsError) and not isinstance(error, NotSupported) and error.ref is not None:
            # Whatever it is, it says which job was not seen to end.
            plan.book.unconfirmed.add(str(error.ref))
        if plan.waits_for_cleanup:
            for intent in plan.intents:
                if (job := self.jobs.get(intent.text)) is not None:
                    plan.book.left(intent, job, error)
        return handled


async def block(plan: Plan) -> None:
    """Leave a block while the job runs."""
    with Leaving(plan) as leaving:
        async with plan.create(plan.one) as job:
            leaving.owns(0, job)
            await plan.pause(6.0)


async def block_with_glances(plan: Plan) -> None:
    """Look now and then, without waiting."""
    with Leaving(plan) as leaving:
        async with plan.create(plan.one) as job:
            leaving.owns(0, job)
            for _ in range(4):
                await plan.pause(2.0)
                await plan.told("refresh", job.refresh())


async def block_to_the_end(plan: Plan) -> None:
    """Wait within the block."""
    with Leaving(plan) as leaving:
        async with plan.create(plan.one) as job:
            leaving.owns(0, job)
            await plan.waited(plan.one, job)


async def block_with_mishap(plan: Plan) -> None:
    """Leave it by an exception."""
    with Leaving(plan) as leaving:
        async with plan.create(plan.one) as job:
            leaving.owns(0, job)
            await plan.pause(4.0)
            raise MishapError


async def block_in_scope(plan: Plan) -> None:
    """Leave it because the time of a scope is over, anywhere from the create on."""
    plan.scoped = True
    with anyio.move_on_after(plan.rng.uniform(0.0, 3.0) / plan.speed):
        await block_to_the_end(plan)


async def block_in_timeout(plan: Plan) -> None:
    """Leave it because a timeout is over, anywhere from the create on."""
    plan.scoped = True
    try:
        async with asyncio.timeout(plan.rng.uniform(0.0, 3.0) / plan.speed):
            await block_to_the_end(plan)
    except TimeoutError as error:
        plan.book.notes(error)


async def entered_later(plan: Plan) -> None:
    """Own a job that was created before."""
    if (job := await plan.made(plan.one)) is not None:
        with Leaving(plan) as leaving:
            async with job:
                leaving.owns(0, job)
                await plan.pause(4.0)


async def detached(plan: Plan) -> None:
    """Give the job up within its block."""
    with Leaving(plan):
        async with plan.create(plan.one) as job:
            plan.book.returned(plan.one, job)
            await plan.pause(1.0)
            job.detach()
            plan.one.owned = False


async def _fill(plan: Plan, group: JobGroup, leaving: Leaving) -> None:
    async def own(creation: Any) -> Job[Any]:
        # What takes several calls is made first.
        return group.add(await creation) if isinstance(creation, Made) else await group.create(creation)

    async def add(index: int) -> None:
        intent = plan.intents[index]
        job = await plan.told("group.create", own(plan.create(intent)), intent)
        if job is not None:
            leaving.owns(index, job)

    await asyncio.gather(*(add(index) for index in range(len(plan.intents))))


async def group_to_the_end(plan: Plan) -> None:
    """Leave a group without an exception: it waits."""
    with Leaving(plan) as leaving:
        async with JobGroup() as group:
            await _fill(plan, group, leaving)
        for intent in plan.intents:
            if (job := leaving.jobs.get(intent.text)) is not None:
                plan.book.ended(intent, job, job.state, f"group: {job.state}")


async def group_with_mishap(plan: Plan) -> None:
    """Leave a group by an exception."""
    with Leaving(plan) as leaving:
        async with JobGroup() as group:
            await _fill(plan, group, leaving)
            await plan.pause(4.0)
            raise MishapError


async def group_in_scope(plan: Plan) -> None:
    """Leave it because the time of a scope is over."""
    plan.scoped = True
    with anyio.move_on_after(plan.rng.uniform(0.0, 4.0) / plan.speed):
        await group_to_the_end(plan)


async def _webset(plan: Plan, external_id: str | None) -> None:
    search, enrichment = plan.intents
    search.begun = enrichment.begun = True
    made = plan.exa.websets.create(
        search={"query": search.text, "count": 5},
        enrichments=[{"description": enrichment.text}],
        external_id=external_id,
    )
    webset = await plan.told("websets.create", made)
    if webset is None:
        return
    # By their kinds: somebody else may have deleted one of them already.
    by_kind = {intent.kind: intent for intent in plan.intents}
    jobs = [(by_kind[job.kind], job) for job in plan.exa.jobs(webset)]
    for intent, job in jobs:
        plan.book.returned(intent, job)
    if plan.rng.random() < 0.5:
        await asyncio.gather(*(plan.waited(intent, job) for intent, job in jobs))
    else:
        await plan.pause(3.0)
        await asyncio.gather(*(plan.ended(intent, job) for intent, job in jobs))


async def webset(plan: Plan) -> None:
    """Create a webset with a search and an enrichment."""
    await _webset(plan, None)


async def webset_by_name(plan: Plan) -> None:
    """The same under a name of our own, which protects it from being created twice."""
    await _webset(plan, f"mine-{plan.one.text}")


OWNED: Final[Mapping[str, tuple[Callable[[Plan], Awaitable[None]], int]]] = {
    "block": (block, 4),
    "block with glances": (block_with_glances, 2),
    "block to the end": (block_to_the_end, 4),
    "block with mishap": (block_with_mishap, 4),
    "block in scope": (block_in_scope, 5),
    "block in timeout": (block_in_timeout, 5),
    "entered later": (entered_later, 2),
    "detached": (detached, 1),
}
GROUPS: Final[Mapping[str, tuple[Callable[[Plan], Awaitable[None]], int]]] = {
    "group to the end": (group_to_the_end, 2),
    "group with mishap": (group_with_mishap, 2),
    "group in scope": (group_in_scope, 2),
}
WEBSETS: Final[Mapping[str, tuple[Callable[[Plan], Awaitable[None]], int]]] = {
    "webset": (webset, 1),
    "webset by name": (webset_by_name, 1),
}
