"""
What a push means: whether it is news, or a reason to look, or neither.

A push may be late, repeated or overtaken by others, and nobody knows when it left. So of two objects the one that the
service changed later is right, and where the service does not say when, a look decides.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING, Any, Final

from asyncjobs._figures import pick
from asyncjobs._scalars import Misfit, moment
from asyncjobs._states import FINAL
from asyncjobs.errors import ProtocolError

if TYPE_CHECKING:
    from datetime import datetime

    from asyncjobs._kinds import JobKind
    from asyncjobs._models import Snapshot

#: The sources of what comes without a look.
UNASKED: Final = frozenset({"create", "event", "webhook", "stream"})


def news(snapshot: Snapshot[Any] | None) -> tuple[Any, ...] | None:
    """Return what makes two snapshots different for someone who follows a job."""
    return None if snapshot is None else (snapshot.state, snapshot.status, snapshot.progress, snapshot.reason)


class Worth(Enum):
    """What to make of a push."""

    NEWS = auto()
    """It is the latest that is known of the job."""
    LOOK = auto()
    """It may be: a look decides."""
    NOTHING = auto()
    """It says nothing new."""


def weigh(kind: JobKind[Any], held: Snapshot[Any] | None, pushed: Snapshot[Any], *, doubtful: bool) -> Worth:
    """
    Return what *pushed* is worth beside what is *held* of the job.

    *doubtful* says that a cancel of ours is under way which may still turn one end into another. An end is never
    dropped while the job goes on here: what is older than something live is of a job that was opened again, or of a
    clock that is behind, and a look will say.
    """
    ended = pushed.state in FINAL
    if held is None:
        return Worth.LOOK if ended and doubtful else Worth.NEWS
    order = _order(kind, held, pushed)
    if held.state in FINAL:
        return Worth.NEWS if pushed.state is not held.state and order == 1 else Worth.NOTHING
    if ended:
        return Worth.LOOK if doubtful or order == -1 else Worth.NEWS
    if order is None:
        # A stream keeps its order, and has no news of long ago.
        return Worth.NEWS if pushed.source == "stream" else Worth.LOOK
    return Worth.NEWS if order == 1 else Worth.NOTHING


def _order(kind: JobKind[Any], held: Snapshot[Any], pushed: Snapshot[Any]) -> int | None:
    """Return 1 if *pushed* is newer, -1 if it is older, 0 if both are of one time, ``None`` if that is not known."""
    latest = _changed(kind, pushed)
    before = None if latest is None else _changed(kind, held)
    if latest is None or before is None:
        return None
    return (latest > before) - (latest < before)


def _changed(kind: JobKind[Any], snapshot: Snapshot[Any]) -> datetime | None:
    """Return when the service last changed what *snapshot* shows, if it says so."""
    if kind.updated is None:
        return None
    try:
        changed: datetime = moment(pick(snapshot.raw, kind.updated))
    except (Misfit, ProtocolError, ValueError):
        return None  # Of a job that is gone nothing may have been seen.
    return changed
