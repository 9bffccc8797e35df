"""The door of the command line: it opens with the extra ``cli``, and says how to get that without it."""

from __future__ import annotations

import sys
from importlib.util import find_spec

_NEEDED = ("typer", "rich")


def main() -> None:
    """Run ``asyncjobs``; exits 2 if the extra ``cli`` is not installed."""
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        names = " and ".join(missing)
        sys.stderr.write(f"asyncjobs: the command line needs {names}: python -m pip install 'asyncjobs[cli]'\n")
        sys.exit(2)
    try:
        from asyncjobs._commands import app  # noqa: PLC0415 - not before we know that it can be imported

        app(prog_name="asyncjobs")
    except KeyboardInterrupt:
        # It came before a command had begun, so that there is nothing to say.
        sys.exit(130)
