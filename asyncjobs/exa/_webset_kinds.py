"""Imports and the runs of monitors as data: work of Websets that its own schedule starts, and nobody can cancel."""

from __future__ import annotations

from typing import Final

import attrs

from asyncjobs.exa._calls import ALL_IMPORTS, ALL_MONITORS, PAGING, TRACE, websets
from asyncjobs.exa._monitors import Import, MonitorRun
from asyncjobs.kinds import WORDS, JobKind, Pace, Survey

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
    surveys=(Survey(ALL_IMPORTS, rows="data", paging=attrs.evolve(PAGING, most=200)),),
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
        Survey(ALL_MONITORS, rows="data.lastRun", paging=attrs.evolve(PAGING, most=200)),
    ),
)
