"""Wrong calls, for type checkers only: each must be an error, or its ignore is one."""

# pyright: strict, reportUnnecessaryTypeIgnoreComment=true

from __future__ import annotations

from asyncjobs import Exa, Job, JobRef, Settings, WaterCrawl
from asyncjobs.exa import AgentRun, WebsetSearch


async def wrong_arguments(exa: Exa, watercrawl: WaterCrawl, job: Job[AgentRun]) -> None:
    """Missing, misspelt and of another type."""
    await exa.agent.runs.create()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    await exa.agent.runs.create("q")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    await exa.agent.runs.create(query=3)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await exa.agent.runs.create(query="q", efort="low")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    await exa.websets.searches.create("w", query="q")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    await watercrawl.searches.create("q", result_limit="5")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await job.wait("5")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await job.cancel(False)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    Exa(3)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Exa("key", "http://x")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    Settings(30)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    Settings(max_bytes=3)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    JobRef.parse(3)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


async def wrong_expectations(exa: Exa, job: Job[AgentRun]) -> None:
    """A result is not of another kind, and a create is not yet a job."""
    result: WebsetSearch = await job  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
    other: Job[WebsetSearch] = job  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
    exa.agent.runs.create(query="q").cancel()  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    job.state = other.state  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
    for _ in job:  # type: ignore[attr-defined]  # pyright: ignore[reportGeneralTypeIssues]
        _ = result
    _ = job.snapshot.state  # type: ignore[union-attr]  # pyright: ignore[reportOptionalMemberAccess]
    Job[AgentRun]()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
