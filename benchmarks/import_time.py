"""
What does importing cost, beside importing the dependencies alone?

``import asyncjobs`` is measured by itself, which is what a program pays that has the import at its top. It is cheaper
than the dependencies, because the clients, and with them aiohttp, are loaded only when they are first named: that part
is put off, not saved. So a program that uses one client, and one that uses both, are measured as well, and theirs are
the figures to compare with other libraries: everything is loaded in them.

Fresh processes take turns at all statements, so that a slow moment of the machine hits all alike. What counts is the
processor time of the statement itself, with its bytecode compiled before: other programs do not show in it, nor does
starting Python. The ratios are to the dependencies; exits 1 if one is above its bound.

What ``python -X importtime`` shows: aiohttp is about a half of what the clients cost, cattrs and anyio come next;
of our own modules those that make attrs classes are the dearest, up to 10 ms each.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
from typing import TYPE_CHECKING

from benchmarks._harness import Row, Server, alone

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

THEIRS = "import aiohttp, attrs, cattrs, anyio"
#: What each statement may cost, as a multiple of the dependencies. The first is the promise; the others keep what is
#: put off from growing unseen, with room for a noisy machine.
BOUNDS = {
    "import asyncjobs": 1.25,
    "from asyncjobs import WaterCrawl": 2.0,
    "from asyncjobs import Exa, WaterCrawl": 2.5,
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


def rows(_: Server, chosen: argparse.Namespace) -> Iterator[Row]:
    """Measure and yield."""
    statements = (THEIRS, *BOUNDS)
    # The first import compiles; nobody pays that twice.
    loads = {statement: measure(statement)[1] for statement in statements}
    turns = [[measure(statement)[0] for statement in statements] for _ in range(chosen.rounds)]
    medians = dict(zip(statements, map(statistics.median, zip(*turns, strict=True)), strict=True))
    for statement, seconds in medians.items():
        case = statement if loads[statement] else f"{statement} (without aiohttp)"
        yield Row(case, "processor time", seconds * 1000, "ms")
        if statement in BOUNDS:
            yield Row(case, "  of the dependencies'", seconds / medians[THEIRS], "x", most=BOUNDS[statement])


def options(made: argparse.ArgumentParser) -> None:
    """Add the options of this part."""
    made.add_argument("--rounds", type=int, default=21, help="fresh processes for each statement (default: 21)")


def main(arguments: list[str] | None = None) -> int:
    """Measure, print, and return the exit code."""
    return alone("import_time", __doc__, options, rows, arguments)


if __name__ == "__main__":
    sys.exit(main())
