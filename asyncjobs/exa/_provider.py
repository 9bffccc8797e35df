"""Exa as data: where it is, what it allows, and the runs of its agent."""

from __future__ import annotations

from typing import Final

import attrs

from asyncjobs.exa._agent_events import LAST, WHOLE
from asyncjobs.exa._agent_models import AgentRun
from asyncjobs.exa._calls import PAGING, TRACE
from asyncjobs.exa._webset_kinds import ENRICHMENT, IMPORT, MONITOR_RUN, SEARCH, WEBSET
from asyncjobs.exa._webset_tells import FEED
from asyncjobs.kinds import WORDS, Call, EventSource, JobKind, Limit, Pace, Provider, Refusal, Refused, Survey

_AGENT_WRITE: Final = {"account": 1, "agent": 1}

#: The stored events of a run: a list, or with ``Accept: text/event-stream`` a stream that ends.
RUN_EVENTS: Final = Call("GET", "/agent/runs/{id}/events", repeatable=True)

AGENT_RUN: Final = JobKind(
    name="exa.agent_run",
    resource=AgentRun,
    identity={"id": "id"},
    # A start weighs two requests of the account; looking is not counted at all.
    create=Call("POST", "/agent/runs", repeatable=False, costs={"account": 2, "agent": 1}),
    look=Call("GET", "/agent/runs/{id}", repeatable=True),
    cancel=Call("POST", "/agent/runs/{id}/cancel", repeatable=True, costs=_AGENT_WRITE),
    stop=Call("POST", "/agent/runs/{id}/stop", repeatable=True, costs=_AGENT_WRITE),
    words={word: WORDS[word] for word in ("queued", "running", "completed", "failed", "cancelled", "canceled")},
    reason="stopReason",
    pace=Pace(first=1.0, factor=1.5, ceiling=4.0),
    surveys=(Survey(Call("GET", "/agent/runs", repeatable=True), rows="data", paging=PAGING, newest_first=True),),
    trace=attrs.evolve(TRACE, shown="request.metadata", alike={"query": "request.query"}),
    events=EventSource(live=True, replay=RUN_EVENTS, last=LAST, whole=WHOLE),
)

EXA: Final = Provider(
    name="exa",
    base_url="https://api.exa.ai",
    key_header="x-api-key",
    key_env="EXA_API_KEY",
    url_env="EXA_BASE_URL",
    # Requests per second of an account as Exa's page on billing and rate limits gives them.
    limits=(Limit("account", 10), Limit("websets", 20), Limit("agent", 5)),
    refusals=(
        # Not processed and not billed, says Exa's page on error codes.
        Refusal(None, 503, Refused.OVERLOADED, code="SERVICE_OVERLOADED"),
        Refusal("create", 429, Refused.NO_SLOT, code="CONCURRENCY_LIMIT_REACHED"),
    ),
    kinds=(SEARCH, ENRICHMENT, AGENT_RUN, WEBSET, IMPORT, MONITOR_RUN),
    feed=FEED,
)
