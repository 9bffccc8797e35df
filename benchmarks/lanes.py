"""
How long does a cancel queue while many jobs are watched under a limit of requests?

Ten thousand searches, each in a webset of its own, are more than lists can show at ten requests a second, so that
looks take whatever the limit leaves. The time is from the call of ``cancel()`` to the arrival of its request.

What a profile of ours shows: watching ten thousand jobs keeps the processor busy for about a tenth of the time, with
ids (``_refs``), the agenda and choosing lists; the cancels themselves do not show. What a cancel waits for is the
page that is being taken in when it is called, and the limit of requests.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from benchmarks._harness import Row, Server, alone, measure

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator


def rows(server: Server, chosen: argparse.Namespace) -> Iterator[Row]:
    """Measure and yield."""
    figures = measure(
        "benchmarks._watched:ours_cancelling",
        url=server.url,
        jobs=chosen.jobs,
        rate=chosen.rate,
        cancels=chosen.cancels,
        profile=chosen.profile,
    )
    case = f"{chosen.cancels} cancels among {chosen.jobs:,} watched, {chosen.rate:g} requests/s"
    yield Row(case, "requests in all", figures["asked"], "a second")
    yield Row(case, "on the wire after, p50", figures["p50"], "ms")
    yield Row(case, "on the wire after, at most", figures["longest"], "ms", most=200)


def options(made: argparse.ArgumentParser) -> None:
    """Add the options of this part."""
    made.add_argument("--jobs", type=int, default=10_000, help="default: 10000")
    made.add_argument("--rate", type=float, default=10.0, help="requests a second (default: 10)")
    made.add_argument("--cancels", type=int, default=30, help="one after the other (default: 30)")


def main(arguments: list[str] | None = None) -> int:
    """Measure, print, and return the exit code."""
    return alone("lanes", __doc__, options, rows, arguments)


if __name__ == "__main__":
    sys.exit(main())
