"""
How does the cost of watching grow with the number of jobs?

The jobs are watched for some rounds of looks, and between these for a while in which no look is due. The agenda alone
is measured up to a million jobs with a time that is a number: a look takes a job that is due and schedules the next.

What a profile of ours shows: HTTP is 2 % of a round in which lists show all jobs. A quarter is decoding rows, a tenth
is the agenda; what is read off rows, the record, the core and the watcher are about 6 % each. None of it depends on how
many jobs there are but the agenda's heap and the processor's caches. While no look is due, 100,000 searches take a
quarter of a millisecond a second.
"""

from __future__ import annotations

import math
import sys
import time
from typing import TYPE_CHECKING

from asyncjobs._agenda import Agenda
from benchmarks._harness import Row, Server, alone, measure, median, ratio, repeat

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

_EVERY = 5.0
_AT_ONCE = 100


def agenda(jobs: int, looks: int) -> dict[str, float]:
    """Take *looks* looks at *jobs* jobs, each every five seconds; the processor time in µs a look."""
    book: Agenda[int] = Agenda()
    for number in range(jobs):
        book.join(number, (), _EVERY)
        book.schedule(number, _EVERY * number / jobs)
    taken = 0
    began = time.process_time()
    while taken < looks:
        now = book.next_due()
        assert now is not None
        # As many as connections are free, whatever has become due meanwhile.
        now += _EVERY * _AT_ONCE / jobs
        for errand in book.take(now, _AT_ONCE):
            (number,) = errand.keys
            book.schedule(number, now + _EVERY)
            taken += 1
    return {"look": (time.process_time() - began) / taken * 1e6}


def _agenda_rows(chosen: argparse.Namespace) -> Iterator[Row]:
    sizes = chosen.agenda
    results = repeat(
        {
            str(jobs): {"function": "benchmarks.growth:agenda", "jobs": jobs, "looks": max(200_000, jobs)}
            for jobs in sizes
        },
        chosen.repeats,
    )
    for jobs in sizes:
        yield Row(f"agenda alone, {jobs:,} jobs", "processor time", median(results[str(jobs)], "look"), "µs/look")
    least, most = min(sizes), max(sizes)
    if least < most:
        grown = ratio(results[str(most)], results[str(least)], "look")
        bound = math.log(most) / math.log(least)
        yield Row(f"agenda alone, {least:,} to {most:,} jobs", "  dearer (log N at most)", grown, "x", most=bound)


def rows(server: Server, chosen: argparse.Namespace) -> Iterator[Row]:
    """Measure and yield."""
    for jobs in chosen.jobs:
        figures = measure(
            "benchmarks._watched:ours",
            url=server.url,
            kind="exa.agent_run",
            jobs=jobs,
            rounds=3,
            spare=chosen.spare,
            trace=False,
            profile=chosen.profile,
            timeout=3600.0,
        )
        case = f"{jobs:,} agent runs, wait_all"
        yield Row(case, "requests", figures["requests"], "a round")
        yield Row(case, "first look", figures["first"], "µs/job")
        yield Row(case, "later looks", figures["each"], "µs/job")
        yield Row(case, "with no look due", figures["idle"], "ms/s", most=1)
    yield from _agenda_rows(chosen)


def options(made: argparse.ArgumentParser) -> None:
    """Add the options of this part."""
    made.add_argument("--spare", type=float, default=4.0, help="seconds without a look between rounds, at least")
    made.add_argument("--jobs", type=int, nargs="+", default=[1000, 10_000, 100_000], help="default: 1000 10000 100000")
    made.add_argument("--agenda", type=int, nargs="+", default=[1000, 10_000, 100_000, 1_000_000], help="to a million")


def main(arguments: list[str] | None = None) -> int:
    """Measure, print, and return the exit code."""
    return alone("growth", __doc__, options, rows, arguments)


if __name__ == "__main__":
    sys.exit(main())
