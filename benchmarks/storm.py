"""
How fast are thousands of jobs cancelled, beside bare aiohttp and the services' own SDKs?

Bare aiohttp is the least that a program could do: POST, read, ``json()``, with a limit of 100 connections like ours.
Each job must be cancelled by one request whose reply says so, and nothing else may be asked, or a measurement fails.
A *stall* is for how long a heartbeat of 5 ms was late; where other programs run, only the processor time between two
beats is the client's doing. All processor times are the client's alone. Under *warm* all connections stand before the
storm begins.

What samples of a ``cancel_all`` show (``--profile`` shows much the same, but counts calls for too much), as parts of
the processor time: aiohttp with yarl 45 %, the event loop with the sockets 15 %, decoding JSON 6 %, ours 34 %, and of
that no module has more than 4 %: sending and reading (``_transport``), the reply's meaning (``_wire``), the cancel
itself (``_canceling``), the record, the figures of progress. In machine instructions (valgrind, user code only): bare
aiohttp 457,000 a cancel by workers and 580,000 in a gather, ours 590,000 in ``cancel_all`` and 670,000 in a gather.

By bare aiohttp each piece that is received may cost another tenth of all that, or not, by what the process happened to
have freed before: see :mod:`asyncjobs._buffers`. Ours never pays it.

Python's garbage collector goes through what was made since it last did whenever that is 700 objects more, and a cancel
under way consists of 80 by bare aiohttp, about 100 and 90 by ours. So it matters how many begin together: ours are six
in a turn of the event loop (:mod:`asyncjobs._runners`), and in a ``gather`` of 5,000 it takes 5 µs of a cancel, where
it takes 40 by bare aiohttp.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from benchmarks import _peers
from benchmarks._harness import Row, Server, alone, measure, median, ratio, repeat

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator

    Turns = Callable[[dict[str, dict[str, Any]]], dict[str, list[Any]]]

WORKERS = 32
#: exa-py is at its best with so many, and watercrawl-py has no better number of threads.
PEERS_WORKERS = 10
#: By the number of jobs in a gather: how long the loop may stall, in ms; and in any cancel_all.
_STALLS = {1000: 40, 5000: 150}
_BATCH_STALL = 15


def _contestant(who: str, **options: Any) -> dict[str, Any]:
    return {"function": f"benchmarks._storms:{who}", "service": "exa", "workers": 0, "warm": True, **options}


def _pair(server: Server, jobs: int, latency: float, *, warm: bool, turns: Turns) -> Iterator[Row]:
    """Compare bare aiohttp and asyncjobs: all at once, and so many at a time."""
    hows = {"gather": 0, "cancel_all": WORKERS}
    results = turns(
        {
            f"{who} {how}": _contestant(
                who, url=server.url, jobs=jobs, latency=latency / 1000, warm=warm, workers=workers
            )
            for who in ("bare", "ours")
            for how, workers in hows.items()
        }
    )
    promised = jobs >= 1000 and not latency and warm
    for how in hows:
        bare, ours = results[f"bare {how}"], results[f"ours {how}"]
        case = f"{jobs:,} cancels, {latency:g} ms, {'warm' if warm else 'cold'}, {how}"
        dearest, longest = (1.35, _STALLS.get(jobs)) if how == "gather" else (1.2, _BATCH_STALL)
        yield Row(case, "bare aiohttp", median(bare, "rate"), "requests/s")
        yield Row(case, "asyncjobs", median(ours, "rate"), "requests/s")
        yield Row(case, "  of bare aiohttp", ratio(ours, bare, "rate"), "x", least=0.85 if promised else None)
        yield Row(case, "bare aiohttp, processor time", median(bare, "cpu"), "µs/cancel")
        yield Row(case, "asyncjobs, processor time", median(ours, "cpu"), "µs/cancel")
        yield Row(case, "  of bare aiohttp", ratio(ours, bare, "cpu"), "x", most=dearest if promised else None)
        yield Row(case, "bare aiohttp, longest stall", median(bare, "stall"), "ms")
        yield Row(case, "asyncjobs, longest stall", median(ours, "stall"), "ms", most=longest if promised else None)
        yield Row(case, "  of that, processor time", median(ours, "stretch"), "ms")


def _beside_exa(server: Server, jobs: int, turns: Turns, *, cold: bool) -> Iterator[Row]:
    """Compare with exa-py, all at once and with its best number of workers."""
    common = {"url": server.url, "jobs": jobs, "latency": 0.0}

    def exa(workers: int, *, warm: bool) -> dict[str, Any]:
        return {"function": "benchmarks._peers:exa", "workers": workers, "warm": warm, **common}

    contestants = {
        "bare": _contestant("bare", **common),
        "ours": _contestant("ours", **common),
        "gather, warm": exa(0, warm=True),
        "httpx": {"function": "benchmarks._peers:httpx", **common},
        f"{PEERS_WORKERS} workers": exa(PEERS_WORKERS, warm=True),
    }
    least = {"gather, warm": {1000: 7, 5000: 12}, f"{PEERS_WORKERS} workers": {1000: 5}, "gather, cold": {1000: 100}}
    if cold:
        contestants["ours, cold"] = _contestant("ours", **common | {"warm": False})
        contestants["gather, cold"] = exa(0, warm=False)
    results = turns(contestants)
    case = f"{jobs:,} cancels, httpx gather, warm"
    yield Row(case, "httpx", median(results["httpx"], "rate"), "requests/s")
    yield Row(case, "asyncjobs, of httpx", ratio(results["ours"], results["httpx"], "rate"), "x")
    for how in [name for name in contestants if name in least]:
        ours = results["ours, cold" if how == "gather, cold" else "ours"]
        case = f"{jobs:,} cancels, exa-py {how}"
        yield Row(case, "exa-py", median(results[how], "rate"), "requests/s")
        yield Row(case, "exa-py, processor time", median(results[how], "cpu"), "µs/cancel")
        yield Row(case, "exa-py, longest stall", median(results[how], "stall"), "ms")
        yield Row(case, "asyncjobs, of exa-py", ratio(ours, results[how], "rate"), "x", least=least[how].get(jobs))
        if how != "gather, cold":
            yield Row(case, "bare aiohttp, of exa-py", ratio(results["bare"], results[how], "rate"), "x")


def _beside_watercrawl(server: Server, jobs: int, turns: Turns) -> Iterator[Row]:
    """
    Compare with watercrawl-py in threads, on WaterCrawl.

    Its cancel is a DELETE that is answered with 204 and may still come too late; ours without *confirm* is the same.
    The confirmed one goes on until the end was seen, which takes the service's half second of doubt.
    """
    common = {"url": server.url, "jobs": jobs, "latency": 0.0}
    results = turns(
        {
            "peer": {"function": "benchmarks._peers:watercrawl", "workers": PEERS_WORKERS, **common},
            "bare": _contestant("bare", service="watercrawl", **common),
            "ours": _contestant("ours", service="watercrawl", confirm=False, **common),
            "seen": _contestant("ours", service="watercrawl", confirmed=True, **common),
        }
    )
    case = f"{jobs:,} cancels on WaterCrawl, {PEERS_WORKERS} threads"
    peer, ours = results["peer"], results["ours"]
    yield Row(case, "watercrawl-py", median(peer, "rate"), "requests/s")
    yield Row(case, "watercrawl-py, processor time", median(peer, "cpu"), "µs/cancel")
    yield Row(case, "asyncjobs, unconfirmed", median(ours, "rate"), "requests/s")
    yield Row(case, "  of watercrawl-py", ratio(ours, peer, "rate"), "x", least=3.5)
    yield Row(case, "bare aiohttp, of watercrawl-py", ratio(results["bare"], peer, "rate"), "x")
    yield Row(case, "asyncjobs, each end seen", median(results["seen"], "seconds"), "s")
    yield Row(case, "asyncjobs, each end seen", median(results["seen"], "requests"), "requests/job")


def _hardships(server: Server) -> Iterator[Row]:
    """Check what must not fail; the measurement fails if a single cancel does."""
    common = {"url": server.url, "warm": False}
    figures = measure(**_contestant("ours", jobs=20_000, latency=0.0, descriptors=256, **common))
    yield Row("20,000 cancels, at most 256 open files, gather", "all cancelled within", figures["seconds"], "s")
    figures = measure(**_contestant("ours", jobs=5_000, latency=0.05, deadline=2.0, **common))
    yield Row("5,000 cancels, 50 ms, deadline of 2 s, gather", "all cancelled within", figures["seconds"], "s")


def _turn_by_turn(server: Server, batches: int) -> Iterator[Row]:
    for how, workers, dearest in (("gather", 0, 1.35), ("cancel_all", WORKERS, 1.2)):
        figures = measure("benchmarks._storms:in_turns", url=server.url, jobs=500, workers=workers, batches=batches)
        case = f"{batches} turns of 500 cancels in one process, {how}"
        yield Row(case, "bare aiohttp, processor time", figures["bare"], "µs/cancel")
        yield Row(case, "asyncjobs, processor time", figures["ours"], "µs/cancel")
        yield Row(case, "  of bare aiohttp", figures["ratio"], "x", most=dearest)


def rows(server: Server, chosen: argparse.Namespace) -> Iterator[Row]:
    """Measure and yield."""

    def turns(contestants: dict[str, dict[str, Any]]) -> dict[str, list[Any]]:
        return repeat(contestants, chosen.repeats, profile=chosen.profile)

    yield from _turn_by_turn(server, chosen.batches)
    if chosen.turns:
        return
    for latency in chosen.latency:
        for jobs in chosen.jobs:
            for warm in (True,) if chosen.warm else (True, False):
                yield from _pair(server, jobs, latency, warm=warm, turns=turns)
    if chosen.hardships:
        yield from _hardships(server)
    if chosen.peers and _peers.installed():
        for jobs in chosen.jobs:
            # Above a thousand its cold pool takes minutes for what takes a second.
            yield from _beside_exa(server, jobs, turns, cold=jobs <= 1000 and not chosen.warm)
            yield from _beside_watercrawl(server, jobs, turns)


def options(made: argparse.ArgumentParser) -> None:
    """Add the options of this part."""
    made.add_argument("--jobs", type=int, nargs="+", default=[100, 1000, 5000], help="default: 100 1000 5000")
    made.add_argument("--latency", type=float, nargs="+", default=[0, 50], help="in ms (default: 0 50)")
    made.add_argument("--turns", action="store_true", help="only let both take turns in one process: the least noise")
    made.add_argument("--batches", type=int, default=40, help="how many such turns there are (default: 40)")
    made.add_argument("--warm", action="store_true", help="leave out the storms that begin without connections")
    made.add_argument("--no-hardships", dest="hardships", action="store_false", help="leave out what must not fail")


def main(arguments: list[str] | None = None) -> int:
    """Measure, print, and return the exit code."""
    return alone("storm", __doc__, options, rows, arguments)


if __name__ == "__main__":
    sys.exit(main())
