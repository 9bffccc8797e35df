"""
What does importing cost, beside importing the dependencies alone?

``import asyncjobs`` is measured by itself, which is what a program pays that has the import at its top. It is cheaper
than the dependencies, because the clients, and with them aiohttp, are loaded only when they are first named: that part
is put off, not saved. So a program that uses one client, and one that uses both, are measured as well, and theirs are
the figures to compare with other libraries: everything is loaded in them.

Fresh processes take turns at all statements, so that a slow moment of the machine hits all alike. What counts is the
processor time of the statement itself, with its bytecode compiled before: other programs do not show in it, nor does
starting Python. The ratios are to the dependencies; exits 1 if one is above its bound.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys

THEIRS = "import aiohttp, attrs, cattrs, anyio"
#: What each statement may cost, as a multiple of the dependencies. The first is the promise; the others keep what is
#: put off from growing unseen, with room for a noisy machine.
BOUNDS = {
    "import asyncjobs": 1.25,
    "from asyncjobs import WaterCrawl": 1.75,
    "from asyncjobs import Exa, WaterCrawl": 2.25,
}

_CLOCK = """
import sys, time
begun = time.process_time()
{}
print(time.process_time() - begun, "aiohttp" in sys.modules)
"""


def measure(statement: str) -> tuple[float, bool]:
    """Return the processor time of *statement* in a fresh interpreter, and whether it loaded aiohttp."""
    command = [sys.executable, "-c", _CLOCK.format(statement)]
    seconds, loaded = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()  # noqa: S603
    return float(seconds), loaded == "True"


def main(arguments: list[str] | None = None) -> int:
    """Measure, print, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.import_time", description="Compare import times.")
    parser.add_argument("--rounds", type=int, default=21, help="fresh processes for each statement (default: 21)")
    rounds = parser.parse_args(arguments).rounds
    statements = (THEIRS, *BOUNDS)
    # The first import compiles; nobody pays that twice.
    loads = {statement: measure(statement)[1] for statement in statements}
    turns = [[measure(statement)[0] for statement in statements] for _ in range(rounds)]
    medians = dict(zip(statements, map(statistics.median, zip(*turns, strict=True)), strict=True))
    above = False
    for statement, seconds in medians.items():
        ratio = seconds / medians[THEIRS]
        bound = BOUNDS.get(statement)
        above = above or (bound is not None and ratio > bound)
        told = "" if bound is None else f"at most {bound:.2f}"
        aiohttp = "" if loads[statement] else "without aiohttp"
        print(f"{statement:<38} {seconds * 1000:6.0f} ms {ratio:6.2f}  {told:<12}  {aiohttp}".rstrip())
    print(f"medians of {rounds} fresh processes each, and their ratio to the dependencies alone")
    return int(above)


if __name__ == "__main__":
    sys.exit(main())
