"""
What does it cost to take a page of a hundred jobs apart?

Beside ``json.loads``, which is the least that a client could do, and beside the structuring of every row in full, which
is what a client does whose models are made as replies come.

What a profile of ours shows: half of it is decoding the rows one by one, which costs a third more than the page at
once and gives the text of each for nothing (to encode each again cost more than all the rest); then come the state and
progress (``_wire``, ``_figures``) and the ids (``_refs``), which only jobs that nobody expected there need. Resources
in full cost several times that, in cattrs and the conversion of keys; they are made on demand only.
"""

from __future__ import annotations

import datetime as dt
import json
import statistics
import sys
import time
from typing import TYPE_CHECKING, Any

from asyncjobs._rows import Walk, places_of
from asyncjobs._wire import Reply, identify, read_row
from asyncjobs.exa import AGENT_RUN, SEARCH
from asyncjobs.watercrawl import SEARCH as FOUND
from benchmarks._harness import Row, Server, alone, measure
from benchmarks._world import World

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator

    from asyncjobs.kinds import JobKind

PAGE = 100


def _pages() -> dict[str, tuple[JobKind[Any], str, bytes]]:
    now = time.monotonic()
    running, ended = World(PAGE), World(PAGE, ends=[0.0] * PAGE)
    runs = [b'{"data":[%b]}' % b",".join([world.run(n, now) for n in range(PAGE)]) for world in (running, ended)]
    found = b'{"results":[%b]}' % b",".join([running.found(n, now, "http://127.0.0.1") for n in range(PAGE)])
    return {
        "searches of a webset": (SEARCH, "searches", running.webset(0, now)),
        "running agent runs": (AGENT_RUN, "data", runs[0]),
        "completed agent runs": (AGENT_RUN, "data", runs[1]),
        "WaterCrawl searches": (FOUND, "results", found),
    }


def _snapshots(kind: JobKind[Any], path: str, body: bytes) -> list[Any]:
    reply = Reply(
        status=200,
        headers={},
        body=body,
        url="http://127.0.0.1/",
        began=0.0,
        received_at=dt.datetime.now(dt.UTC),
    )
    rows = Walk(body, places_of([path]))
    return [read_row(kind, identify(kind, row.data), row.data, reply, "survey", row.encode()) for row in rows]


def _in_full(kind: JobKind[Any], path: str, body: bytes) -> list[Any]:
    return [snapshot.resource for snapshot in _snapshots(kind, path, body)]


def _cost(work: Callable[[], Any], times: int) -> float:
    used = []
    for _ in range(times):
        began = time.process_time()
        result = work()
        used.append(time.process_time() - began)
        assert result
    return statistics.median(used) * 1e6


def ours(times: int) -> dict[str, Any]:
    """Take each page apart so many *times*; the processor time of one in µs."""
    figures = {}
    for what, (kind, path, body) in _pages().items():
        assert len(_snapshots(kind, path, body)) == PAGE
        figures[what] = {
            "kilobytes": len(body) / 1000,
            "json": _cost(lambda: json.loads(body), times),  # noqa: B023
            "snapshots": _cost(lambda: _snapshots(kind, path, body), times),  # noqa: B023
            "full": _cost(lambda: _in_full(kind, path, body), max(1, times // 5)),  # noqa: B023
        }
    return figures


def rows(_: Server, chosen: argparse.Namespace) -> Iterator[Row]:
    """Measure and yield."""
    for what, figures in measure("benchmarks.decode:ours", times=chosen.times, profile=chosen.profile).items():
        case = f"a page of {PAGE} {what}, {figures['kilobytes']:.0f} kB"
        yield Row(case, "json.loads", figures["json"], "µs")
        yield Row(case, "asyncjobs, to snapshots", figures["snapshots"], "µs")
        yield Row(case, "asyncjobs, all resources as well", figures["full"], "µs")


def options(made: argparse.ArgumentParser) -> None:
    """Add the options of this part."""
    made.add_argument("--times", type=int, default=100, help="that each page is taken apart (default: 100)")


def main(arguments: list[str] | None = None) -> int:
    """Measure, print, and return the exit code."""
    return alone("decode", __doc__, options, rows, arguments)


if __name__ == "__main__":
    sys.exit(main())
