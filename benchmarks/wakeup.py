"""
How soon do waiters go on whose jobs ended in the same look?

Ten thousand tasks wait, each for a job of its own, and a hundred of the jobs end together, so that one reply shows it.
The time counts from when that reply had arrived (``observed_at``), so that decoding it is in it, to when the task runs;
in the last line from when the server sent it, so that reading it is in it as well.

Of the 4 ms for a hundred runs, whose page has 300 KB, ``json`` takes 2.0 (which is what decoding costs anybody), what
is read off the rows (``_wire``, ``_figures``) 0.6, the core and the record 0.6, and waking the tasks and taking the
jobs off the agenda 0.6. All rows are taken in before the first waiter runs, so that p50 is close to p95. Rows that did
not change are not decoded again: other pages, which may come together with this one, cost a third of what they would.
A full garbage collection, or other programs on the same processor, are the rest of what is seen here.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from benchmarks._harness import Row, Server, alone, median, repeat

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

KINDS = {"agent runs": "exa.agent_run", "searches, in websets of those": "exa.search"}


def rows(server: Server, chosen: argparse.Namespace) -> Iterator[Row]:
    """Measure and yield."""
    for what, kind in KINDS.items():
        contestant = {
            "function": "benchmarks._watched:ours_waking",
            "url": server.url,
            "kind": kind,
            "jobs": chosen.jobs,
            "ending": chosen.ending,
            "pause": chosen.pause,
        }
        turns = repeat({"ours": contestant}, chosen.repeats, profile=chosen.profile)["ours"]
        case = f"{chosen.jobs:,} waiters, {chosen.ending} end at once: {what}"
        yield Row(case, "from reply to waiter, p50", median(turns, "p50"), "ms")
        yield Row(case, "from reply to waiter, p95", median(turns, "p95"), "ms", most=5)
        yield Row(case, "from the server to waiter, p95", median(turns, "sent"), "ms")


def options(made: argparse.ArgumentParser) -> None:
    """Add the options of this part."""
    made.add_argument("--jobs", type=int, default=10_000, help="default: 10000")
    made.add_argument("--ending", type=int, default=100, help="of these end in one look (default: 100)")
    made.add_argument("--pause", type=float, default=6.0, help="between looks, in seconds (default: 6)")


def main(arguments: list[str] | None = None) -> int:
    """Measure, print, and return the exit code."""
    return alone("wakeup", __doc__, options, rows, arguments)


if __name__ == "__main__":
    sys.exit(main())
