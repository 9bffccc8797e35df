"""What is left to show of a job that its service no longer knows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import attrs

from asyncjobs._models import Snapshot
from asyncjobs._states import JobState

if TYPE_CHECKING:
    from datetime import datetime

    from asyncjobs._kinds import JobKind
    from asyncjobs._refs import JobRef

R = TypeVar("R")


def vanished(
    kind: JobKind[R], ref: JobRef, last: Snapshot[R] | None, *, observed_at: datetime, request_id: str | None
) -> Snapshot[R]:
    """Return the snapshot of a job that is gone: what was seen of it *last*, if anything, and that it is no more."""
    if last is None:
        nothing: dict[str, Any] = {"status": "", "body": b"{}", "resource_type": kind.resource, "keys": kind.keys}
        last = Snapshot(ref=ref, state=JobState.GONE, observed_at=observed_at, source="poll", **nothing)
    return attrs.evolve(last, state=JobState.GONE, observed_at=observed_at, request_id=request_id, source="poll")
