"""
Is a job ever doubled, lost, orphaned, waited for in vain or told wrongly, when the service is at its worst?

Each run creates so many jobs of all kinds at a sandbox, uses them as programs do (waits, results, cancels, blocks,
groups, websets with what is in them, imports whose rows are sent elsewhere, runs of monitors, tasks that are cancelled
at random points, clients that are closed in the middle of things), and strikes a share of all requests: refused and
reset connections, replies that are cut anywhere, stalls, refusals alone and in storms, errors with HTML before and
after the deed, nonsense under a 200, stale reads, unknown words, states that go backwards, restarts. Some clients have
no other news than their own looks; others are told by signed webhooks, of which some are forged, late, repeated or lost
for good; others read the service's list of events. In the end, what our side was told is held against the ledger of the
service. Virtual time in this process, or with ``--sockets`` real time over real connections; exits 1 if one of these is
not zero:

doubled      one logical create made two jobs at the service, or two webhooks.
lost         a job exists of which nobody on our side was told: it was not returned, adopted, a candidate of a
             ``CreateUncertain``, or named in a note or in the log; and it is not one that was owned and has ended.
unnamed      the same, but its create was called uncertain: somebody knows that it may exist, and not which one it is,
             also after looking again (``client.reconcile``) when all was well.
orphaned     a job that a block or a group owned was active when its clients had closed, or two minutes later, and no
             note, exception or log said so.
deserted     a block or a group was left by its first cancellation or without one, and a job that it owned was neither
             seen to have ended nor reported at that moment.
hung         an operation did not end within 2,000 seconds.
wrong        somebody was told an end, or an outcome of a cancel, that is not the job's last word, and no contradiction
             was flagged; or was told that a job does not exist that does; or was given the job of another create; or
             a forged event was believed; or a kind was said to lack a verb that it has, or sent one that it lacks.
needless     a create was called uncertain although no request for it arrived, or every one was answered with a 429.
impatient    an operation raised a 429, a 5xx or a broken connection before half of the retry budget was over.
untyped      anything else than an ``AsyncJobsError`` came out, to a caller, to the event loop or into the log.
tasks        tasks of the library that run after ``aclose``.
connections  connections that are in use after ``aclose``.

Allowed, and counted: ``uncertain`` creates (``found`` by looking again in the end), ``unconfirmed`` jobs which were
reported as possibly running (``CancelUnconfirmed``, a note, the log), ``adopted`` jobs, and how often somebody was
told that a kind is ``unable`` to do something (``NotSupported``: nothing cancels imports and runs of monitors).
``--without`` takes one of the library's protections away; then the column that it is for is not zero.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import sys
import time
from typing import TYPE_CHECKING

import attrs

from benchmarks._faults_audit import BAD, TOLD, Result
from benchmarks._faults_clients import SOURCES, Setup
from benchmarks._faults_run import run
from benchmarks._faults_truth import KINDS
from benchmarks._faults_without import WITHOUT

if TYPE_CHECKING:
    from collections.abc import Iterator


def main(arguments: list[str] | None = None) -> int:
    """Run, print, and return the exit code."""
    given = _parser().parse_args(arguments)
    seeds = range(given.first_seed, given.first_seed + given.seeds)
    setups = [
        Setup(
            seed,
            given.jobs,
            given.rate,
            given.sockets,
            given.without,
            kinds=tuple(given.kind or KINDS),
            sources=tuple(given.source or SOURCES),
        )
        for seed in seeds
    ]
    began = time.perf_counter()
    total = Result()
    if not given.json:
        _line("seed", [*TOLD, *BAD])
    for setup, result in zip(setups, _results(setups, given.processes), strict=True):
        total.add(result, f"seed {setup.seed}")
        if not given.json:
            _line(str(setup.seed), [str(result.counts[column]) for column in (*TOLD, *BAD)])
    if given.json:
        print(json.dumps(attrs.asdict(total) | {"seconds": time.perf_counter() - began, "ok": total.ok}))
        return 0 if total.ok else 1
    _line("total", [str(total.counts[column]) for column in (*TOLD, *BAD)])
    share = total.counts["struck"] / max(total.counts["requests"], 1)
    print(f"struck {share:.1%}:", ", ".join(f"{count} {name}" for name, count in total.faults.most_common()))
    print("raised:", ", ".join(f"{count} {name}" for name, count in total.errors.most_common()))
    print("ends shown by:", ", ".join(f"{count} {name}" for name, count in total.shown.most_common()))
    print(*total.cases[: given.cases], sep="\n")
    print(f"{time.perf_counter() - began:.0f} s")
    return 0 if total.ok else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.faults", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--jobs", type=int, default=2000, help="creates in each run (default: 2000)")
    parser.add_argument("--seeds", type=int, default=20, help="runs (default: 20)")
    parser.add_argument("--first-seed", type=int, default=0, help="the first of them (default: 0)")
    parser.add_argument("--rate", type=float, default=0.2, help="share of requests that are struck (default: 0.2)")
    parser.add_argument("--sockets", action="store_true", help="over real sockets, in real time")
    parser.add_argument("--without", choices=WITHOUT, help="take one of the library's protections away")
    parser.add_argument("--kind", action="append", choices=KINDS, help="only this kind of jobs, or several")
    parser.add_argument("--source", action="append", choices=SOURCES, help="only this source of news, or several")
    parser.add_argument("--json", action="store_true", help="print everything as JSON")
    parser.add_argument("--cases", type=int, default=20, help="cases of bad columns to print (default: 20)")
    parser.add_argument("--processes", type=int, default=None, help="how many at a time (default: one for each core)")
    return parser


def _results(setups: list[Setup], processes: int | None) -> Iterator[Result]:
    if processes == 1 or len(setups) == 1:
        yield from map(run, setups)
        return
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        yield from pool.imap(run, setups)


def _line(name: str, cells: list[str]) -> None:
    widths = [max(len(column), 4) for column in (*TOLD, *BAD)]
    print(f"{name:<5}", *(f"{cell:>{width}}" for cell, width in zip(cells, widths, strict=True)), flush=True)


if __name__ == "__main__":
    sys.exit(main())
