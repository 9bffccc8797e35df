"""
What does a client send while its service is away, and how soon does it notice that it is back?

A thousand jobs of three kinds are waited for with one client when the service goes away for a minute, in one of
several ways; and a thousand are cancelled while it is away. All of it happens in virtual time and in memory, so that
a drill takes seconds. *ordinary* is what looking at each job at the slowest pace of its kind would have sent meanwhile.

``python -m benchmarks.outage`` prints one line for each way; exits 1 if more than 2 % of the ordinary looks were sent,
if a wait did not end well, or if the return was noticed later than the longest backoff allows.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import attrs

from asyncjobs import Exa, Job, JobState, Settings
from asyncjobs.exa import AGENT_RUN, ENRICHMENT, SEARCH
from asyncjobs.sandbox import Answer, Drop, Fault, Life, Sandbox, Stall
from asyncjobs.testing import run_virtual

if TYPE_CHECKING:
    from collections.abc import Callable

HTML = "<html><body><h1>503 Service Unavailable</h1></body></html>"
_AWAY: dict[str, Fault | None] = {
    "refused": None,  # No connection is accepted; those that stand are broken off.
    "503 with HTML": Fault(Answer(503, HTML, {"Content-Type": "text/html"}), times=None),
    "503, Retry-After: 5": Fault(Answer(503, HTML, {"Content-Type": "text/html", "Retry-After": "5"}), times=None),
    "reset": Fault(Drop(reset=True), times=None),
    "stalled": Fault(Stall(None), times=None),
}
WAYS = tuple(_AWAY)
#: A probe is sent at most so many seconds after the one before, or after a stalled one has timed out.
LONGEST_STEP = 20.0
SHARE = 0.02
_LATENCY = 0.05
#: Jobs are watched for so long before the outage.
_BEFORE = 1.5


@attrs.frozen
class Figures:
    """
        What one drill showed. Times are in seconds.

    *sent* is how many requests were sent during the outage, *ordinary* how many looks would have been; *noticed* is
    how long after the service's return the first request came that was answered well, *done* when the last wait ended;
    *after* is how many requests came after the return and *peak* the most of them at once; *results* counts how waits
    or cancels ended, *real* is the processor time of the whole drill.
    """

    way: str
    jobs: int
    sent: int
    ordinary: float
    noticed: float
    done: float
    after: int
    peak: int
    results: dict[str, int]
    real: float

    @property
    def share(self) -> float:
        """The requests sent, as a part of the ordinary ones."""
        return self.sent / self.ordinary


class _Service:
    """A sandbox that can go away."""

    def __init__(self, sandbox: Sandbox, way: str) -> None:
        self._sandbox = sandbox
        self._fault = _AWAY[way]
        self._way = way
        self.sent = 0
        self.back = 0.0

    async def go_away(self, seconds: float) -> None:
        """Be away for *seconds*, and count what is asked meanwhile."""
        sandbox = self._sandbox
        asked, refused = len(sandbox.ledger.requests), sandbox.refused
        if self._fault is None:
            sandbox.restart(seconds)
        else:
            sandbox.fault(self._fault)
        await asyncio.sleep(seconds)
        sandbox.clear_faults()
        self.back = asyncio.get_running_loop().time()
        sandbox.ledger.peak = sandbox.ledger.in_flight
        self.sent = len(sandbox.ledger.requests) - asked + sandbox.refused - refused

    def asked(self) -> int:
        """Return how many requests came after the return."""
        return sum(row.at >= self.back for row in self._sandbox.ledger.requests)

    def after(self) -> list[float]:
        """Return when requests came after the return that were answered well, in seconds since then."""
        rows = self._sandbox.ledger.requests
        return [row.at - self.back for row in rows if row.at >= self.back and row.status == 200]


async def _jobs(exa: Exa, sandbox: Sandbox, count: int, works: float | None) -> list[Job[Any]]:
    for kind in (SEARCH, ENRICHMENT, AGENT_RUN):
        sandbox.script(kind.name, Life.ordinary(kind.name, works=works), times=None)
    webset = await exa.websets.create(search={"query": "q", "count": 1})
    creates: tuple[Callable[[], Any], ...] = (
        lambda: exa.agent.runs.create(query="q"),
        lambda: exa.websets.searches.create(webset.id, query="q", count=1),
        lambda: exa.websets.enrichments.create(webset.id, description="d"),
    )
    return list(await asyncio.gather(*(creates[number % 3]() for number in range(count))))


def _ordinary(jobs: list[Job[Any]], seconds: float) -> float:
    ceilings = {kind.name: kind.pace.ceiling for kind in (SEARCH, ENRICHMENT, AGENT_RUN)}
    return sum(seconds / ceilings[job.kind] for job in jobs)


async def drill(way: str, *, jobs: int = 1000, seconds: float = 60.0, settings: Settings | None = None) -> Figures:
    """Wait for *jobs* jobs through an outage; each ends in its middle. For a virtual loop."""
    began = time.process_time()
    loop = asyncio.get_running_loop()
    async with (
        Sandbox(sockets=False, latency=_LATENCY) as sandbox,
        Exa("key", base_url=sandbox.url, session=sandbox.session(), settings=settings) as exa,
    ):
        watched = await _jobs(exa, sandbox, jobs, works=_BEFORE + seconds / 2)
        waits = [asyncio.create_task(job.wait()) for job in watched]
        await asyncio.sleep(_BEFORE)
        service = _Service(sandbox, way)
        await service.go_away(seconds)
        ends = await asyncio.gather(*waits, return_exceptions=True)
        done = loop.time() - service.back
        after = service.after()
        results = Counter(type(end).__name__ if isinstance(end, BaseException) else str(end.state) for end in ends)
        return Figures(
            way=way,
            jobs=jobs,
            sent=service.sent,
            ordinary=_ordinary(watched, seconds),
            noticed=min(after),
            done=done,
            after=service.asked(),
            peak=sandbox.ledger.peak,
            results=dict(results),
            real=time.process_time() - began,
        )


async def cancels(way: str, *, jobs: int = 1000, seconds: float = 120.0) -> Figures:
    """Cancel *jobs* jobs while the service is away for so long; *ordinary* is then one request for each."""
    began = time.process_time()
    loop = asyncio.get_running_loop()
    async with (
        Sandbox(sockets=False, latency=_LATENCY) as sandbox,
        Exa("key", base_url=sandbox.url, session=sandbox.session()) as exa,
    ):
        running = await _jobs(exa, sandbox, jobs, works=None)
        service = _Service(sandbox, way)
        away = asyncio.create_task(service.go_away(seconds))
        await asyncio.sleep(1.0)
        ends = await asyncio.gather(*(job.cancel(timeout=None) for job in running), return_exceptions=True)
        await away
        done = loop.time() - service.back
        after = service.after()
        results = Counter(type(end).__name__ if isinstance(end, BaseException) else str(end) for end in ends)
        return Figures(
            way=way,
            jobs=jobs,
            sent=service.sent,
            ordinary=jobs,
            noticed=min(after, default=float("nan")),
            done=done,
            after=service.asked(),
            peak=sandbox.ledger.peak,
            results=dict(results),
            real=time.process_time() - began,
        )


def holds(figures: Figures) -> bool:
    """Whether waits through an outage kept their promises."""
    return (
        figures.share <= SHARE
        and figures.results == {JobState.COMPLETED: figures.jobs}
        and figures.noticed <= LONGEST_STEP + 1
    )


def _line(figures: Figures) -> str:
    results = ", ".join(f"{count} {name}" for name, count in figures.results.items())
    return (
        f"{figures.way:<20} {figures.sent:>6} sent {figures.share:>8.2%}   noticed {figures.noticed:>5.1f} s"
        f"   done {figures.done:>5.1f} s   at once {figures.peak:>4}   {figures.real:>5.1f} s real   {results}"
    )


def main(arguments: list[str] | None = None) -> int:
    """Drill, print, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.outage", description="Drill outages in virtual time.")
    parser.add_argument("ways", nargs="*", metavar="WAY", help=f"of: {'; '.join(WAYS)} (default: all)")
    parser.add_argument("--jobs", type=int, default=1000, help="jobs that are waited for (default: 1000)")
    parser.add_argument("--seconds", type=float, default=60.0, help="length of the outage (default: 60)")
    chosen = parser.parse_args(arguments)
    logging.getLogger("asyncjobs").setLevel(logging.ERROR)
    good = True
    print(f"{chosen.jobs} waits, the service away for {chosen.seconds:g} s; the part is of the ordinary looks:")
    for way in chosen.ways or WAYS:
        figures = run_virtual(drill(way, jobs=chosen.jobs, seconds=chosen.seconds))
        good = good and holds(figures)
        print(_line(figures), flush=True)
    print(f"{chosen.jobs} cancels, the service away for {chosen.seconds:g} s; the part is of one request each:")
    for way in chosen.ways or WAYS:
        print(_line(run_virtual(cancels(way, jobs=chosen.jobs, seconds=chosen.seconds))), flush=True)
    return int(not good)


if __name__ == "__main__":
    sys.exit(main())
