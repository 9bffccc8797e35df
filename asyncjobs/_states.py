"""
The states of a job and what may follow what: every transition lives in this file.

A service may say anything at any time, so a live state gives way to whatever is seen next.
Two rows differ: ``CANCELING`` lasts until a final word, because a service that still says
"running" after our cancel has not refused it; and the final rows are empty, because final
is final: what contradicts them is kept beside the state, never in it.
"""

from __future__ import annotations

from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping


class JobState(StrEnum):
    """Where a job stands, the same on every service. A state equals its own string."""

    CREATED = "created"
    PENDING = "pending"
    QUEUED = "queued"
    RUNNING = "running"
    PAUSED = "paused"
    CANCELING = "canceling"
    UNKNOWN = "unknown"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELED = "canceled"
    CANCELLED = "canceled"  # The other spelling of the same state.
    GONE = "gone"

    @property
    def final(self) -> bool:
        """Whether nothing follows this state."""
        return self in FINAL

    @classmethod
    def _missing_(cls, value: object) -> JobState | None:
        return {"cancelled": cls.CANCELED, "cancelling": cls.CANCELING}.get(value) if isinstance(value, str) else None


_ENDINGS: Final = {state: state for state in (JobState.COMPLETED, JobState.FAILED, JobState.CANCELED, JobState.GONE)}
_LIVE: Final = {state: state for state in JobState}

#: The state held → the state seen → the state held next. What is not in a row is not believed.
TRANSITIONS: Final[Mapping[JobState, Mapping[JobState, JobState]]] = MappingProxyType(
    {
        JobState.CREATED: _LIVE,
        JobState.PENDING: _LIVE,
        JobState.QUEUED: _LIVE,
        JobState.RUNNING: _LIVE,
        JobState.PAUSED: _LIVE,
        JobState.UNKNOWN: _LIVE,
        JobState.CANCELING: dict.fromkeys(_LIVE, JobState.CANCELING) | _ENDINGS,
        JobState.COMPLETED: {},
        JobState.FAILED: {},
        JobState.CANCELED: {},
        JobState.GONE: {},
    }
)
FINAL: Final = frozenset(state for state, row in TRANSITIONS.items() if not row)

#: What the words of the services mean. A kind of job picks its own from these.
WORDS: Final[Mapping[str, JobState]] = MappingProxyType(
    {
        "created": JobState.CREATED,
        "pending": JobState.PENDING,
        "queued": JobState.QUEUED,
        "new": JobState.QUEUED,
        "running": JobState.RUNNING,
        "processing": JobState.RUNNING,
        "paused": JobState.PAUSED,
        "canceling": JobState.CANCELING,
        "cancelling": JobState.CANCELING,
        "completed": JobState.COMPLETED,
        "finished": JobState.COMPLETED,
        "failed": JobState.FAILED,
        "canceled": JobState.CANCELED,
        "cancelled": JobState.CANCELED,
    }
)


def advance(held: JobState, seen: JobState) -> JobState:
    """Return the state to hold after *seen* was seen; a final state stays."""
    return TRANSITIONS[held].get(seen, held)
