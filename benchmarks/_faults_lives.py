"""The lives of jobs in a campaign."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import attrs

from asyncjobs.sandbox import Life, races
from benchmarks._faults_truth import UNOWNED, WEBSET

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator

    from benchmarks._faults_book import Intent

#: Uses that end their jobs before these would end by themselves.
_CUT_SHORT: Final = ("cancel", "block", "later", "mishap", "scope")
#: How jobs may end otherwise than well, by the beginnings of the names of kinds.
_BAD_ENDS: Final = {
    "exa.search": ("canceled",),
    "exa.enrichment": ("canceled",),
    "exa.agent_run": ("canceled",),
    "exa.": ("failed", "canceled"),
    "watercrawl.": ("finished", "failed"),
}


def lives(intent: Intent, rng: random.Random) -> Iterator[tuple[str, Life]]:
    """Return what lives, by its kind, where *intent* is carried out."""
    kinds = ("exa.search", "exa.enrichment") if intent.kind == WEBSET else (intent.kind,)
    return ((kind, _life(kind, intent.use, rng)) for kind in kinds)


def _life(kind: str, use: str, rng: random.Random) -> Life:
    """Draw a life: those that are to be cancelled may be long, or end in just that moment."""
    dice = rng.random()
    if kind.startswith("watercrawl.") and dice < 0.5:
        return _race(rng)
    bad = next(words for begin, words in _BAD_ENDS.items() if kind.startswith(begin))
    cut_short = any(word in use for word in _CUT_SHORT) and "to the end" not in use
    if cut_short and dice < 0.8 and kind not in UNOWNED:
        return Life.ordinary(kind, waits=rng.choice((0.0, 0.5, 3.0)), works=3600.0)
    ends = rng.choice((None, rng.choice(bad)))
    return Life.ordinary(kind, waits=rng.uniform(0.0, 1.0), works=rng.uniform(0.1, 8.0), ends=ends)


def _race(rng: random.Random) -> Life:
    """Draw a life in which WaterCrawl's end and a cancel meet, slower than measured, as under load."""
    ends = rng.uniform(2.0, 8.0)
    flips = rng.choice((rng.uniform(0.001, 0.03), rng.uniform(0.25, 0.45)))
    running = ((0.0, "running"), (ends, rng.choice(("finished", "failed"))))
    return attrs.evolve(
        rng.choice(
            (
                races.finishes_after_cancel(flips),
                races.fails_after_cancel(flips),
                races.finishes_before_cancel(rng.uniform(0.001, 0.1)),
                races.shows_canceling(rng.choice((0.004, 0.07, 2.0))),
                races.cancels_twice(rng.uniform(0.001, 0.02)),
                races.keeps_its_result(),
            )
        ),
        before=running,
    )
