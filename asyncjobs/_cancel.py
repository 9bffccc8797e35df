"""What to do next about a cancel: a table from what was answered and where the job stands."""

from __future__ import annotations

from enum import StrEnum, auto
from typing import TYPE_CHECKING, Any, Final

from asyncjobs._kinds import Refused
from asyncjobs._models import CancelOutcome
from asyncjobs._states import FINAL, JobState
from asyncjobs.errors import APIError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from asyncjobs._kinds import JobKind
    from asyncjobs.errors import AsyncJobsError


class Phase(StrEnum):
    """What the service answered to our cancel so far."""

    ASKING = auto()
    ACCEPTED = auto()
    REFUSED = auto()


class Stage(StrEnum):
    """Where the job stands, as far as a cancel is concerned."""

    ENDED = auto()
    OPEN = auto()  # Its state is one in which the service takes a cancel.
    SHUT = auto()  # It has not come so far yet, or is past it.


class Step(StrEnum):
    """What to do."""

    SEND = auto()
    WATCH = auto()
    END = auto()


NEXT: Final[Mapping[tuple[Phase, Stage], Step]] = {
    (Phase.ASKING, Stage.ENDED): Step.END,
    (Phase.ASKING, Stage.OPEN): Step.SEND,
    # What we hold may be old news: the service knows better whether it is too early.
    (Phase.ASKING, Stage.SHUT): Step.SEND,
    (Phase.ACCEPTED, Stage.ENDED): Step.END,
    (Phase.ACCEPTED, Stage.OPEN): Step.WATCH,
    (Phase.ACCEPTED, Stage.SHUT): Step.WATCH,
    (Phase.REFUSED, Stage.ENDED): Step.END,
    (Phase.REFUSED, Stage.OPEN): Step.SEND,
    (Phase.REFUSED, Stage.SHUT): Step.WATCH,
}

OUTCOMES: Final[Mapping[JobState, CancelOutcome]] = {
    JobState.CANCELED: CancelOutcome.CANCELED,
    JobState.COMPLETED: CancelOutcome.ALREADY_DONE,
    JobState.FAILED: CancelOutcome.ALREADY_DONE,
    JobState.GONE: CancelOutcome.GONE,
}


def stage(kind: JobKind[Any], state: JobState) -> Stage:
    """Return where a job of *kind* in *state* stands."""
    if state in FINAL:
        return Stage.ENDED
    return Stage.OPEN if state in kind.cancelable else Stage.SHUT


def next_step(phase: Phase, kind: JobKind[Any], state: JobState) -> Step:
    """Return what to do next; after a refusal, *state* must have been looked at since."""
    return NEXT[phase, stage(kind, state)]


def is_refusal(error: AsyncJobsError) -> bool:
    """Whether a cancel that ended in *error* may have come too early or too late, so that a look decides."""
    return isinstance(error, APIError) and (error.refused is Refused.NOT_IN_STATE or error.status in {404, 410})
