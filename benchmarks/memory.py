"""
How many bytes does a job cost that is waited for?

All of it counts: the handle and its core, its place on the agenda, what ``wait_all`` keeps, and the payload of the last
look. It is weighed by ``tracemalloc`` after a round of looks at all, when nothing is under way, and again after more
rounds, which must not make it more.

With 100,000 searches it was 3,500 bytes a job after the first round and after each of five more, of which 0.1 bytes a
round were growth. While a page is being read it is held beside that: of the list of websets up to 13 MB.

Where it is held (``--profile``): a third is the row's bytes (``_wire``), a tenth the place in ``wait_all`` (``_ends``),
the rest are the core, its record, future and snapshot, the entries on the agenda and the handle, each 60 to 220 bytes.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from benchmarks._harness import Row, Server, alone, measure

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

KINDS = {"searches, 100 in a webset": "exa.search", "agent runs": "exa.agent_run"}
MOST = 4096
#: What may vary between two weighings: bytes a job and round.
NOISE = 16


def rows(server: Server, chosen: argparse.Namespace) -> Iterator[Row]:
    """Measure and yield."""
    for what, kind in KINDS.items():
        for jobs in chosen.jobs:
            figures = measure(
                "benchmarks._watched:ours",
                url=server.url,
                kind=kind,
                jobs=jobs,
                rounds=chosen.rounds,
                spare=chosen.spare,
                trace=True,
                sites=chosen.profile,
                timeout=3600.0,
            )
            case = f"{jobs:,} {what}, wait_all"
            yield Row(case, "held", figures["bytes"], "bytes/job", most=MOST)
            yield Row(case, "  growth", figures["growth"], "bytes/round", most=NOISE)


def options(made: argparse.ArgumentParser) -> None:
    """Add the options of this part."""
    made.add_argument("--spare", type=float, default=4.0, help="seconds without a look between rounds, at least")
    made.add_argument("--jobs", type=int, nargs="+", default=[10_000, 100_000], help="default: 10000 100000")
    made.add_argument("--rounds", type=int, default=4, help="of looks at all (default: 4)")


def main(arguments: list[str] | None = None) -> int:
    """Measure, print, and return the exit code."""
    return alone("memory", __doc__, options, rows, arguments)


if __name__ == "__main__":
    sys.exit(main())
