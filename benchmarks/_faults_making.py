"""How a campaign makes jobs of each kind, by one call or by several."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from benchmarks._faults_truth import AGENT, IMPORT, RUN, WEBSET

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Generator, Mapping
    from types import TracebackType

    from asyncjobs import Job
    from asyncjobs._creation import Creation
    from benchmarks._faults_book import Intent
    from benchmarks._faults_uses import Plan

ROWS: Final = "name,site\nOne,https://example.com/1\nTwo,https://example.com/2\n"
ENTITY: Final = {"type": "company"}


class Made:
    """What more than one call makes: awaited for the job, or entered to own it from then on, as a creation is."""

    def __init__(
        self, make: Callable[[], Coroutine[Any, Any, Job[Any]]], enter: Callable[[], Creation[Any]] | None = None
    ) -> None:
        self._make = make
        # What somebody enters who knows no better, where nobody can own anything.
        self._enter = enter

    def __await__(self) -> Generator[Any, Any, Job[Any]]:
        return self._make().__await__()

    async def __aenter__(self) -> Job[Any]:
        if self._enter is not None:
            return await self._enter().__aenter__()
        self._job = await self._make()
        return await self._job.__aenter__()

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._job.__aexit__(exc_type, exc, traceback)


def make(plan: Plan, intent: Intent) -> Any:
    """Return what makes the job of *intent*; nobody has awaited or entered it."""
    return MAKERS[intent.kind](plan, intent)


def _webset(plan: Plan, intent: Intent) -> Made:
    """A webset with work in it, whose name keeps it from being created twice or does not."""

    async def create() -> Job[Any]:
        webset = await plan.exa.websets.create(
            search={"query": intent.text, "count": 5},
            enrichments=[{"description": intent.text}] if plan.rng.random() < 0.7 else None,
            # Of creates that are alike to the letter, each has a name of its own.
            external_id=f"mine-{plan.rng.getrandbits(32):x}" if plan.rng.random() < 0.2 else None,
        )
        job = plan.exa.job(webset)
        plan.book.returned(intent, job)
        plan.book.parts[str(job.ref)] = [str(part.ref) for part in plan.exa.jobs(webset)]
        return job

    return Made(create)


def _import(plan: Plan, intent: Intent) -> Made:
    """An import with its rows; it is refused to owners before it is made, or afterwards."""

    async def send() -> Job[Any]:
        job = await plan.exa.websets.imports.send(ROWS, entity=ENTITY, title=intent.text)
        plan.book.returned(intent, job)
        return job

    return Made(
        send,
        announced(plan, intent) if plan.rng.random() < 0.5 else None,
    )


def announced(plan: Plan, intent: Intent) -> Callable[[], Creation[Any]]:
    """Return what makes an import that has no rows yet."""
    return lambda: plan.exa.websets.imports.create(size=len(ROWS), count=2, entity=ENTITY, title=intent.text)


def _run(plan: Plan, intent: Intent) -> Made:
    """A run that the service makes by itself, and that our side comes to know of."""

    async def find() -> Job[Any]:
        sandbox, monitor = plan.book.sandbox, plan.book.monitors[plan.webset]
        assert intent.life is not None
        sandbox.script(RUN, intent.life)
        ref = sandbox.run_monitor(monitor)
        plan.book.runs[ref] = intent.text
        # Whoever has the monitor knows of its runs, and pays for them.
        plan.book.named.add(ref)
        while plan.rng.random() < 0.7 and ref not in plan.book.forgotten:
            async for job in plan.exa.websets.monitors.runs.list(monitor):
                if str(job.ref) == ref:
                    return job
            # The list is behind.
            await plan.pause(1.0)
        return plan.exa.job(ref)

    return Made(find)


MAKERS: Final[Mapping[str, Callable[[Plan, Intent], Any]]] = {
    "exa.search": lambda plan, intent: plan.exa.websets.searches.create(plan.webset, query=intent.text, count=5),
    "exa.enrichment": lambda plan, intent: plan.exa.websets.enrichments.create(plan.webset, description=intent.text),
    AGENT: lambda plan, intent: plan.exa.agent.runs.create(query=intent.text),
    WEBSET: _webset,
    IMPORT: _import,
    RUN: _run,
    "watercrawl.search": lambda plan, intent: plan.watercrawl.searches.create(intent.text),
    "watercrawl.crawl": lambda plan, intent: plan.watercrawl.crawls.create(f"https://example.com/{intent.text}"),
    "watercrawl.sitemap": lambda plan, intent: plan.watercrawl.sitemaps.create(f"https://example.com/{intent.text}"),
}
