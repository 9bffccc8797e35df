"""How long an end is doubted while our own cancel may still turn it into another one."""

from __future__ import annotations

from typing import Final

from asyncjobs._states import FINAL, JobState


class Settling:
    """
    The times that matter to a cancel of ours; *window* is the kind's ``settle``, in seconds, 0 for none.

    A service may write "cancelled" over an end that came a moment before, and a worker may write its end over a
    "cancelled" that came a moment before. So neither a "cancelled" nor an end that was seen before our cancel was
    written, or had been over for a window, is believed until a look that began a window later says it again.
    """

    __slots__ = ("_certain_from", "_doubted", "_window")

    def __init__(self, window: float) -> None:
        self._window = window
        #: Looks that began from then on show what a cancel of ours no longer changes.
        self._certain_from = float("-inf")
        #: The end that is not believed yet, and since when it is known.
        self._doubted: tuple[JobState, float] | None = None

    def sent(self) -> None:
        """Take in that a cancel request of ours is on its way."""
        self._certain_from = float("inf")

    def answered(self, now: float) -> None:
        """Take in that the request has come to an end, answered or not: the service may still be writing."""
        self._certain_from = now + self._window

    def refused(self, now: float) -> None:
        """Take in that the service did nothing, and will not."""
        self._certain_from = now

    def accepted(self, now: float) -> None:
        """Take in that the service took the cancel: from now on the job counts as cancelled, and the window runs."""
        self._certain_from = min(self._certain_from, now + self._window)
        if self._window:
            self._doubted = JobState.CANCELED, now

    def forget(self) -> None:
        """Begin anew, with a job that has been opened again."""
        self._certain_from, self._doubted = float("-inf"), None

    def judge(self, seen: JobState, *, began: float, now: float, answer: bool) -> JobState:
        """
        Return what to make of *seen* while our cancel is under way.

        *began* is when the request began that showed it, *answer* whether that was the cancel itself.
        """
        if not self._window:
            return seen
        if seen is JobState.CANCELED and self._certain_from < float("inf"):
            # The cancel is written: another end that comes now was written over it, and is the last one.
            self._certain_from = min(self._certain_from, now)
        certain = answer or began >= self._certain_from
        if seen not in FINAL or (certain and seen is not JobState.CANCELED):
            self._doubted = None
            return seen
        if self._doubted is None or self._doubted[0] is not seen:
            self._doubted = seen, now
        return seen if began >= self._doubted[1] + self._window else JobState.CANCELING

    def due(self, last: float) -> float | None:
        """Return when the window is over, if that is after *last*: the next look is the one that counts."""
        over = None if self._doubted is None else self._doubted[1] + self._window
        return None if over is None or over <= last else over


#: Of kinds without a window, whose ends are never doubted: it decides nothing, so that one is enough for all.
UNDOUBTED: Final = Settling(0.0)
