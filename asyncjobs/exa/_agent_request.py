"""What a run of Exa's Agent is asked to do."""

from enum import StrEnum
from typing import Any

from attrs import field, frozen

__all__ = [
    "AgentBudget",
    "AgentDataSource",
    "AgentEffort",
    "AgentInput",
    "AgentRequest",
]


class AgentEffort(StrEnum):
    """How much work a run may take; ``auto`` and ``ultra`` are metered, the others have a fixed price."""

    MINIMAL = "minimal"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    XHIGH = "xhigh"
    AUTO = "auto"
    ULTRA = "ultra"
    MAX = "max"
    """The former name of ``ultra``."""


@frozen(kw_only=True)
class AgentInput:
    """Rows that a run works on. Source: Exa Agent reference, create request."""

    data: tuple[dict[str, Any], ...] = ()
    """Rows to process."""
    exclusion: tuple[dict[str, Any], ...] = ()
    """Records to avoid."""


@frozen(kw_only=True)
class AgentBudget:
    """Ceilings of a metered run. Source: Exa Agent reference, create request."""

    max_cost_dollars: float | None = None
    """The most that the run may cost, 1 to 100 USD; ``None`` for the service's own ceiling."""
    max_duration_seconds: int | None = None
    """A soft limit on the run's time, 300 to 10800 seconds; ``None`` for the service's own."""


@frozen(kw_only=True)
class AgentDataSource:
    """A data provider that a run may use. Source: Exa Agent reference, create request."""

    provider: str
    """The provider's name; new ones appear over time."""


@frozen(kw_only=True)
class AgentRequest:
    """What a run was asked to do, as the service keeps it. Source: Exa Agent reference, run object."""

    query: str = ""
    """The task."""
    system_prompt: str | None = None
    """Standing instructions; ``None`` without."""
    input: AgentInput = field(factory=AgentInput)
    """Rows to work on; empty without."""
    output_schema: dict[str, Any] | None = None
    """JSON Schema of the structured output; ``None`` for text alone."""
    effort: AgentEffort | str | None = None
    """How much work the run may take; ``None`` if the reply does not say."""
    budget: AgentBudget | None = None
    """Ceilings that were asked for; ``None`` without."""
    previous_run_id: str | None = None
    """The run that this one follows up; ``None`` for a first one."""
    metadata: dict[str, str] = field(factory=dict[str, str])
    """The caller's own labels."""
    data_sources: tuple[AgentDataSource, ...] = ()
    """Data providers that the run may use."""
    user_identifier: str | None = None
    """An opaque name of the end user on whose behalf it runs; ``None`` without."""
