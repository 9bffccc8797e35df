"""What the service keeps of one job."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import attrs

from ._lives import FINAL, IDLE, SUCCESS, Life, Step

if TYPE_CHECKING:
    from collections.abc import Callable


@attrs.define(eq=False)
class RemoteJob:
    """One job; every time is a reading of the sandbox's clock."""

    kind: str
    ids: tuple[str, ...]
    body: dict[str, Any]
    life: Life
    created: float
    number: int
    # When the present life began: the creation, or the last reopening.
    epoch: float
    updated: float
    canceled: float | None = None
    stopped: float | None = None
    forced: Step | None = None
    reason: str | None = None
    # From when on the service denies it, and with which status.
    gone: tuple[float, int] | None = None
    _told: tuple[float, tuple[Step, ...]] | None = None
    listeners: list[Callable[[], None]] = attrs.field(factory=list["Callable[[], None]"])

    @property
    def id(self) -> str:
        """The job's own id, without its container's."""
        return self.ids[-1]

    @property
    def ref(self) -> str:
        """The kind and the ids as one text."""
        return f"{self.kind}:{'/'.join(quote(part, safe='') for part in self.ids)}"

    def steps(self, now: float) -> tuple[Step, ...]:
        """Return what it showed until *now*, as (clock time, word)."""
        if self._told is None or self._told[0] != now:
            # One reply asks several times.
            self._told = (now, self._steps(now))
        return self._told[1]

    def _steps(self, now: float) -> tuple[Step, ...]:
        history = self.life.history(
            now - self.epoch,
            canceled=None if self.canceled is None else self.canceled - self.epoch,
            stopped=None if self.stopped is None else self.stopped - self.epoch,
        )
        steps = tuple((self.epoch + offset, word) for offset, word in history)
        if self.forced is None or now < self.forced[0]:
            return steps
        return (*(step for step in steps if step[0] <= self.forced[0]), self.forced)

    def present(self, now: float) -> Step:
        """Return since when it shows which word."""
        return self.steps(now)[-1]

    def word(self, now: float) -> str:
        """Return the word that it shows."""
        return self.steps(now)[-1][1]

    def ended(self, now: float) -> float | None:
        """Return when it ended, ``None`` while it lives."""
        since, word = self.steps(now)[-1]
        return since if word in FINAL else None

    def next_change(self, now: float) -> float | None:
        """Return when its streams have something new to tell if nobody interferes, ``None`` for never."""
        changes = [at for at, _ in self.steps(math.inf)]
        if self.life.deaf is not None:
            changes.append(self.epoch + self.life.deaf)
        return min((at for at in changes if at > now + 1e-6), default=None)

    def streams_end(self, now: float) -> bool:
        """Tell whether event streams end now: the job has ended, or nobody is left to tell of it."""
        deaf = self.life.deaf
        return self.ended(now) is not None or (deaf is not None and now + 1e-6 >= self.epoch + deaf)

    def fraction(self, now: float) -> float:
        """Return how much of the work is done, from 0 to 1."""
        steps = self.steps(now)
        since, word = steps[-1]
        if word in SUCCESS and self.stopped is None:
            return 1.0
        if next((step[1] for step in reversed(steps) if step[1] not in FINAL), word) in IDLE:
            return 0.0
        return min(self.life.fraction((since if word in FINAL else now) - self.epoch), 0.99)

    def left(self, now: float) -> float | None:
        """Return the seconds until its end, ``None`` if there is none or it has ended."""
        end = self.life.end()
        return None if end is None or self.ended(now) is not None else max(0.0, self.epoch + end - now)

    @property
    def why(self) -> str | None:
        """The service's reason for the end, where somebody or the life gives one."""
        disturbed = self.forced is not None or self.canceled is not None
        return self.reason if disturbed else self.life.reason

    def has_results(self, now: float) -> bool:
        """Tell whether results are there to be fetched."""
        return self.word(now) in (FINAL if self.life.results else SUCCESS)

    def cancel(self, now: float, reason: str | None = None) -> None:
        """Accept a cancel, unless one was accepted before or the job has ended."""
        if self.canceled is None and self.ended(now) is None:
            self.canceled = now
            self.reason = reason
            self.notify()

    def stop(self, now: float) -> None:
        """Accept a stop, as :meth:`cancel`."""
        if self.stopped is None and self.ended(now) is None:
            self.stopped = now
            self.notify()

    def force(self, now: float, word: str, reason: str | None = None) -> None:
        """Let it show *word* from now on, whatever its life says."""
        self.forced = (now, word)
        self.reason = reason
        self.notify()

    def reopen(self, now: float, life: Life) -> None:
        """Begin a new life."""
        life = life.of(self.kind)
        self.life, self.epoch = life, now
        self.canceled = self.stopped = self.forced = self.reason = None
        self.notify()

    def notify(self) -> None:
        """Forget what was told, and wake the streams that follow this job."""
        self._told = None
        for listener in self.listeners:
            listener()

    def refusal(self, now: float) -> int | None:
        """Return 404 or 410 if the service denies the job at *now*, else ``None``."""
        if now < self.created:
            return 404
        if self.gone is not None and now >= self.gone[0]:
            return self.gone[1]
        return None
