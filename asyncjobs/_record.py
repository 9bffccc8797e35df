"""
What one client knows about one job, and what a new piece of news changes in it.

No loop and no clock: times are arguments, in seconds of one monotonic clock. Whoever does the looking reports
what came of it and reads off the state, the next time to look, and whether waiting has become pointless.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Generic, TypeVar

import attrs

from asyncjobs import _pace
from asyncjobs._guards import Guards
from asyncjobs._news import UNASKED
from asyncjobs._retry import is_transient, pause_after
from asyncjobs._settling import UNDOUBTED, Settling
from asyncjobs._states import FINAL, JobState, advance
from asyncjobs._vanished import vanished
from asyncjobs._words import UnknownWords
from asyncjobs.errors import APIError, JobUnreachable, ProtocolError, UnknownStatus

if TYPE_CHECKING:
    from datetime import datetime

    from asyncjobs._kinds import JobKind, Pace
    from asyncjobs._models import Snapshot
    from asyncjobs._refs import JobRef
    from asyncjobs._settings import Settings
    from asyncjobs._weather import Weather
    from asyncjobs.errors import AsyncJobsError

R = TypeVar("R")
_log = logging.getLogger("asyncjobs")


class Record(Generic[R]):
    """The knowledge about one job; see the module's description."""

    __slots__ = (
        "_began",
        "_hinted",
        "_last",
        "_quiet",
        "_rush",
        "_settling",
        "_unknown_words",
        "contradiction",
        "epoch",
        "guards",
        "kind",
        "pace",
        "ref",
        "requested_by_us",
        "snapshot",
        "state",
    )

    def __init__(
        self, kind: JobKind[R], ref: JobRef, settings: Settings, unknown_words: UnknownWords | None = None
    ) -> None:
        self.kind: JobKind[R] = kind
        self.ref: JobRef = ref
        self.state: JobState = JobState.UNKNOWN
        self.snapshot: Snapshot[R] | None = None
        self.contradiction: Snapshot[R] | None = None
        self.requested_by_us: bool = False
        self.epoch: int = 0
        self.pace: Pace = settings.paces.get(kind.name, kind.pace)
        self.guards: Guards = Guards(settings)
        self._settling = Settling(kind.settle) if kind.settle else UNDOUBTED
        self._began = float("-inf")  # When the request behind the snapshot started.
        self._last: float | None = None  # When anything was last heard, or looked for in vain.
        self._quiet = 0
        self._rush: float | None = None  # Since when the next look is wanted at once.
        self._hinted = 0  # How many looks of the ordinary pace are wanted though the news comes by itself.
        #: One complaint serves all jobs of a client.
        self._unknown_words: UnknownWords = unknown_words or UnknownWords()

    @property
    def final(self) -> bool:
        return self.state in FINAL

    # -- news ---------------------------------------------------------------

    def see(self, snapshot: Snapshot[R], *, began: float, now: float) -> None:
        """Take in what a reply said. *began* is when its request started: of two looks the later one is right."""
        self._heard(now, began=began, looked=snapshot.source not in UNASKED)
        if self.final:
            self._see_after_the_end(snapshot, began)
            return
        if snapshot.state not in FINAL and began < self._began:
            return
        seen, answer = snapshot.state, snapshot.source == "cancel"
        seen = self._settling.judge(seen, began=began, now=now, answer=answer) if self.requested_by_us else seen
        self._note_unknown(snapshot, seen, now)
        state = advance(self.state, seen)
        self._hold(snapshot if state is snapshot.state else attrs.evolve(snapshot, state=state), began)

    def vanish(self, observed_at: datetime, request_id: str | None) -> None:
        """Take in that the service no longer knows the job; what was last seen of it is kept."""
        gone = vanished(self.kind, self.ref, self.snapshot, observed_at=observed_at, request_id=request_id)
        if self.final:
            self._see_after_the_end(gone, self._began)
        else:
            self._hold(gone, self._began)

    def cancel_sent(self) -> None:
        """Take in that a cancel request of ours is on its way."""
        self.requested_by_us = True
        self._quiet = 0
        self._settling.sent()

    def cancel_answered(self, now: float) -> None:
        """Take in that the request has come to an end, whatever was answered."""
        self._settling.answered(now)

    def cancel_refused(self, now: float) -> None:
        """Take in that the service did not take our cancel."""
        self._settling.refused(now)

    def cancel_accepted(self, now: float) -> None:
        """Take in that the service accepted our cancel without saying that the job has ended."""
        self._last, self._quiet = now, 0
        if self.final:
            return
        self._settling.accepted(now)
        self.state = advance(self.state, JobState.CANCELING)
        if self.snapshot is not None:
            self.snapshot = attrs.evolve(self.snapshot, state=self.state)

    def reopen(self, snapshot: Snapshot[R], *, began: float, now: float) -> None:
        """Begin anew from *snapshot*, which contradicts the end that was held."""
        if not self.final or snapshot.state is self.state or began < self._began:
            return
        self.epoch += 1
        self.state, self.contradiction, self.requested_by_us = JobState.UNKNOWN, None, False
        self._settling.forget()
        self._note_unknown(snapshot, snapshot.state, now)
        self._hold(snapshot, began)

    def _heard(self, now: float, *, began: float, looked: bool) -> None:
        self._last = now
        if self._rush is not None and began >= self._rush:
            self._rush = None
        self._hinted -= looked and self._hinted > 0
        self.guards.heard(now, looked=looked)

    def _see_after_the_end(self, snapshot: Snapshot[R], began: float) -> None:
        if snapshot.state is self.state:
            if began >= self._began:
                self._hold(snapshot, began)
        elif began >= self._began:
            # An older look that arrives late is no contradiction, only late.
            self.contradiction = snapshot
            _log.warning("%s was seen %s and now shows %.100r; the first stays", self.ref, self.state, snapshot.status)

    def _note_unknown(self, snapshot: Snapshot[R], seen: JobState, now: float) -> None:
        known = seen is not JobState.UNKNOWN
        self.guards.word(now, known=known)
        if not known:
            self._unknown_words.shown(self.ref, snapshot.status)

    def _hold(self, snapshot: Snapshot[R], began: float) -> None:
        held = self.snapshot
        # Figures that creep forward are no reason to look more often; a change of state is.
        changed = held is None or (held.state, held.status) != (snapshot.state, snapshot.status)
        self._quiet = 0 if changed else self._quiet + 1
        self.snapshot, self.state, self._began = snapshot, snapshot.state, max(began, self._began)

    # -- guards -------------------------------------------------------------

    def fail(
        self, error: AsyncJobsError, *, now: float, queued: float, observed_at: datetime, took: float = 0.0
    ) -> AsyncJobsError | None:
        """
        Take in that a look ended in *error*; return what ends the waits for the job, or ``None`` to look on.

        Before it was sent it *queued* for so many seconds, which is nobody's failure; then it *took* so many.
        """
        self._last, self._rush = now, None
        if isinstance(error, APIError) and error.status in {404, 410}:
            return self._absent(error, now, observed_at)
        if not is_transient(error):
            return error
        unusable = isinstance(error, ProtocolError)
        self.guards.failed(now=now, queued=queued, took=took, pause=pause_after(error) or 0.0, unusable=unusable)
        if self.guards.makes_no_sense():
            return error
        return self._unreachable(error)

    def held(self, weather: Weather, *, due: float, now: float) -> AsyncJobsError | None:
        """Take in that a look that was *due* is held because the service is away; return what ends the waits."""
        self.guards.held(seconds=weather.held_for(due, self.guards.marked, now), now=now)
        return self._unreachable(weather.cause)

    def _unreachable(self, cause: AsyncJobsError | None) -> JobUnreachable | None:
        seconds = self.guards.unreachable_for()
        if seconds is None:
            return None
        verdict = JobUnreachable(self.ref, self.snapshot, seconds=seconds)
        verdict.__cause__ = cause
        return verdict

    def _absent(self, error: APIError, now: float, observed_at: datetime) -> AsyncJobsError | None:
        proven = self.guards.absent(now)
        if error.status == 410 or (proven and self.snapshot is not None):  # noqa: PLR2004
            self.vanish(observed_at, error.request_id)
            return None
        return error if proven else None

    def verdict(self, now: float) -> AsyncJobsError | None:
        """Return what ends the waits although the last look succeeded: a word that stayed unknown for too long."""
        seconds = self.guards.unknown_for(now)
        if seconds is None or self.snapshot is None:
            return None
        return UnknownStatus(self.ref, self.snapshot, status=self.snapshot.status, seconds=seconds)

    # -- pace ---------------------------------------------------------------

    def rush(self, now: float) -> None:
        """Make the next look due at once; one that has begun already does not count."""
        self._rush = now

    def hint(self) -> None:
        """Take in that something may have happened: the ordinary pace begins anew, counted from the last look."""
        self._quiet, self._hinted = 0, _pace.FOLLOWED_UP

    def next_look(self, now: float, spread: float, backstop: float | None = None) -> float:
        """Return when the next look is due, and count on it; *spread* from 0 to 1 is the dice."""
        return self.guards.planned(self._next_look(now, spread, None if self._hinted else backstop))

    def _next_look(self, now: float, spread: float, backstop: float | None) -> float:
        if self._rush is not None or self._last is None:
            return now
        if (settled := self._settling.due(self._last)) is not None:
            return settled
        if self.guards.failures:
            return self._last + _pace.after_failure(self.pace, self.guards.failures - 1, spread)
        progress = self.snapshot.progress if self.snapshot is not None else None
        return self._last + _pace.interval(
            self.pace, self._quiet, urgent=self.urgent, progress=progress, spread=spread, backstop=backstop
        )

    @property
    def urgent(self) -> bool:
        """Whether the next look is wanted at once: nothing was seen yet, or a cancel of ours is under way."""
        return self._rush is not None or self.snapshot is None or (self.requested_by_us and not self.final)
