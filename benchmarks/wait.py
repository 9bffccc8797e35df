"""
What does waiting for many jobs cost, and how soon is each end noticed, beside a polling loop for each job?

The jobs end at random times within a minute. The loops and asyncjobs look at the same interval; *late* is the time from
a job's end, which the server knows, to when its waiter went on. Under a limit of requests the loops share an even and
fair one; what counts as many requests for ours is the client's own limit. exa-py polls at the same interval, too.

What a profile of ours shows: nearly all is spent on rows, little on requests. Per row the largest costs are decoding
it, if it has changed, reading off state and progress, and putting the job on the agenda again; see ``decode`` and
``wakeup``.

A page of a hundred cannot show more than a hundred jobs, so that at the same interval lists need 1.9 to 2.0 % of the
requests of loops which the processor lets keep their pace; loops that are starved make fewer, and are later themselves.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from benchmarks import _peers
from benchmarks._harness import Row, Server, alone, median, ratio, repeat
from benchmarks._waits import KINDS

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

RATE = 10.0
#: As late as the loops: their own p95 varies by so much from run to run.
AS_GOOD = 1.05
#: Those whose looks count under the service's limit.
_COUNTED = tuple(what for what, (kind, _) in KINDS.items() if kind == "exa.search")
_BESIDE_EXA = ("searches in as many websets", "agent runs")


def _late(case: str, who: str, turns: list[dict[str, Any]]) -> Iterator[Row]:
    for part in ("p50", "p95", "p99"):
        yield Row(case, f"{who}, late {part}", median(turns, part), "s")


def _freely(case: str, results: dict[str, list[Any]]) -> Iterator[Row]:
    bare, ours = results["bare"], results["ours"]
    for who, turns in (("polling loops", bare), ("asyncjobs", ours)):
        yield Row(case, f"{who}, requests", median(turns, "requests"))
        yield Row(case, f"{who}, megabytes", median(turns, "megabytes"), "MB")
        yield Row(case, f"{who}, processor time", median(turns, "cpu"), "s")
        yield from _late(case, who, turns)
    yield Row(case, "  requests of the loops'", 100 * ratio(ours, bare, "requests"), "%", most=2)
    yield Row(case, "  late p95 of the loops'", ratio(ours, bare, "p95"), "x", most=AS_GOOD)
    if "exa" in results:
        yield Row(case, "exa-py, processor time", median(results["exa"], "cpu"), "s")
        yield from _late(case, "exa-py", results["exa"])
        yield Row(case, "  exa-py's p95 of asyncjobs'", ratio(results["exa"], ours, "p95"), "x", least=10)


def rows(server: Server, chosen: argparse.Namespace) -> Iterator[Row]:
    """Measure and yield."""
    common = {
        "url": server.url,
        "jobs": chosen.jobs,
        "seconds": chosen.seconds,
        "interval": chosen.interval,
        "latency": chosen.latency / 1000,
    }
    for what in chosen.what or KINDS:
        named = f"{chosen.jobs:,} {what}"
        clients = ["bare", "ours"]
        if chosen.peers and _peers.installed() and what in _BESIDE_EXA:
            clients.append("exa")
        if not chosen.limited:
            results = repeat(
                {who: {"function": f"benchmarks._waits:{who}", "what": what, **common} for who in clients},
                chosen.repeats,
                profile=chosen.profile,
            )
            yield from _freely(named, results)
        if what in _COUNTED:
            limited = {"what": what, "rate": RATE, "timeout": 1200.0, **common}
            results = repeat(
                {who: {"function": f"benchmarks._waits:{who}", **limited} for who in ("bare", "ours")},
                chosen.repeats,
            )
            case = f"{named}, {RATE:g} requests/s"
            for who, turns in (("polling loops", results["bare"]), ("asyncjobs", results["ours"])):
                yield Row(case, f"{who}, most within a second", median(turns, "peak"), "requests")
                yield from _late(case, who, turns)
            yield Row(case, "  loops' p95 of asyncjobs'", ratio(results["bare"], results["ours"], "p95"), "x", least=20)


def options(made: argparse.ArgumentParser) -> None:
    """Add the options of this part."""
    made.add_argument("what", nargs="*", choices=[*KINDS, []], help="what is waited for (default: all)")
    made.add_argument("--jobs", type=int, default=1000, help="default: 1000")
    made.add_argument("--seconds", type=float, default=60.0, help="in which the jobs end (default: 60)")
    made.add_argument("--interval", type=float, default=1.0, help="between looks, in seconds (default: 1)")
    made.add_argument("--latency", type=float, default=0.0, help="in ms (default: 0)")
    made.add_argument("--limited", action="store_true", help="only under the limit of requests")
    made.set_defaults(repeats=1)


def main(arguments: list[str] | None = None) -> int:
    """Measure, print, and return the exit code."""
    return alone("wait", __doc__, options, rows, arguments)


if __name__ == "__main__":
    sys.exit(main())
