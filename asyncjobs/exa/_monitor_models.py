"""Websets' monitors, searches and refreshes on a schedule, and their runs."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from attrs import field, frozen

from asyncjobs.exa._parts import Entity, WebsetSearchBehavior, WebsetSearchCriterion

__all__ = [
    "Monitor",
    "MonitorBehavior",
    "MonitorBehaviorConfig",
    "MonitorCadence",
    "MonitorRun",
    "MonitorRunStatus",
    "MonitorRunType",
    "MonitorStatus",
]


class MonitorStatus(StrEnum):
    """Whether a monitor runs: a switch, not a life."""

    ENABLED = "enabled"
    DISABLED = "disabled"


class MonitorRunStatus(StrEnum):
    """How far a monitor's run is."""

    CREATED = "created"
    RUNNING = "running"
    COMPLETED = "completed"
    CANCELED = "canceled"
    FAILED = "failed"


class MonitorRunType(StrEnum):
    """What a monitor does each time."""

    SEARCH = "search"
    REFRESH = "refresh"


@frozen(kw_only=True)
class MonitorCadence:
    """When a monitor runs. Source: Exa Websets reference, monitor object."""

    cron: str
    """Five cron fields, at most one run a day."""
    timezone: str = "Etc/UTC"
    """IANA name of the zone in which *cron* is read."""


@frozen(kw_only=True)
class MonitorBehaviorConfig:
    """The search or the refresh that a monitor makes; what is ``None`` is as in the webset's last search.

    Source: Exa Websets reference, monitor object.
    """

    query: str | None = None
    """What is searched for."""
    criteria: tuple[WebsetSearchCriterion, ...] | None = None
    """The conditions that an item must meet."""
    entity: Entity | None = None
    """What kind of thing is looked for."""
    count: int | None = None
    """The most items that one run may add; ``None`` for a refresh."""
    behavior: WebsetSearchBehavior | str | None = None
    """What becomes of items that are there; ``None`` for ``append`` and for a refresh."""
    target: str | None = None
    """What a refresh renews, ``contents`` or ``enrichments``; ``None`` for a search."""
    enrichments: dict[str, Any] | None = None
    """Which enrichments a refresh renews, as received; ``None`` for all of them and for a search."""


@frozen(kw_only=True)
class MonitorBehavior:
    """What a monitor does each time. Source: Exa Websets reference, monitor object."""

    type: MonitorRunType | str = MonitorRunType.SEARCH
    """A search or a refresh."""
    config: MonitorBehaviorConfig = field(factory=MonitorBehaviorConfig)
    """The details."""


@frozen(kw_only=True)
class MonitorRun:
    """One run of a monitor. Source: Exa Websets reference, monitor run object."""

    id: str
    """The service's id of the run."""
    status: MonitorRunStatus | str
    """How far it is; a plain string if the word is not known here."""
    object: str = "monitor_run"
    """The service's name for this class."""
    monitor_id: str | None = None
    """Its monitor; ``None`` if the reply does not say."""
    type: MonitorRunType | str | None = None
    """What it does; ``None`` if the reply does not say."""
    completed_at: datetime | None = None
    """When it completed, in UTC; ``None`` otherwise."""
    failed_at: datetime | None = None
    """When it failed, in UTC; ``None`` otherwise."""
    failed_reason: str | None = None
    """Why it failed; ``None`` otherwise."""
    canceled_at: datetime | None = None
    """When it was canceled, in UTC; ``None`` otherwise."""
    created_at: datetime | None = None
    """When it was created, in UTC; ``None`` if the reply does not say."""
    updated_at: datetime | None = None
    """When it last changed, in UTC; ``None`` if the reply does not say."""


@frozen(kw_only=True)
class Monitor:
    """A search or refresh on a schedule. Source: Exa Websets reference, monitor object."""

    id: str
    """The service's id of the monitor."""
    status: MonitorStatus | str
    """Whether it is switched on."""
    object: str = "monitor"
    """The service's name for this class."""
    webset_id: str | None = None
    """Its webset; ``None`` if the reply does not say."""
    cadence: MonitorCadence | None = None
    """When it runs; ``None`` if the reply does not say."""
    behavior: MonitorBehavior = field(factory=MonitorBehavior)
    """What it does each time."""
    last_run: MonitorRun | None = None
    """Its latest run; ``None`` before the first."""
    next_run_at: datetime | None = None
    """When it runs next, in UTC; ``None`` if it does not."""
    metadata: dict[str, str] = field(factory=dict[str, str])
    """The caller's own labels."""
    created_at: datetime | None = None
    """When it was created, in UTC; ``None`` if the reply does not say."""
    updated_at: datetime | None = None
    """When it last changed, in UTC; ``None`` if the reply does not say."""
