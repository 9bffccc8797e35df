"""Wrong calls, for type checkers only: each must be an error, or its ignore is one."""

# pyright: strict, reportUnnecessaryTypeIgnoreComment=true

from __future__ import annotations

from asyncjobs import Exa, Job, JobRef, Settings, WaterCrawl
from asyncjobs.exa import AgentRun, WebsetSearch


async def wrong_arguments(exa: Exa, watercrawl: WaterCrawl, job: Job[AgentRun]) -> None:
    """Missing, misspelt and of another type."""
    await exa.agent.runs.create()  # type: ignore[call-arg]
    await exa.agent.runs.create("q")  # type: ignore[call-arg]
    await exa.agent.runs.create(query=3)  # type: ignore[arg-type]
    await exa.agent.runs.create(query="q", efort="low")  # type: ignore[call-arg]
    await exa.websets.searches.create("w", query="q")  # type: ignore[call-arg]
    await watercrawl.searches.create("q", result_limit="5")  # type: ignore[arg-type]
    await job.wait("5")  # type: ignore[arg-type]
    await job.cancel(False)  # type: ignore[call-arg]
    Exa(3)  # type: ignore[arg-type]
    Exa("key", "http://x")  # type: ignore[call-arg]
    Settings(30)  # type: ignore[call-arg]
    Settings(max_bytes=3)  # type: ignore[call-arg]
    JobRef.parse(3)  # type: ignore[arg-type]


async def wrong_expectations(exa: Exa, job: Job[AgentRun]) -> None:
    """A result is not of another kind, and a create is not yet a job."""
    result: WebsetSearch = await job  # type: ignore[assignment]
    other: Job[WebsetSearch] = job  # type: ignore[assignment]
    exa.agent.runs.create(query="q").cancel()  # type: ignore[attr-defined]
    job.state = other.state  # type: ignore[misc]
    for _ in job:  # type: ignore[attr-defined]
        _ = result
    _ = job.snapshot.state  # type: ignore[union-attr]
    Job[AgentRun]()  # type: ignore[call-arg]
