"""
What does ``import asyncjobs`` cost beside importing its dependencies alone?

Fresh processes take turns at both, so that a slow moment of the machine hits both alike. What counts is the processor
time of the import statement itself: other programs do not show in it, nor does starting Python. Exits 1 if the ratio
is above the bound.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys

BOUND = 1.25
OURS = "import asyncjobs"
THEIRS = "import aiohttp, attrs, cattrs, anyio"
# What a program pays sooner or later; shown without a bound.
CLIENTS = "from asyncjobs import Exa, WaterCrawl"

_CLOCK = "import time; begun = time.process_time(); {}; print(time.process_time() - begun)"


def seconds(statement: str) -> float:
    """Return the processor time of *statement* in a fresh interpreter."""
    command = [sys.executable, "-c", _CLOCK.format(statement)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)  # noqa: S603


def main(arguments: list[str] | None = None) -> int:
    """Measure, print, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.import_time", description="Compare import times.")
    parser.add_argument("--rounds", type=int, default=21, help="fresh processes for each side (default: 21)")
    rounds = parser.parse_args(arguments).rounds
    statements = (OURS, CLIENTS, THEIRS)
    for statement in statements:
        seconds(statement)  # The first import compiles; nobody pays that twice.
    turns = [[seconds(statement) for statement in statements] for _ in range(rounds)]
    ours, clients, theirs = (statistics.median(times) for times in zip(*turns, strict=True))
    for statement, time in zip(statements, (ours, clients, theirs), strict=True):
        print(f"{statement:<38} {time * 1000:6.0f} ms {time / theirs:6.2f}")
    ratio = ours / theirs
    print(f"ratio {ratio:.2f}, at most {BOUND} (medians of {rounds} fresh processes each)")
    return int(ratio > BOUND)


if __name__ == "__main__":
    sys.exit(main())
