"""A sandbox whose runs tell events for ten seconds, and a client of it."""

from __future__ import annotations

import contextlib

from asyncjobs import Exa, Settings
from asyncjobs.sandbox import Life, Sandbox

KIND = "exa.agent_run"
#: What a run of the standard life tells, as names without "agent_run.": the numbers are its ids, from 1.
TOLD = ["created", *["started", "search_trace"] * 3, "completed"]


def telling(ends="completed", after=10.0):
    """Return the life of a run that starts three times, and *ends* (``None``: never) *after* so many seconds."""
    steps = [(0.0, "queued"), (1.0, "running"), (3.0, "queued"), (4.0, "running"), (6.0, "queued"), (7.0, "running")]
    return Life(steps if ends is None else [*steps, (after, ends)]).of(KIND)


@contextlib.asynccontextmanager
async def agent(*faults, ends="completed", **settings):
    """Give a sandbox and a client; nothing of either may be left."""
    async with Sandbox(sockets=False) as sandbox:
        sandbox.script(KIND, telling(ends), times=None)
        sandbox.fault(*faults)
        session = sandbox.session()
        async with Exa("key", base_url=sandbox.url, session=session, settings=Settings(**settings)) as exa:
            yield sandbox, exa
        assert not session.connector._acquired


def names(events):
    """Return the names of events, as in :data:`TOLD`."""
    return [event.event.removeprefix("agent_run.") for event in events]


def numbers(events):
    """Return the ids of events."""
    return [event.id for event in events]


EVERY = [str(number) for number in range(1, len(TOLD) + 1)]
