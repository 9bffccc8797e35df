"""The resources of Exa's Agent API: runs and what becomes of them."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from attrs import field, frozen

from asyncjobs.exa._agent_request import AgentRequest

__all__ = [
    "AgentConfidence",
    "AgentCostDollars",
    "AgentError",
    "AgentGroundingCitation",
    "AgentGroundingEntry",
    "AgentOutput",
    "AgentRun",
    "AgentRunStatus",
    "AgentStopReason",
    "AgentUsage",
    "DeletedAgentRun",
]


class AgentRunStatus(StrEnum):
    """Where a run is. A run which reached a limit is ``completed``, see :class:`AgentStopReason`."""

    QUEUED = "queued"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


class AgentStopReason(StrEnum):
    """Why a run ended; every limit and ``stopped`` leave partial results behind."""

    SCHEMA_SATISFIED = "schema_satisfied"
    BUDGET_REACHED = "budget_reached"
    TIME_LIMIT_REACHED = "time_limit_reached"
    TOKEN_LIMIT_REACHED = "token_limit_reached"  # noqa: S105 - a limit, no secret.
    ITERATION_LIMIT_REACHED = "iteration_limit_reached"
    STOPPED = "stopped"
    ERROR = "error"
    CANCELLED = "cancelled"


class AgentConfidence(StrEnum):
    """How sure the agent is of a statement."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


@frozen(kw_only=True)
class AgentGroundingCitation:
    """A page that supports a statement. Source: Exa Agent reference, run output."""

    url: str
    """Address of the page."""
    title: str | None = None
    """Title of the page; ``None`` if the service gave none."""


@frozen(kw_only=True)
class AgentGroundingEntry:
    """What one part of the output rests on. Source: Exa Agent reference, run output."""

    field: str
    """Path of the part, such as ``structured.companies[0].name``."""
    citations: tuple[AgentGroundingCitation, ...] = ()
    """The pages that support it."""
    score: float | None = None
    """A figure of the beta era; ``None`` today."""
    confidence: AgentConfidence | str | None = None
    """How sure the agent is; ``None`` if it does not say."""


@frozen(kw_only=True)
class AgentOutput:
    """What a run produced; empty while it is active. Source: Exa Agent reference, run output."""

    text: str | None = None
    """The answer in words; ``None`` if the service sent none."""
    structured: Any = None
    """The answer as JSON of the schema that was asked for; ``None`` without a schema."""
    grounding: tuple[AgentGroundingEntry, ...] = ()
    """What the parts of the answer rest on."""


@frozen(kw_only=True)
class AgentUsage:
    """What a run used; zeros while it is active. Fractions appear when a budget capped the bill.

    Source: Exa Agent reference, run usage.
    """

    agent_compute_units: float = 0.0
    """Units of the agent's own computing."""
    searches: float = 0.0
    """Searches made."""
    emails: float = 0.0
    """E-mail addresses looked up."""
    phone_numbers: float = 0.0
    """Phone numbers looked up."""
    data_sources: dict[str, float] = field(factory=dict[str, float])
    """Calls for each data provider."""


@frozen(kw_only=True)
class AgentCostDollars:
    """What a run costs in USD; zeros while it is active. Source: Exa Agent reference, run costs."""

    total: float = 0.0
    """The whole bill, USD."""
    agent_compute: float = 0.0
    """For the agent's own computing, USD."""
    search: float = 0.0
    """For searches, USD."""
    emails: float = 0.0
    """For e-mail addresses, USD."""
    phone_numbers: float = 0.0
    """For phone numbers, USD."""
    data_sources: dict[str, float] = field(factory=dict[str, float])
    """For each data provider, USD."""


@frozen(kw_only=True)
class AgentError:
    """Why a run failed; every part is ``None`` where the service left it out. Source: Exa Agent reference, errors."""

    type: str | None = None
    """Class of the error, such as ``SERVER_ERROR``."""
    code: str | None = None
    """The error itself, such as ``TIMEOUT``."""
    message: str | None = None
    """The error in words."""
    path: str | None = None
    """Which part of the request is at fault."""
    keyword: str | None = None
    """Which rule of the schema was broken."""
    expected: Any = None
    """What the rule allows."""
    actual: Any = None
    """What was found instead."""


@frozen(kw_only=True)
class AgentRun:
    """A run of the agent. Source: Exa Agent reference, run object."""

    id: str
    """The service's id of the run."""
    status: AgentRunStatus | str
    """Where the run is; a plain string if the word is not known here."""
    object: str = "agent_run"
    """The service's name for this class."""
    stop_reason: AgentStopReason | str | None = None
    """Why the run ended; ``None`` while it is active."""
    created_at: datetime | None = None
    """When the run was created, in UTC; ``None`` if the reply does not say."""
    completed_at: datetime | None = None
    """When the run ended, however it ended, in UTC; ``None`` before."""
    request: AgentRequest | None = None
    """What was asked; ``None`` if the service does not keep it."""
    output: AgentOutput = field(factory=AgentOutput)
    """What the run produced."""
    usage: AgentUsage = field(factory=AgentUsage)
    """What the run used."""
    cost_dollars: AgentCostDollars = field(factory=AgentCostDollars)
    """What the run costs, USD."""
    error: AgentError | None = None
    """Why the run failed; ``None`` otherwise and where the service does not say."""


@frozen(kw_only=True)
class DeletedAgentRun:
    """The answer to deleting a run. Source: Exa Agent reference, delete."""

    id: str
    """The id of the run that was deleted."""
    object: str = "agent_run.deleted"
    """The service's name for this class."""
    deleted: bool = True
    """Whether the record is gone."""
