"""
What one client knows about one job, and what a new piece of news changes in it.

No loop and no clock: times are arguments, in seconds of one monotonic clock. Whoever does the
looking reports what came of it and reads off the state, the next time to look, and whether
waiting has become pointless.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import attrs

from asyncjobs import _pace
from asyncjobs._models import Snapshot
from asyncjobs._retry import UNUSABLE_REPLIES, is_transient, pause_after
from asyncjobs._states import FINAL, JobState, advance
from asyncjobs.errors import APIError, JobUnreachable, ProtocolError, UnknownStatus

if TYPE_CHECKING:
    from datetime import datetime

    from asyncjobs._kinds import JobKind, Pace
    from asyncjobs._refs import JobRef
    from asyncjobs._settings import Settings
    from asyncjobs.errors import AsyncJobsError

R = TypeVar("R")

_log = logging.getLogger("asyncjobs")


def news(snapshot: Snapshot[Any] | None) -> tuple[Any, ...] | None:
    """Return what makes two snapshots different for someone who follows a job."""
    return None if snapshot is None else (snapshot.state, snapshot.status, snapshot.progress, snapshot.reason)


class Record(Generic[R]):
    """The knowledge about one job; see the module's description."""

    __slots__ = (
        "_absent_since",
        "_began",
        "_cancel_answered",
        "_canceled_since",
        "_failures",
        "_last",
        "_looked",
        "_pace",
        "_pause",
        "_quiet",
        "_rush",
        "_settings",
        "_trouble",
        "_trouble_seen",
        "_unknown_since",
        "_unknown_words",
        "_unusable",
        "contradiction",
        "epoch",
        "kind",
        "ref",
        "requested_by_us",
        "snapshot",
        "state",
    )

    def __init__(self, kind: JobKind[R], ref: JobRef, settings: Settings) -> None:
        self.kind: JobKind[R] = kind
        self.ref: JobRef = ref
        self.state: JobState = JobState.UNKNOWN
        self.snapshot: Snapshot[R] | None = None
        self.contradiction: Snapshot[R] | None = None
        self.requested_by_us: bool = False
        self.epoch: int = 0
        self._settings = settings
        self._pace: Pace = settings.paces.get(kind.name, kind.pace)
        self._began = float("-inf")  # When the request behind the snapshot started.
        self._looked = False
        self._last: float | None = None  # When anything was last heard, or looked for in vain.
        self._quiet = 0
        self._rush = False
        self._failures = 0
        self._unusable = 0
        self._trouble = 0.0  # Seconds for which looks have failed, queueing and pauses left out.
        self._trouble_seen: float | None = None
        self._pause = 0.0  # For how long the service asked to be left alone when the last look failed.
        self._unknown_since: float | None = None
        self._unknown_words: tuple[str, ...] = ()  # Those that were complained of.
        self._absent_since: float | None = None
        self._canceled_since: float | None = None
        self._cancel_answered = float("-inf")

    @property
    def final(self) -> bool:
        return self.state in FINAL

    # -- news ---------------------------------------------------------------

    def see(self, snapshot: Snapshot[R], *, began: float, now: float) -> None:
        """Take in what a reply said. *began* is when its request started: of two looks the later one is right."""
        self._heard(now, looked=snapshot.source != "create")
        if self.final:
            self._see_after_the_end(snapshot, began)
            return
        if snapshot.state not in FINAL and began < self._began:
            return
        seen = self._settled(snapshot.state, began, now, answer=snapshot.source == "cancel")
        self._note_unknown(snapshot, seen, now)
        self._hold(attrs.evolve(snapshot, state=advance(self.state, seen)), began)

    def vanish(self, observed_at: datetime, request_id: str | None) -> None:
        """Take in that the service no longer knows the job; what was last seen of it is kept."""
        if self.snapshot is not None:
            gone = attrs.evolve(
                self.snapshot, state=JobState.GONE, observed_at=observed_at, request_id=request_id, source="poll"
            )
        else:
            gone = Snapshot(
                ref=self.ref,
                state=JobState.GONE,
                status="",
                observed_at=observed_at,
                source="poll",
                request_id=request_id,
                body=b"{}",
                resource_type=self.kind.resource,
                keys=self.kind.keys,
            )
        if self.final:
            self._see_after_the_end(gone, self._began)
        else:
            self._hold(gone, self._began)

    def cancel_sent(self) -> None:
        """Take in that a cancel request of ours is on its way."""
        self.requested_by_us = True
        self._cancel_answered = float("inf")

    def cancel_answered(self, now: float) -> None:
        """Take in that the request has come to an end, whatever was answered."""
        self._cancel_answered = now

    def cancel_accepted(self, now: float) -> None:
        """Take in that the service accepted our cancel without saying that the job has ended."""
        self._last, self._quiet = now, 0
        self._cancel_answered = min(self._cancel_answered, now)
        if not self.final:
            if self.kind.settle:
                # The next look is the one that counts: it is made when the settling is over.
                self._canceled_since = now
            self.state = advance(self.state, JobState.CANCELING)
            if self.snapshot is not None:
                self.snapshot = attrs.evolve(self.snapshot, state=self.state)

    def reopen(self, snapshot: Snapshot[R], *, began: float, now: float) -> None:
        """Begin anew from *snapshot*, which contradicts the end that was held."""
        if not self.final or snapshot.state is self.state or began < self._began:
            return
        self.epoch += 1
        self.state, self.contradiction, self.requested_by_us = JobState.UNKNOWN, None, False
        self._canceled_since = self._unknown_since = None
        self._note_unknown(snapshot, snapshot.state, now)
        self._hold(snapshot, began)

    def _heard(self, now: float, *, looked: bool) -> None:
        self._looked = self._looked or looked
        self._last, self._rush = now, False
        self._failures = self._unusable = 0
        self._trouble, self._trouble_seen, self._absent_since = 0.0, None, None

    def _see_after_the_end(self, snapshot: Snapshot[R], began: float) -> None:
        if snapshot.state is self.state:
            if began >= self._began:
                self._hold(snapshot, began)
        elif began >= self._began:
            # An older look that arrives late is no contradiction, only late.
            self.contradiction = snapshot
            _log.warning("%s was seen %s and now shows %r; the first stays", self.ref, self.state, snapshot.status)

    def _settled(self, seen: JobState, began: float, now: float, *, answer: bool) -> JobState:
        """Hold back an end that our cancel, under way, may still turn into another one."""
        if not self.requested_by_us or not self.kind.settle or seen not in FINAL:
            self._canceled_since = None
            return seen
        if began < self._cancel_answered and not answer:
            # Seen before the service had dealt with our cancel, which may write "cancelled" over any end.
            return JobState.CANCELING
        if seen is not JobState.CANCELED:
            self._canceled_since = None
            return seen
        if self._canceled_since is None:
            self._canceled_since = now
        return seen if began >= self._canceled_since + self.kind.settle else JobState.CANCELING

    def _note_unknown(self, snapshot: Snapshot[R], seen: JobState, now: float) -> None:
        if seen is not JobState.UNKNOWN:
            self._unknown_since = None
            return
        if self._unknown_since is None:
            self._unknown_since = now
        if snapshot.status not in self._unknown_words:
            self._unknown_words += (snapshot.status,)
            _log.warning("%s has the unknown status %r; looking on", self.ref, snapshot.status)

    def _hold(self, snapshot: Snapshot[R], began: float) -> None:
        self._quiet = self._quiet + 1 if news(snapshot) == news(self.snapshot) else 0
        self.snapshot, self.state, self._began = snapshot, snapshot.state, max(began, self._began)

    # -- guards -------------------------------------------------------------

    def fail(self, error: AsyncJobsError, *, now: float, queued: float, observed_at: datetime) -> AsyncJobsError | None:
        """
        Take in that a look ended in *error*; return what ends the waits for the job, or ``None`` to look on.

        *queued* is for how many seconds the look waited for its turn, which is nobody's failure.
        """
        self._last, self._rush = now, False
        if isinstance(error, APIError) and error.status in {404, 410}:
            return self._absent(error, now, observed_at)
        if not is_transient(error):
            return error
        self._failures += 1
        if self._trouble_seen is not None:
            # What was queued for is for the most part the pause itself, so that only the longer one is left out.
            self._trouble += max(now - self._trouble_seen - max(queued, self._pause), 0.0)
        self._trouble_seen = now
        self._pause = pause_after(error) or 0.0
        self._unusable = self._unusable + 1 if isinstance(error, ProtocolError) else 0
        if self._unusable >= UNUSABLE_REPLIES:
            self._unusable = 0
            return error
        if self._trouble >= self._settings.unreachable_after:
            verdict = JobUnreachable(self.ref, self.snapshot, seconds=self._trouble)
            verdict.__cause__ = error
            return verdict
        return None

    def _absent(self, error: APIError, now: float, observed_at: datetime) -> AsyncJobsError | None:
        self._absent_since = now if self._absent_since is None else self._absent_since
        # A replica may not have heard of a new job yet, so that a 404 proves something only later.
        young = now - self._absent_since < self._settings.appear_grace
        if error.status == 410 or self._looked or (self.snapshot is not None and not young):  # noqa: PLR2004
            self.vanish(observed_at, error.request_id)
            return None
        return None if young else error

    def verdict(self, now: float) -> AsyncJobsError | None:
        """Return what ends the waits although the last look succeeded: a word that stayed unknown for too long."""
        if self._unknown_since is None or self.snapshot is None:
            return None
        seconds = now - self._unknown_since
        if seconds < self._settings.unknown_after:
            return None
        return UnknownStatus(self.ref, self.snapshot, status=self.snapshot.status, seconds=seconds)

    def unwatched(self) -> None:
        """Take in that nobody waits any more: an outage that nobody watched is not held against the next look."""
        self._trouble, self._trouble_seen = 0.0, None

    # -- pace ---------------------------------------------------------------

    def rush(self) -> None:
        """Make the next look due at once."""
        self._rush = True

    def next_look(self, now: float, spread: float) -> float:
        """Return when the next look is due; *spread* from 0 to 1 is the dice."""
        if self._rush or self._last is None:
            return now
        if self._canceled_since is not None and self._canceled_since + self.kind.settle > self._last:
            return self._canceled_since + self.kind.settle
        if self._failures:
            return self._last + _pace.after_failure(self._pace, self._failures - 1, spread)
        progress = self.snapshot.progress if self.snapshot is not None else None
        urgent = self.requested_by_us and not self.final
        return self._last + _pace.interval(self._pace, self._quiet, urgent=urgent, progress=progress, spread=spread)
