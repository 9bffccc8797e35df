"""Exa agent runs in their own words."""

from __future__ import annotations

import asyncio

import pytest

from asyncjobs.sandbox import Life

KIND, ROOT = "exa.agent_run", "/agent/runs"
RUN_KEYS = {
    "id",
    "object",
    "status",
    "stopReason",
    "createdAt",
    "completedAt",
    "request",
    "output",
    "usage",
    "costDollars",
}
SSE = {"Accept": "text/event-stream"}


def frames(text):
    """Return (id, event) of each frame; comments count as ('', ':')."""
    for block in filter(None, text.split("\n\n")):
        fields = dict(line.split(": ", 1) for line in block.split("\n"))
        yield fields.get("id", ""), fields.get("event", ":")


async def test_a_run_always_has_its_ten_keys(opened):
    """Active or ended, the object is complete; zeros and empties before the end."""
    async with opened() as talk:
        _, path = await talk.make(KIND, outputSchema={"type": "object", "properties": {"n": {"type": "number"}}})
        active = (await talk("GET", path)).body
        await asyncio.sleep(5)
        ended = (await talk("GET", path)).body

        assert set(active) == set(ended) == RUN_KEYS
        assert (active["status"], active["stopReason"], active["completedAt"]) == ("queued", None, None)
        assert active["output"] == {"text": "", "structured": None, "grounding": []}
        assert active["costDollars"]["total"] == active["usage"]["searches"] == 0
        assert (ended["status"], ended["stopReason"]) == ("completed", "schema_satisfied")
        assert isinstance(ended["output"]["structured"]["n"], float)
        assert ended["costDollars"]["total"] > 0


@pytest.mark.parametrize(
    ("ends", "reason", "shown"),
    [
        ("completed", "budget_reached", "budget_reached"),
        ("failed", None, "error"),
        ("cancelled", None, "cancelled"),
    ],
)
async def test_each_end_has_its_stop_reason(opened, ends, reason, shown):
    """A reached budget is a completed run; a failed one says why."""
    async with opened() as talk:
        talk.sandbox.script(KIND, Life.ordinary(KIND, works=1, ends=ends, reason=reason))
        _, path = await talk.make(KIND)
        await asyncio.sleep(2)
        run = (await talk("GET", path)).body

        assert (run["status"], run["stopReason"]) == (ends, shown)
        assert ("error" in run) is (ends == "failed")


async def test_cancel_ends_a_run_and_leaves_an_ended_one_alone(opened):
    """Both answer 200; only the body tells."""
    async with opened() as talk:
        _, active = await talk.make(KIND)
        _, ended = await talk.make(KIND)
        assert (await talk.cancel(active)).body["status"] == "cancelled"
        await asyncio.sleep(5)

        assert (await talk.cancel(ended)).body["status"] == "completed"
        assert (await talk.cancel(active)).body["status"] == "cancelled"
        assert (await talk("GET", active)).body["output"]["text"] == ""


async def test_only_an_ultra_run_can_be_stopped_and_ends_a_little_later(opened):
    """It completes with what it has; the reply to the stop still says running."""
    async with opened() as talk:
        talk.sandbox.script(KIND, Life.ordinary(KIND, works=100), times=None)
        _, ultra = await talk.make(KIND, effort="ultra")
        _, low = await talk.make(KIND, effort="low")
        stopped = await talk("POST", ultra + "/stop")
        await asyncio.sleep(2)
        run = (await talk("GET", ultra)).body

        assert stopped.body["status"] == "running"
        assert (run["status"], run["stopReason"]) == ("completed", "stopped")
        assert run["output"]["text"]
        assert (await talk("POST", low + "/stop")).status == 400
        assert (await talk("POST", ultra + "/stop")).body["stopReason"] == "stopped"


async def test_a_deleted_run_is_unknown(opened):
    """The record is gone, and with it the work."""
    async with opened() as talk:
        _, path = await talk.make(KIND)
        reply = await talk("DELETE", path)

        assert reply.body == {"id": path.removeprefix(ROOT + "/"), "object": "agent_run.deleted", "deleted": True}
        assert (await talk("GET", path)).body["error"]["code"] == "RUN_NOT_FOUND"
        assert talk.sandbox.ledger.active() == []


async def test_runs_are_listed_newest_first_and_the_cursor_is_a_run(opened):
    """Pages join up although other kinds of jobs, new runs and deleted ones are about."""
    async with opened() as talk:
        made = []
        for _ in range(5):
            made.append((await talk.make(KIND))[1].removeprefix(ROOT + "/"))
            await talk.make("watercrawl.search")
        first = (await talk("GET", ROOT + "?limit=2")).body
        await talk.make(KIND)
        await talk("DELETE", f"{ROOT}/{made[1]}")
        second = (await talk("GET", f"{ROOT}?limit=2&cursor={first['nextCursor']}")).body

        assert first["object"] == "list"
        assert first["nextCursor"] == made[3]
        assert [run["id"] for run in first["data"] + second["data"]] == [made[4], made[3], made[2], made[0]]
        assert (second["hasMore"], second["nextCursor"]) == (False, None)
        assert (await talk("GET", ROOT + "?limit=101")).status == 400
        assert (await talk("GET", ROOT + "?cursor=nobody")).status == 400


async def test_events_are_stored_and_paged(opened):
    """What happened is told in order, with ascending ids."""
    async with opened() as talk:
        _, path = await talk.make(KIND)
        await asyncio.sleep(5)
        first = (await talk("GET", path + "/events?limit=2")).body
        second = (await talk("GET", f"{path}/events?limit=2&cursor={first['nextCursor']}")).body
        events = first["data"] + second["data"]

        assert [event["id"] for event in events] == ["1", "2", "3", "4"]
        assert events[0]["event"] == "agent_run.created"
        assert events[-1]["data"] == (await talk("GET", path)).body


async def test_a_replay_sends_what_is_stored_and_ends(opened):
    """It does not follow a run that goes on, and Last-Event-ID skips what is known."""
    async with opened() as talk:
        _, path = await talk.make(KIND)
        await asyncio.sleep(0.5)
        reply = await talk("GET", path + "/events", headers=SSE)
        rest = await talk("GET", path + "/events", headers=SSE | {"Last-Event-ID": "1"})

        assert reply.headers["Content-Type"] == "text/event-stream"
        assert [name for _, name in frames(reply.text)] == [
            "agent_run.created",
            "agent_run.started",
            "agent_run.search_trace",
        ]
        assert [number for number, _ in frames(rest.text)] == ["2", "3"]


async def test_a_streamed_create_follows_the_run_to_its_end(opened):
    """Quiet times are bridged by comments, and the last event carries the run."""
    async with opened() as talk:
        talk.sandbox.script(KIND, Life.ordinary(KIND, waits=1, works=40))
        reply = await talk("POST", ROOT, {"query": "cats"}, headers=SSE)
        names = [name for _, name in frames(reply.text)]

        assert names[0] == "agent_run.created"
        assert names[-1] == "agent_run.completed"
        assert ":" in names


async def test_a_streamed_create_ends_at_a_cancel(opened):
    """A cancel from elsewhere wakes the stream at once."""
    async with opened() as talk:
        talk.sandbox.script(KIND, Life.ordinary(KIND, works=None))
        stream = asyncio.create_task(talk("POST", ROOT, {"query": "cats"}, headers=SSE))
        await asyncio.sleep(1)
        await talk.cancel(f"{ROOT}/{talk.sandbox.ledger.created()[0].ids[0]}")
        began = asyncio.get_running_loop().time()
        reply = await stream

        assert [name for _, name in frames(reply.text)][-1] == "agent_run.cancelled"
        assert asyncio.get_running_loop().time() == began


async def test_a_follow_up_needs_a_completed_run(opened):
    """Unknown is 404, unfinished is 400."""
    async with opened() as talk:
        previous = (await talk.make(KIND))[1].removeprefix(ROOT + "/")
        early = await talk("POST", ROOT, {"query": "x", "previousRunId": previous})
        nobody = await talk("POST", ROOT, {"query": "x", "previousRunId": "agent_run_0"})
        await asyncio.sleep(5)

        assert early.body["error"]["code"] == "PREVIOUS_RUN_NOT_COMPLETED"
        assert (nobody.status, nobody.body["error"]["code"]) == (404, "PREVIOUS_RUN_NOT_FOUND")
        assert (await talk("POST", ROOT, {"query": "x", "previousRunId": previous})).status == 200


async def test_slots_are_freed_when_a_run_ends(opened):
    """One run too many is refused with the agent's own body, until another one ends."""
    async with opened(agent_slots=2) as talk:
        _, first = await talk.make(KIND)
        await talk.make(KIND)
        refused = await talk("POST", ROOT, {"query": "x"})
        await talk.cancel(first)

        assert (refused.status, refused.body["error"]["code"]) == (429, "CONCURRENCY_LIMIT_REACHED")
        assert (await talk("POST", ROOT, {"query": "x"})).status == 200


async def test_the_beta_header_is_needed_in_strict_times_only(opened):
    """Missing and unknown tokens have codes of their own."""
    async with opened(strict_beta=True) as talk:
        codes = [
            (await talk("GET", ROOT, headers=headers)).body.get("error", {}).get("code")
            for headers in ({}, {"Exa-Beta": "x"}, {"Exa-Beta": "agent-2026-05-07"})
        ]

        assert codes == ["MISSING_BETA_HEADER", "INVALID_BETA_HEADER", None]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "INVALID_REQUEST"),
        ({"query": ""}, "INVALID_REQUEST"),
        ({"query": "x", "effort": "huge"}, "INVALID_REQUEST"),
        ({"query": "x", "effort": "low", "budget": {"maxCostDollars": 5}}, "INVALID_REQUEST"),
        ({"query": "x", "budget": {"maxCostDollars": 0.5}}, "INVALID_REQUEST"),
        ({"query": "x", "budget": {"maxDurationSeconds": 600}}, "INVALID_REQUEST"),
        ({"query": "x", "userIdentifier": "a b"}, "INVALID_REQUEST"),
        ({"query": "x", "metadata": {"a": 1}}, "INVALID_REQUEST"),
        ({"query": "x", "dataSources": [{"provider": "fiber"}] * 6}, "INVALID_DATA_SOURCE"),
        ({"query": "x", "outputSchema": []}, "INVALID_OUTPUT_SCHEMA"),
    ],
)
async def test_bodies_that_break_a_constraint_are_refused(opened, body, code):
    """The agent's error body is nested."""
    async with opened() as talk:
        reply = await talk("POST", ROOT, body)

        assert (reply.status, reply.body["error"]["code"]) == (400, code)
        assert talk.sandbox.ledger.billed() == 0


async def test_ids_that_no_run_can_have_are_malformed(opened):
    """A bad pattern is 400, an unknown id 404."""
    async with opened() as talk:
        assert (await talk("GET", ROOT + "/a%20b")).status == 400
        assert (await talk("GET", ROOT + "/agent_run_0")).status == 404
