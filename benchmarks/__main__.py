"""
All measurements of speed, one after the other: ``python -m benchmarks``, ``--json FILE`` to keep the figures.

Each part can be run alone, with options of its own: ``python -m benchmarks.storm --help``. The drills of outages and
the campaigns of faults are no measurements of speed and only run alone.
"""

from __future__ import annotations

import argparse
import sys
import time
from typing import TYPE_CHECKING

import attrs

from benchmarks import decode, growth, import_time, lanes, memory, storm, wait, wakeup
from benchmarks._harness import Row, parser, save, serving, tell

if TYPE_CHECKING:
    from types import ModuleType

#: With what each part is measured when it must be quick: enough to see that it works, too little for the figures.
PARTS: dict[str, tuple[ModuleType, list[str]]] = {
    "import_time": (import_time, ["--rounds", "3"]),
    "decode": (decode, ["--times", "5"]),
    "storm": (storm, ["--jobs", "100", "--latency", "0", "--repeats", "1", "--batches", "2", "--no-hardships"]),
    "lanes": (lanes, ["--jobs", "300", "--cancels", "2"]),
    "wakeup": (wakeup, ["--jobs", "400", "--repeats", "1", "--pause", "1"]),
    "wait": (wait, ["--jobs", "60", "--seconds", "4", "--repeats", "1"]),
    "memory": (memory, ["--jobs", "300", "--rounds", "2"]),
    "growth": (growth, ["--jobs", "300", "--agenda", "1000", "10000", "--repeats", "1"]),
}


def main(arguments: list[str] | None = None) -> int:
    """Measure everything, print a table, and return 1 if a promise was not kept."""
    made = argparse.ArgumentParser(prog="python -m benchmarks", description=(__doc__ or "").strip().splitlines()[0])
    made.add_argument("--json", metavar="FILE", help="write the rows there as well")
    made.add_argument("--quick", action="store_true", help="only see that everything works; the figures mean little")
    made.add_argument("--peers", action=argparse.BooleanOptionalAction, default=True, help="measure other SDKs, too")
    made.add_argument("--parts", nargs="+", choices=list(PARTS), default=list(PARTS), help="default: all")
    chosen = made.parse_args(arguments)
    told: dict[str, list[Row]] = {}
    with serving() as server:
        for name in chosen.parts:
            part, quick = PARTS[name]
            given = [*(quick if chosen.quick else []), "--peers" if chosen.peers else "--no-peers"]
            inner = parser(name, part.__doc__ or name)
            part.options(inner)
            began = time.monotonic()
            print(f"\n{name}: {(part.__doc__ or '').strip().splitlines()[0]}", flush=True)
            rows = part.rows(server, inner.parse_args(given))
            # At a tiny scale nothing is promised.
            told[name] = tell(attrs.evolve(row, least=None, most=None) if chosen.quick else row for row in rows)
            print(f"({time.monotonic() - began:.0f} s)", flush=True)
            save(chosen.json, told)
    missed = [(name, row) for name, rows in told.items() for row in rows if row.met is False]
    print(f"\n{len(missed)} of {sum(row.met is not None for rows in told.values() for row in rows)} promises not kept:")
    for name, row in missed:
        print(f"{name:<12} {row}")
    return int(bool(missed))


if __name__ == "__main__":
    sys.exit(main())
