"""The events of runs: what all of them have, and what the known ones tell."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, TypeAlias

from attrs import field, frozen

from asyncjobs._convert import KeyStyle, key, structure
from asyncjobs.errors import ProtocolError
from asyncjobs.exa._agent_models import AgentError, AgentRun, AgentRunStatus, AgentStopReason

__all__ = [
    "AgentCallArguments",
    "AgentEvent",
    "AgentEventDetail",
    "AgentItemMetadata",
    "AgentOutputItem",
    "AgentPreliminaryList",
    "AgentRunChange",
    "AgentSearchTrace",
    "AgentSource",
    "AgentSourcesTruncated",
]

#: The events after which no other comes.
LAST: Final = frozenset({"agent_run.completed", "agent_run.failed", "agent_run.cancelled", "agent_run.canceled"})
#: Keys which only the data of an event has that is the whole run.
WHOLE: Final = frozenset({"id", "status", "output", "usage"})


@frozen(kw_only=True)
class AgentRunChange:
    """A run was created, started, completed, failed or cancelled. Source: Exa Agent reference, event names."""

    id: str
    """The id of the run."""
    status: AgentRunStatus | str
    """Where the run is now."""
    stop_reason: AgentStopReason | str | None = None
    """Why it ended; ``None`` while it is active, and where the event does not say."""
    created_at: datetime | None = None
    """When it was created, in UTC; ``None`` where the event does not say."""
    error: AgentError | None = None
    """Why it failed; ``None`` otherwise and where the event does not say."""


@frozen(kw_only=True)
class AgentItemMetadata:
    """What is known besides of a step."""

    source_count: int | None = field(default=None, metadata=key("sourceCount"))
    """How many sources it found; ``None`` if the event does not say."""


@frozen(kw_only=True)
class AgentOutputItem:
    """A step of the agent began or was done: a call of one of its tools. Not documented; seen with the service."""

    id: str | None = None
    """The id of the step."""
    type: str | None = None
    """What it is, such as ``function_call``."""
    call_id: str | None = None
    """The id of the call, which other events name."""
    parent_call_id: str | None = None
    """The call that caused this one; ``None`` for the agent's own."""
    name: str | None = None
    """The name of the tool."""
    status: str | None = None
    """Where the step is."""
    arguments: Any = None
    """What the tool was called with, as far as it is known."""
    metadata: AgentItemMetadata = field(factory=AgentItemMetadata)
    """What is known besides."""


@frozen(kw_only=True)
class AgentCallArguments:
    """The arguments of a call are complete. Not documented; seen with the service."""

    item_id: str
    """The id of the step."""
    arguments: Any = None
    """The arguments, as text or as JSON."""


@frozen(kw_only=True)
class AgentSearchTrace:
    """What a tool reports; it may come after the events that it describes. Not documented; seen with the service."""

    text: str
    """The report."""
    tool: str | None = None
    """The name of the tool."""
    call_id: str | None = None
    """The id of the call."""


@frozen(kw_only=True)
class AgentSource:
    """A page was found: a preview, not the list of citations. Not documented; seen with the service."""

    url: str
    """Address of the page."""
    title: str | None = None
    """Title of the page."""
    call_id: str | None = None
    """The call that found it."""
    parent_call_id: str | None = None
    """The call that caused that one."""


@frozen(kw_only=True)
class AgentSourcesTruncated:
    """More pages were found than are told. Not documented; seen with the service."""

    call_id: str | None = None
    """The call that found them."""


@frozen(kw_only=True)
class AgentPreliminaryList:
    """What the answer looks like so far. Not documented; seen with the service."""

    round: int | None = None
    """Which one it is, counted by the service."""
    answer: Any = None
    """The answer so far."""
    entry_keys: Any = None
    """What tells its entries apart."""


AgentEventDetail: TypeAlias = (
    AgentRunChange
    | AgentOutputItem
    | AgentCallArguments
    | AgentSearchTrace
    | AgentSource
    | AgentSourcesTruncated
    | AgentPreliminaryList
)

#: What is known by the name of the event: its class, the key in the data under which it stands (empty: the data
#: itself), and how its keys are spelled.
_KNOWN: Final[Mapping[str, tuple[type[AgentEventDetail], str, KeyStyle]]] = {
    "created": (AgentRunChange, "", KeyStyle.CAMEL),
    "started": (AgentRunChange, "", KeyStyle.CAMEL),
    "completed": (AgentRunChange, "", KeyStyle.CAMEL),
    "failed": (AgentRunChange, "", KeyStyle.CAMEL),
    "cancelled": (AgentRunChange, "", KeyStyle.CAMEL),
    "output_item.added": (AgentOutputItem, "item", KeyStyle.SNAKE),
    "output_item.done": (AgentOutputItem, "item", KeyStyle.SNAKE),
    "function_call_arguments.done": (AgentCallArguments, "", KeyStyle.SNAKE),
    "search_trace": (AgentSearchTrace, "", KeyStyle.CAMEL),
    "source.added": (AgentSource, "source", KeyStyle.CAMEL),
    "source.truncated": (AgentSourcesTruncated, "", KeyStyle.CAMEL),
    "preliminary_list": (AgentPreliminaryList, "preliminaryList", KeyStyle.CAMEL),
}


@frozen(kw_only=True)
class AgentEvent:
    """One event of a run. Source: Exa Agent reference, run events."""

    event: str
    """Name of the event, such as ``agent_run.completed``; new ones appear over time."""
    id: str | None = None
    """Number within the run, as text; ``None`` if the service gave none."""
    data: dict[str, Any] = field(factory=dict[str, Any])
    """What the event says, as received: the run itself when it completed, parts of it otherwise."""
    created_at: datetime | None = None
    """When it happened, in UTC; ``None`` where it does not say: only :meth:`Runs.events` knows."""

    @property
    def final(self) -> bool:
        """Whether no other event comes after this one."""
        return self.event in LAST

    @property
    def detail(self) -> AgentEventDetail | None:
        """What the event tells, as a class of its own; ``None`` for one that is not known, or not as it is known."""
        known = _KNOWN.get(self.event.removeprefix("agent_run."))
        if known is None:
            return None
        cls, place, style = known
        try:
            return structure(self.data.get(place) if place else self.data, cls, style)
        except ProtocolError:
            return None

    @property
    def run(self) -> AgentRun | None:
        """The whole run, where the event carries it; ``None`` otherwise."""
        if not self.data.keys() >= WHOLE:
            return None
        try:
            return structure(self.data, AgentRun, KeyStyle.CAMEL)
        except ProtocolError:
            return None
