"""Demonstrations: agent runs and their events, in the plain and in the beta part of the client."""

from __future__ import annotations

import pytest
from sdk_table import works
from sdk_world import exa_py

SCHEMA = {"type": "object", "properties": {"names": {"type": "array", "items": {"type": "string"}}}}


def runs(method):
    return works(f"agent.runs.{method}", f"beta.agent.runs.{method}")


def events(method):
    return works(f"agent.runs.events.{method}", f"beta.agent.runs.events.{method}")


@runs("create")
async def create(sdk, it):
    """Plain, it answers with the run; streaming, with its events until the last."""
    run = await sdk(
        it.create,
        query="cats",
        system_prompt="be brief",
        input={"data": [{"a": 1}]},
        output_schema=SCHEMA,
        effort="ultra",
        budget={"maxCostDollars": 2, "maxDurationSeconds": 300},
        metadata={"a": "b"},
        data_sources=[{"provider": "fiber"}],
        user_identifier="u-1",
    )
    assert (run.object, run.status, run.stop_reason) == ("agent_run", "queued", None)
    assert (run.request["query"], run.request["metadata"]) == ("cats", {"a": "b"})

    streamed = await sdk(it.create, query="cats", stream=True)
    assert [event.event for event in streamed if "trace" not in event.event] == [
        "agent_run.created",
        "agent_run.started",
        "agent_run.completed",
    ]
    assert [event.id for event in streamed] == [str(number) for number in range(1, len(streamed) + 1)]
    assert streamed[-1].data["stopReason"] == "schema_satisfied"


@runs("get")
async def get(sdk, it):
    """While it runs, nothing is billed and nothing found."""
    run = await sdk(it.get, (await sdk(it.create, query="stuck")).id)
    assert run.status == "running"
    assert (run.output.text, run.cost_dollars.total, run.completed_at) == ("", 0, None)


@runs("list")
async def list_page(sdk, it):
    """Newest first; the cursor is the id of a run."""
    made = [(await sdk(it.create, query="cats")).id for _ in range(3)]
    page = await sdk(it.list, limit=2)
    rest = await sdk(it.list, limit=2, cursor=page.next_cursor)
    assert [run.id for run in (*page.data, *rest.data)] == made[::-1]
    assert (page.next_cursor, rest.has_more) == (made[1], False)


@runs("list_all")
async def list_all(sdk, it):
    """Page after page."""
    made = {(await sdk(it.create, query="cats")).id for _ in range(5)}
    assert {run.id for run in await sdk(it.list_all, limit=2)} == made


@runs("get_all")
async def get_all(sdk, it):
    """The same as a list."""
    made = {(await sdk(it.create, query="cats")).id for _ in range(3)}
    assert {run.id for run in await sdk(it.get_all, limit=2)} == made


@runs("cancel")
async def cancel(sdk, it):
    """Canceled at once; one that has ended stays as it was."""
    run = await sdk(it.cancel, (await sdk(it.create, query="stuck")).id)
    assert (run.status, run.stop_reason) == ("cancelled", "cancelled")
    done = await sdk(it.create_and_wait, query="cats", poll_interval=20)
    assert (await sdk(it.cancel, done.id)).status == "completed"


@runs("stop")
async def stop(sdk, it):
    """It wraps up and completes; other efforts cannot be stopped."""
    run = await sdk(it.create, query="stuck", effort="ultra")
    assert (await sdk(it.stop, run.id)).status == "running"
    stopped = await sdk(it.poll_until_finished, run.id, poll_interval=20)
    assert (stopped.status, stopped.stop_reason) == ("completed", "stopped")
    with pytest.raises(ValueError, match="400"):
        await sdk(it.stop, (await sdk(it.create, query="stuck")).id)


@runs("delete")
async def delete(sdk, it):
    """Afterwards it is unknown."""
    run = await sdk(it.create, query="stuck")
    deleted = await sdk(it.delete, run.id)
    assert (deleted.id, deleted.object, deleted.deleted) == (run.id, "agent_run.deleted", True)
    with pytest.raises(ValueError, match="404"):
        await sdk(it.get, run.id)


@runs("poll_until_finished")
async def poll_until_finished(sdk, it):
    """To the end, and to the end of its patience."""
    run = await sdk(it.create, query="cats", output_schema=SCHEMA)
    done = await sdk(it.poll_until_finished, run.id, poll_interval=20)
    assert (done.status, done.stop_reason) == ("completed", "schema_satisfied")
    assert done.output.structured == {"names": ["example"]}
    assert done.output.grounding[0].citations[0].url
    stuck = await sdk(it.create, query="stuck")
    with pytest.raises(TimeoutError):
        await sdk(it.poll_until_finished, stuck.id, poll_interval=10, timeout_ms=30)


@runs("create_and_wait")
async def create_and_wait(sdk, it):
    """It returns what completed, and raises for what failed or was cancelled elsewhere."""
    done = await sdk(it.create_and_wait, query="cats", poll_interval=20)
    assert done.status == "completed"
    with pytest.raises(exa_py.agent.AgentRunFailedError):
        await sdk(it.create_and_wait, query="failed", poll_interval=20)
    with pytest.raises(exa_py.agent.AgentRunCancelledError):
        await sdk(it.create_and_wait, query="cancelled", poll_interval=20)


@works(
    "agent.runs.request",
    "agent.runs.events.request",
    "beta.agent.runs.request",
    "beta.agent.runs.events.request",
)
async def request(sdk, it):
    """The method under all the others."""
    assert (await sdk(it.request, "", method="GET"))["data"] == []


@works(
    "agent.runs.build_pagination_params",
    "agent.runs.events.build_pagination_params",
    "beta.agent.runs.build_pagination_params",
    "beta.agent.runs.events.build_pagination_params",
)
async def build_pagination_params(sdk, it):
    """It asks for nothing; the sandbox reads what it builds."""
    params = await sdk(it.build_pagination_params, None, 5)
    assert (await sdk(it.request, "", method="GET", params=params))["hasMore"] is False


@events("list")
async def list_events(sdk, it):
    """Oldest first, page by page."""
    run = await sdk(sdk.client.agent.runs.create_and_wait, query="cats", poll_interval=20)
    page = await sdk(it.list, run.id, limit=2)
    rest = await sdk(it.list, run.id, cursor=page.next_cursor)
    assert [event.id for event in (*page.data, *rest.data)] == ["1", "2", "3", "4"]
    assert rest.data[-1].data["status"] == "completed"
    assert all(event.created_at for event in (*page.data, *rest.data))
