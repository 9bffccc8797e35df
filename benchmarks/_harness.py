"""
What all measurements share: a server beside them, a process for each, turns in shuffled order, and a table.

Whatever is compared is measured in the same repeat, one after the other in an order that is drawn anew each time, each
in a process of its own; ratios are taken within a repeat, and their medians are what is told. So a slow moment of the
machine, and there are many, makes a repeat worse but hardly a ratio.
"""

from __future__ import annotations

import argparse
import contextlib
import cProfile
import importlib
import io
import json
import os
import pstats
import random
import statistics
import subprocess
import sys
import threading
import time
import urllib.request
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

#: Where fresh processes find this checkout, whatever is installed.
_ROOT = Path(__file__).parents[1]


def pin(place: int) -> None:
    """Keep this process on the first processor (0) or on the second (1), where the system can and has two."""
    if hasattr(os, "sched_setaffinity"):
        processors = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {processors[place % len(processors)]})


# -- the server ---------------------------------------------------------------


class Server:
    """The server of a benchmark, in a process of its own; see ``_server``."""

    def __init__(self, url: str) -> None:
        self.url = url

    def world(self, **options: Any) -> None:
        """Begin anew: *jobs*, *websets*, *ends* and *latency* (in seconds) of what is to be shown."""
        self._ask("world", options)

    def latency(self, seconds: float) -> None:
        """Answer so late from now on."""
        self._ask("latency", seconds)

    def stats(self) -> dict[str, Any]:
        """Return what was asked for since the world began."""
        return dict(json.loads(self._ask("stats", None)))

    def _ask(self, what: str, body: Any) -> bytes:
        with urllib.request.urlopen(f"{self.url}/bench/{what}", json.dumps(body).encode()) as reply:  # noqa: S310
            return bytes(reply.read())


@contextlib.contextmanager
def serving() -> Iterator[Server]:
    """Run a server for as long as the block lasts."""
    command = [sys.executable, "-m", "benchmarks._server"]
    with subprocess.Popen(command, cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield Server(f"http://127.0.0.1:{int(process.stdout.readline())}")
        finally:
            process.stdin.close()


# -- one measurement ------------------------------------------------------------


def measure(function: str, *, profile: bool = False, timeout: float = 600.0, **options: Any) -> dict[str, Any]:
    """
    Call *function* ("module:name") with *options* in a fresh process and return what it returns.

    With *profile*, what took most of the time is printed, and the figures mean nothing.
    """
    request = json.dumps({"function": function, "profile": profile, "options": options})
    command = [sys.executable, "-m", "benchmarks._harness"]
    with subprocess.Popen(command, cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        assert process.stdin is not None
        assert process.stdout is not None
        late = threading.Timer(timeout, process.kill)
        late.start()
        try:
            # It stays open: when this process is gone, the other one ends as well.
            process.stdin.write(f"{request}\n")
            process.stdin.flush()
            output = process.stdout.read()
        finally:
            late.cancel()
    if process.returncode:
        raise SystemExit(f"{function} with {options} did not end well, or not within {timeout:g} s")
    told, _, figures = output.rstrip("\n").rpartition("\n")
    if told:
        print(told)
    return dict(json.loads(figures))


def _end_with_parent() -> None:
    os.read(sys.stdin.fileno(), 1)
    os._exit(1)


def _child() -> None:
    request = json.loads(sys.stdin.readline())
    # What goes on measuring for nobody spoils what is measured next.
    threading.Thread(target=_end_with_parent, daemon=True).start()
    module, _, name = request["function"].partition(":")
    function = getattr(importlib.import_module(module), name)
    pin(1)
    if not request["profile"]:
        print(json.dumps(function(**request["options"])))
        return
    # Of the processor: what other programs take is not ours.
    profiler = cProfile.Profile(time.process_time)
    figures = profiler.runcall(function, **request["options"])
    told = io.StringIO()
    stats = pstats.Stats(profiler, stream=told).sort_stats("tottime").print_stats(25)
    print(f"profile of {request['function']} {request['options']}\n{_by_place(stats)}\n{told.getvalue()}")
    print(json.dumps(figures))


def _by_place(stats: Any) -> str:
    """Return which packages, and which modules of ours, took which part of the time."""
    used: Counter[str] = Counter()
    for (file, _, _), (_, _, own, *_) in stats.stats.items():
        path = Path(file)
        if "asyncjobs" in path.parts and "site-packages" not in path.parts:
            used[f"asyncjobs/{path.stem}"] += own
            used["asyncjobs in all"] += own
        elif "site-packages" in path.parts:
            used[path.parts[path.parts.index("site-packages") + 1]] += own
        else:
            used["built in" if file == "~" else f"{path.parent.name}/{path.stem}"] += own
    return "\n".join(f"{seconds / stats.total_tt:7.1%}  {place}" for place, seconds in used.most_common(22))


# -- repeats ----------------------------------------------------------------------


def repeat(contestants: dict[str, dict[str, Any]], repeats: int, *, profile: bool = False) -> dict[str, list[Any]]:
    """
    Measure all *contestants* (arguments of :func:`measure` by name) *repeats* times.

    Each repeat measures all, in an order of its own; the figures of one repeat stand at the same place in each list.
    With *profile* there is one, in which ours run under the profiler, and no figure means anything.
    """
    results: dict[str, list[Any]] = {name: [] for name in contestants}
    for _ in range(1 if profile else repeats):
        for name in random.sample(list(contestants), len(contestants)):
            contestant = contestants[name]
            results[name].append(measure(**contestant, profile=profile and ":ours" in contestant["function"]))
    return results


def median(turns: Iterable[dict[str, Any]], figure: str) -> float:
    """Return the median of one figure."""
    return float(statistics.median(turn[figure] for turn in turns))


def ratio(ours: Sequence[dict[str, Any]], theirs: Sequence[dict[str, Any]], figure: str) -> float:
    """Return the median of the ratios of one figure, each taken within a repeat."""
    return float(statistics.median(our[figure] / their[figure] for our, their in zip(ours, theirs, strict=True)))


def percentile(values: Iterable[float], part: float) -> float:
    """Return the value below which *part* of all values lie (0 to 1); of none, NaN."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))] if ordered else float("nan")


# -- what is told -----------------------------------------------------------------


@attrs.frozen
class Row:
    """
    One line of the table.

    *least* and *most* are what is promised, ``None`` where nothing is.
    """

    case: str
    figure: str
    value: float
    unit: str = ""
    least: float | None = attrs.field(default=None, kw_only=True)
    most: float | None = attrs.field(default=None, kw_only=True)

    @property
    def met(self) -> bool | None:
        """Whether the promise is kept; ``None`` without one."""
        if self.least is None and self.most is None:
            return None
        return (self.least is None or self.value >= self.least) and (self.most is None or self.value <= self.most)

    def __str__(self) -> str:
        target = f"at least {self.least:g}" if self.least is not None else ""
        target = f"at most {self.most:g}" if self.most is not None else target
        verdict = {None: "", True: "met", False: "MISSED"}[self.met]
        value = f"{self.value:,.0f}" if abs(self.value) >= 1000 else f"{self.value:.3g}"
        return f"{self.case:<66} {self.figure:<32} {value:>9} {self.unit:<11} {target:<15} {verdict}".rstrip()


def parser(name: str, doc: str) -> argparse.ArgumentParser:
    """Return the options that all parts have."""
    made = argparse.ArgumentParser(prog=f"python -m benchmarks.{name}", description=doc.strip().splitlines()[0])
    made.add_argument("--repeats", type=int, default=5, help="how often all are measured (default: 5)")
    made.add_argument("--json", metavar="FILE", help="write the rows there as well")
    made.add_argument("--peers", action=argparse.BooleanOptionalAction, default=True, help="measure other SDKs, too")
    made.add_argument(
        "--profile",
        action="store_true",
        help="show what costs ours the most; figures mean nothing",
    )
    return made


def alone(
    name: str,
    doc: str | None,
    options: Callable[[argparse.ArgumentParser], None],
    rows: Callable[[Server, argparse.Namespace], Iterable[Row]],
    arguments: list[str] | None,
) -> int:
    """Run one part by itself; return 1 if a promise was not kept."""
    made = parser(name, doc or name)
    options(made)
    chosen = made.parse_args(arguments)
    with serving() as server:
        told = tell(rows(server, chosen))
    save(chosen.json, {name: told})
    return int(any(row.met is False for row in told))


def tell(rows: Iterable[Row]) -> list[Row]:
    """Print rows as they come and return them."""
    told = []
    for row in rows:
        print(row, flush=True)
        told.append(row)
    return told


def save(file: str | None, parts: dict[str, list[Row]]) -> None:
    """Write the rows of each part as JSON, if a file is wanted."""
    if file is None:
        return
    body = {part: [attrs.asdict(row) | {"met": row.met} for row in rows] for part, rows in parts.items()}
    report = {"python": sys.version.split()[0], "processors": os.cpu_count(), "parts": body}
    Path(file).write_text(json.dumps(report, indent=1), encoding="utf-8")


if __name__ == "__main__":
    _child()
