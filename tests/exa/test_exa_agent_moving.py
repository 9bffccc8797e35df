"""The table for those who come from exa-py: nothing is missing, and its right side works."""

from __future__ import annotations

import importlib.util
import inspect
import textwrap

import pytest
from exa_agent_moving import MOVING
from exa_agent_world import agent


@pytest.mark.parametrize("ours", [ours for _, ours in MOVING])
async def test_what_the_table_says_works(ours):
    """Each line, on a run of its own."""
    source = textwrap.indent(ours.replace("…", "pass"), "    ")
    scope = {}
    exec(f"async def line(exa, id, q):\n{source}\n", scope)  # noqa: S102
    async with agent(ends="completed") as (_, exa):
        run = await exa.agent.runs.create(query="cats", effort="ultra")
        await scope["line"](exa, run.id, "cats")


@pytest.mark.skipif(importlib.util.find_spec("exa_py") is None, reason="exa-py comes with the extra dev")
def test_every_method_for_runs_is_in_the_table():
    """A method that a new version of exa-py adds is missed here."""
    from exa_py.agent.async_client import AsyncAgentRunEventsClient, AsyncAgentRunsClient  # noqa: PLC0415

    theirs = " ".join(theirs for theirs, _ in MOVING)
    for prefix, cls in (("runs", AsyncAgentRunsClient), ("runs.events", AsyncAgentRunEventsClient)):
        for name, member in vars(cls).items():
            if not name.startswith("_") and inspect.isfunction(member):
                assert f"exa.agent.{prefix}.{name}(" in theirs, f"{prefix}.{name}"
