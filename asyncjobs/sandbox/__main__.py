"""``python -m asyncjobs.sandbox``."""

from __future__ import annotations

import argparse

from . import serve


def main(arguments: list[str] | None = None) -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(
        prog="python -m asyncjobs.sandbox", description="Serve local doubles of Exa and WaterCrawl jobs."
    )
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on (default: loopback only)")
    parser.add_argument("--port", type=int, default=8765, help="the port to listen on, 0 for a free one")
    parser.add_argument("--speed", type=float, default=1.0, help="how fast jobs live: 2 is twice as fast")
    parser.add_argument("--seed", type=int, default=0, help="fixes ids and the lengths of lives")
    options = parser.parse_args(arguments)
    if not options.host:
        parser.error("--host: expected an address")
    if not 0 <= options.port <= 65535:  # noqa: PLR2004
        parser.error("--port: expected 0 to 65535")
    if not 0 < options.speed < float("inf"):
        parser.error("--speed: expected a positive number")
    serve(host=options.host, port=options.port, speed=options.speed, seed=options.seed)


if __name__ == "__main__":
    main()
