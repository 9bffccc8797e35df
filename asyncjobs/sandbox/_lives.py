"""How a job lives, as data: nothing here runs, a state is computed from elapsed time whenever somebody asks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

import attrs

if TYPE_CHECKING:
    import random
    from collections.abc import Mapping, Sequence

Step: TypeAlias = tuple[float, str]

FINAL: Final = frozenset({"completed", "finished", "failed", "canceled", "cancelled"})
SUCCESS: Final = frozenset({"completed", "finished"})
# Words under which no work is done yet.
IDLE: Final = frozenset({"created", "new", "queued"})

# Floats that were added up elsewhere may miss an instant by a hair.
_TOLERANCE = 1e-6
# How fast a job without an end seems to get on: after so many seconds it looks half done.
_HALF_WAY = 10.0


@attrs.frozen
class Words:
    """What one kind of job calls the stations of an ordinary life; *waiting* may be the word for working, too."""

    waiting: str
    working: str
    success: str
    failure: str
    canceled: str
    # (waits, works) in seconds: the span from which a default life is drawn.
    waits: float
    works: tuple[float, float]


WORDS: Final[Mapping[str, Words]] = {
    "exa.search": Words("created", "running", "completed", "canceled", "canceled", 0.3, (4.0, 8.0)),
    "exa.enrichment": Words("pending", "pending", "completed", "canceled", "canceled", 0.0, (2.0, 4.0)),
    "exa.agent_run": Words("queued", "running", "completed", "failed", "cancelled", 0.2, (2.0, 4.0)),
    # Its waiting begins when the rows have been uploaded; before that it waits for ever.
    "exa.import": Words("pending", "processing", "completed", "failed", "canceled", 0.2, (1.0, 2.0)),
    "exa.monitor_run": Words("created", "running", "completed", "failed", "canceled", 0.3, (4.0, 8.0)),
    "watercrawl.search": Words("new", "running", "finished", "failed", "canceled", 0.5, (3.0, 3.0)),
    "watercrawl.crawl": Words("new", "running", "finished", "failed", "canceled", 0.5, (3.0, 5.0)),
    "watercrawl.sitemap": Words("new", "running", "finished", "failed", "canceled", 0.5, (2.0, 4.0)),
}


def _steps(value: Sequence[Step]) -> tuple[Step, ...]:
    return tuple((float(offset), word) for offset, word in value)


def _optional_steps(value: Sequence[Step] | None) -> tuple[Step, ...] | None:
    return None if value is None else _steps(value)


@attrs.frozen
class Life:
    """The words that a job shows, and when.

    *before* counts in seconds from the job's creation and begins at 0. *after_cancel* counts from the cancel that the
    service accepted: until its first step the job goes on as before (and keeps an end that it reaches meanwhile); then
    these steps replace what *before* had left, and may well lead from ``canceled`` to ``finished``. An empty one is a
    cancel that is accepted and forgotten; ``None`` is the kind's word for it, at once. *after_stop* is the same for a
    stop.

    *reason* is the service's own word for the end (an agent run's ``stopReason``), ``None`` the ordinary one. *results*
    says whether results are there at the end: ``None`` if the job ended well, ``True`` in any case, ``False`` never
    (a WaterCrawl search then ends well with an empty list). *deaf* is the age in seconds from which event streams of
    the job end at once, whatever its state: its worker was killed, and nobody tells. ``None`` is never.

    Raises:
        ValueError: A line of steps is out of order, or *before* does not begin at 0.
    """

    before: tuple[Step, ...] = attrs.field(converter=_steps)
    after_cancel: tuple[Step, ...] | None = attrs.field(default=None, converter=_optional_steps)
    after_stop: tuple[Step, ...] = attrs.field(default=((1.0, "completed"),), converter=_steps)
    reason: str | None = None
    results: bool | None = None
    deaf: float | None = None

    def __attrs_post_init__(self) -> None:
        """Refuse a life that no job can live."""
        if not self.before or self.before[0][0] != 0.0:
            raise ValueError("a life begins with a step at 0.0")
        for line in (self.before, self.after_cancel or (), self.after_stop):
            offsets = [offset for offset, _ in line]
            if offsets != sorted(offsets) or (offsets and offsets[0] < 0):
                raise ValueError(f"steps out of order: {line}")

    @classmethod
    def ordinary(
        cls,
        kind: str,
        *,
        waits: float | None = 0.0,
        works: float | None = 0.0,
        ends: str | None = None,
        reason: str | None = None,
        results: bool | None = None,
    ) -> Life:
        """Wait, work, end, in the words of *kind*.

        *waits* and *works* are seconds; ``None`` is for ever. *ends* is the last word, ``None`` for the kind's word
        for success.

        Raises:
            ValueError: No such kind, or *ends* is none of the words with which its jobs end.
        """
        if kind not in WORDS:
            raise ValueError(f"no kind {kind!r}; there are {', '.join(WORDS)}")
        words = WORDS[kind]
        if ends is not None and ends not in FINAL:
            raise ValueError(f"{ends!r} is no end; an ordinary {kind} ends {words.success!r}, or see Life for others")
        steps = [(0.0, words.waiting)]
        if waits is not None:
            if waits == 0:
                steps.clear()
            steps.append((waits, words.working))
            if works is not None:
                steps.append((waits + works, ends or words.success))
        return cls(steps, reason=reason, results=results).of(kind)

    def of(self, kind: str) -> Life:
        """Return the same life, with the words of *kind* where it had none."""
        if self.after_cancel is not None:
            return self
        return attrs.evolve(self, after_cancel=((0.0, WORDS[kind].canceled),))

    def faster(self, speed: float) -> Life:
        """Return the same life, *speed* times as fast."""

        def scaled(line: tuple[Step, ...]) -> tuple[Step, ...]:
            return tuple((offset / speed, word) for offset, word in line)

        return attrs.evolve(
            self,
            before=scaled(self.before),
            after_cancel=None if self.after_cancel is None else scaled(self.after_cancel),
            after_stop=scaled(self.after_stop),
            deaf=None if self.deaf is None else self.deaf / speed,
        )

    def history(
        self, elapsed: float, *, canceled: float | None = None, stopped: float | None = None
    ) -> tuple[Step, ...]:
        """Return every step until *elapsed* seconds of age, the last one being the present.

        *canceled* and *stopped* are the ages at which a cancel and a stop were accepted, ``None`` for not at all.
        """
        limit = elapsed + _TOLERANCE
        steps = self.before
        for asked, line in ((stopped, self.after_stop), (canceled, self.after_cancel)):
            if asked is not None and asked <= limit and line is not None:
                steps = _splice(steps, asked, line)
        if steps[-1][0] <= limit:
            return steps
        return tuple(step for step in steps if step[0] <= limit) or steps[:1]

    def end(self) -> float | None:
        """Return the age at which an undisturbed job ends, ``None`` for never."""
        return next((offset for offset, word in self.before if word in FINAL), None)

    def fraction(self, age: float) -> float:
        """Return how much of the work is done at *age*, from 0 to 1; a job without an end never gets there."""
        end = self.end()
        if end is None:
            return age / (age + _HALF_WAY)
        return 1.0 if end <= age else age / end


def _splice(steps: tuple[Step, ...], asked: float, line: tuple[Step, ...]) -> tuple[Step, ...]:
    if not line:
        return steps
    first = asked + line[0][0]
    kept = tuple(step for step in steps if step[0] <= first) or steps[:1]
    if kept[-1][1] in FINAL and kept[-1][0] < first:
        # It ended by itself before the request took effect.
        return steps
    return kept + tuple((asked + offset, word) for offset, word in line)


def default_life(kind: str, rng: random.Random) -> Life:
    """Return an ordinary life of *kind* with a length drawn from *rng*."""
    words = WORDS[kind]
    return Life.ordinary(kind, waits=words.waits, works=rng.uniform(*words.works))
