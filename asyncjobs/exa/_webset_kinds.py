"""
The kinds of job of Websets as data.

A webset has no end of its own: it is as far as the work in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import attrs

from asyncjobs.exa._calls import (
    ALL_IMPORTS,
    ALL_MONITORS,
    ALL_WEBSETS,
    ENDED,
    LONG_PAGES,
    ONE_WEBSET,
    PAGING,
    TRACE,
    websets,
)
from asyncjobs.exa._import_models import Import
from asyncjobs.exa._monitor_models import MonitorRun
from asyncjobs.exa._webset_models import Webset, WebsetEnrichment, WebsetSearch
from asyncjobs.kinds import WORDS, JobKind, JobState, Pace, Survey

if TYPE_CHECKING:
    from collections.abc import Mapping

_ENDS: Final = {state for state in JobState if state.final} | {JobState.UNKNOWN}


def _words(payload: Mapping[str, Any], key: str) -> list[tuple[JobState, Mapping[str, Any]]]:
    rows = payload.get(key)
    found = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    words = [row.get("status") for row in found]
    states = [WORDS.get(word, JobState.UNKNOWN) if isinstance(word, str) else JobState.UNKNOWN for word in words]
    return list(zip(states, found, strict=True))


def judge(state: JobState, payload: Mapping[str, Any], canceled: bool) -> tuple[JobState, str | None]:  # noqa: FBT001
    """
    Return how far a webset is, and why it ended, from what is in it.

    ``idle`` is the end once there was work: all searches and enrichments were canceled, or not all. Where there never
    was any, it may still come; but what answers our *cancel* so has nothing left to cancel.
    """
    if state is not JobState.COMPLETED:
        return state, None
    work = _words(payload, "searches") + _words(payload, "enrichments")
    imports = _words(payload, "imports")
    states = [each for each, _ in work + imports]
    # It has not noticed yet what it was given. A word that is unknown does not keep it from ending.
    if JobState.RUNNING in states:
        return JobState.RUNNING, None
    if any(each not in _ENDS for each in states):
        return JobState.PENDING, None
    if not states:
        return (JobState.CANCELED if canceled else JobState.CREATED), None
    # Only imports fail, and they decide where there is nothing else.
    deciding = work or imports
    for end, key in ((JobState.CANCELED, "canceledReason"), (JobState.FAILED, "failedReason")):
        if all(each is end for each, _ in deciding):
            return end, next((row[key] for _, row in deciding if isinstance(row.get(key), str)), None)
    return JobState.COMPLETED, None


SEARCH: Final = JobKind(
    name="exa.search",
    resource=WebsetSearch,
    identity={"webset": "websetId", "id": "id"},
    create=websets("POST", "websets/{webset}/searches", repeatable=False),
    look=websets("GET", "websets/{webset}/searches/{id}"),
    cancel=websets("POST", "websets/{webset}/searches/{id}/cancel"),
    words={word: WORDS[word] for word in ("created", "pending", "running", "completed", "canceled", "cancelled")},
    progress={
        "percent": "progress.completion",
        "found": "progress.found",
        "analyzed": "progress.analyzed",
        "time_left": "progress.timeLeft",
    },
    reason="canceledReason",
    updated="updatedAt",
    refusals=ENDED,
    pace=Pace(first=1.0, factor=1.5, ceiling=5.0),
    surveys=(
        Survey(ONE_WEBSET, rows="searches", scope=("webset",)),
        Survey(ALL_WEBSETS, rows="data.searches", paging=PAGING),
    ),
    trace=attrs.evolve(TRACE, alike={"query": "query", "count": "count", "entity": "entity"}),
)

ENRICHMENT: Final = JobKind(
    name="exa.enrichment",
    resource=WebsetEnrichment,
    identity={"webset": "websetId", "id": "id"},
    create=websets("POST", "websets/{webset}/enrichments", repeatable=False),
    look=websets("GET", "websets/{webset}/enrichments/{id}"),
    cancel=websets("POST", "websets/{webset}/enrichments/{id}/cancel"),
    # "pending" covers working as well; there is no word for failing.
    words={word: WORDS[word] for word in ("pending", "completed", "canceled", "cancelled")},
    updated="updatedAt",
    refusals=ENDED,
    pace=Pace(first=1.0, factor=1.5, ceiling=5.0),
    surveys=(
        Survey(ONE_WEBSET, rows="enrichments", scope=("webset",)),
        Survey(ALL_WEBSETS, rows="data.enrichments", paging=PAGING),
    ),
    trace=attrs.evolve(TRACE, alike={"description": "description"}),
)

WEBSET: Final = JobKind(
    name="exa.webset",
    resource=Webset,
    identity={"webset": "id"},
    look=ONE_WEBSET,
    # Cancels all searches and enrichments in it, whoever started them.
    cancel=websets("POST", "websets/{webset}/cancel"),
    words={
        "idle": JobState.COMPLETED,
        **{word: WORDS[word] for word in ("pending", "running", "paused", "canceled", "cancelled")},
    },
    judge=judge,
    updated="updatedAt",
    refusals=ENDED,
    pace=Pace(first=1.0, factor=1.5, ceiling=5.0),
    surveys=(Survey(ALL_WEBSETS, rows="data", paging=PAGING),),
)

IMPORT: Final = JobKind(
    name="exa.import",
    resource=Import,
    identity={"id": "id"},
    create=websets("POST", "imports", repeatable=False),
    look=websets("GET", "imports/{id}"),
    # "pending" waits for the rows. Nothing cancels an import, though one of the SDKs knows a word for that.
    words={word: WORDS[word] for word in ("pending", "processing", "completed", "failed", "canceled", "cancelled")},
    reason="failedReason",
    updated="updatedAt",
    pace=Pace(first=1.0, factor=1.5, ceiling=5.0),
    surveys=(Survey(ALL_IMPORTS, rows="data", paging=LONG_PAGES),),
    trace=attrs.evolve(TRACE, alike={"count": "count", "entity": "entity", "title": "title"}),
)

MONITOR_RUN: Final = JobKind(
    name="exa.monitor_run",
    resource=MonitorRun,
    identity={"monitor": "monitorId", "id": "id"},
    # Runs come by themselves and cannot be cancelled: disable the monitor, or cancel the search that it started.
    look=websets("GET", "monitors/{monitor}/runs/{id}"),
    words={word: WORDS[word] for word in ("created", "running", "completed", "failed", "canceled", "cancelled")},
    reason="failedReason",
    updated="updatedAt",
    pace=Pace(first=2.0, factor=1.5, ceiling=10.0),
    surveys=(
        Survey(websets("GET", "monitors/{monitor}/runs"), rows="data", scope=("monitor",)),
        # Each monitor shows its latest run.
        Survey(ALL_MONITORS, rows="data.lastRun", paging=LONG_PAGES),
    ),
)
