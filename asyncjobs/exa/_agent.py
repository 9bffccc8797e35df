"""``exa.agent``: runs of Exa's agent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from asyncjobs.exa._agent_events import AgentEvent
from asyncjobs.exa._agent_models import AgentRun, DeletedAgentRun
from asyncjobs.exa._calls import PAGING
from asyncjobs.exa._provider import AGENT_RUN, RUN_EVENTS
from asyncjobs.exa._wireform import body
from asyncjobs.kinds import Call

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from asyncjobs._creation import Creation, StreamedCreation
    from asyncjobs._events import EventStream
    from asyncjobs._job import Job
    from asyncjobs._models import CancelOutcome, Snapshot
    from asyncjobs._sse import ServerEvent
    from asyncjobs.kinds import Client, Pages

_DELETE: Final = Call("DELETE", "/agent/runs/{id}", repeatable=True, costs={"account": 1, "agent": 1})


class Agent:
    """Exa's agent."""

    def __init__(self, client: Client) -> None:
        self.runs: Runs = Runs(client)


class Runs:
    """Runs of the agent. Each costs money from its start until it has ended."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def create(
        self,
        *,
        query: str,
        system_prompt: str | None = None,
        input: Mapping[str, Any] | None = None,  # noqa: A002 - the service's word
        output_schema: Mapping[str, Any] | None = None,
        effort: str | None = None,
        budget: Mapping[str, Any] | None = None,
        previous_run_id: str | None = None,
        metadata: Mapping[str, str] | None = None,
        data_sources: Sequence[Mapping[str, str]] | None = None,
        user_identifier: str | None = None,
    ) -> Creation[AgentRun]:
        """
        Start a run that answers *query*. Await it for a job, or enter it to own the job.

        *system_prompt* are standing instructions. *input* has ``data`` (rows to process) and ``exclusion`` (records to
        avoid). *output_schema* is a JSON schema for the structured output. *effort* is ``minimal``, ``low``,
        ``medium``, ``high``, ``xhigh``, ``auto`` (the service's default) or ``ultra``. *budget* has ``maxCostDollars``
        (1 to 100, with ``auto`` and ``ultra``) and ``maxDurationSeconds`` (300 to 10,800, with ``ultra``).
        *previous_run_id* is a completed run to go on from, *metadata* are your own labels, *data_sources* at most five
        ``{"provider": …}``, *user_identifier* has 1 to 64 characters.

        Raises (when awaited):
            CreateUncertain: The outcome is unknown, and the run was not found among the service's.
            RateLimited: All slots for active runs stayed taken for the retry budget.
            InvalidRequest: The service refuses an argument.
        """
        fields = body(
            query=query,
            system_prompt=system_prompt,
            input=input,
            output_schema=output_schema,
            effort=effort,
            budget=budget,
            previous_run_id=previous_run_id,
            metadata=metadata,
            data_sources=data_sources,
            user_identifier=user_identifier,
        )
        return self._client.create(AGENT_RUN, fields)

    def stream(
        self,
        *,
        query: str,
        system_prompt: str | None = None,
        input: Mapping[str, Any] | None = None,  # noqa: A002 - the service's word
        output_schema: Mapping[str, Any] | None = None,
        effort: str | None = None,
        budget: Mapping[str, Any] | None = None,
        previous_run_id: str | None = None,
        metadata: Mapping[str, str] | None = None,
        data_sources: Sequence[Mapping[str, str]] | None = None,
        user_identifier: str | None = None,
    ) -> StreamedCreation[AgentRun, AgentEvent]:
        """
        Start a run and follow it from its first event: ``async with exa.agent.runs.stream(…) as events``.

        The arguments, and what is raised, are those of :meth:`create`. The block owns the run, ``events.job``: leaving
        it closes the stream and cancels the run unless it has ended. ``events = await exa.agent.runs.stream(…)``
        leaves both to you. ``async for event in events`` goes on until the run was seen to end, also when the
        connection breaks meanwhile; if it breaks before the first event, the run is looked for as that of any create.
        """
        fields = body(
            query=query,
            system_prompt=system_prompt,
            input=input,
            output_schema=output_schema,
            effort=effort,
            budget=budget,
            previous_run_id=previous_run_id,
            metadata=metadata,
            data_sources=data_sources,
            user_identifier=user_identifier,
        )
        return self._client.stream(AGENT_RUN, fields, make=_event)

    async def get(self, run: str) -> Job[AgentRun]:
        """
        Look once at a run and return its handle.

        Raises:
            NotFound: There is no such run.
        """
        return await self._client.get(AGENT_RUN, run)

    def list(self, *, page_size: int | None = None) -> Pages[Job[AgentRun]]:
        """Return all runs, newest first, fetched *page_size* at a time (at most 100; ``None`` is the service's 20)."""
        return self._client.list_jobs(AGENT_RUN, AGENT_RUN.surveys[0], page_size=page_size)

    async def cancel(self, run: str) -> CancelOutcome:
        """Cancel a run, as ``Job.cancel`` does. What it has used so far is billed; no results are given."""
        return await self._client.job_of(AGENT_RUN, run).cancel()

    async def stop(self, run: str) -> Snapshot[AgentRun]:
        """Let a run of effort ``ultra`` finish early with what it has, as ``Job.stop`` does."""
        return await self._client.job_of(AGENT_RUN, run).stop()

    async def delete(self, run: str) -> DeletedAgentRun:
        """Delete the record of a run. That does not cancel it: cancel first."""
        return await self._client.fetch(_DELETE, run, into=DeletedAgentRun)

    def events(self, run: str, *, page_size: int | None = None) -> Pages[AgentEvent]:
        """
        Return the stored events of a run, oldest first, fetched *page_size* at a time (at most 100).

        *page_size* ``None`` is the service's 20. These have their times; see :meth:`follow` to wait for more of them.
        """
        return self._client.rows(RUN_EVENTS, run, into=AgentEvent, at="data", paging=PAGING, page_size=page_size)

    def replay(self, run: str, *, after: str | None = None) -> EventStream[AgentRun, AgentEvent]:
        """
        Return the stored events of a run as one stream, oldest first, which ends when all were told.

        *after* is the id of the last event that is known already; ``None`` is from the first.

        Raises (when iterated):
            NotFound: There is no such run, or its events are not kept.
            APIError, TransportError, ProtocolError: They could not be read, retries included.
        """
        return self._client.follow(AGENT_RUN, run, make=_event, after=after, once=True)

    def follow(self, run: str, *, after: str | None = None) -> EventStream[AgentRun, AgentEvent]:
        """
        Return the events of a run that was started elsewhere or earlier, until it was seen to end.

        *after* is that of :meth:`replay`. The service sends a running run's later events to nobody but who created it
        with :meth:`stream`: here the stored ones are read again after each look at the run.

        Raises (when iterated):
            NotFound: There is no such run.
            JobUnreachable, APIError, ...: What would end a wait; see ``Job.wait``.
        """
        return self._client.follow(AGENT_RUN, run, make=_event, after=after)


def _event(event: ServerEvent, data: dict[str, Any]) -> AgentEvent:
    return AgentEvent(event=event.event, id=event.id, data=data)
