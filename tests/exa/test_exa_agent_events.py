"""The events of a run as classes: the known ones, and everything else."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import json_values

from asyncjobs.exa import (
    AgentCallArguments,
    AgentError,
    AgentEvent,
    AgentItemMetadata,
    AgentOutputItem,
    AgentPreliminaryList,
    AgentRunChange,
    AgentSearchTrace,
    AgentSource,
    AgentSourcesTruncated,
)
from asyncjobs.exa._agent_events import _KNOWN

CALL = {
    "id": "i1",
    "type": "function_call",
    "call_id": "c1",
    "parent_call_id": "c0",
    "name": "search",
    "status": "done",
}

#: Data of each known event, as the reference for the agent has it, and what it becomes.
DETAILS = {
    "created": (
        {"id": "r1", "status": "queued", "createdAt": "2026-10-02T08:15:11.204Z"},
        lambda detail: (detail.id, detail.status, detail.created_at.year) == ("r1", "queued", 2026),
    ),
    "started": ({"id": "r1", "status": "running"}, AgentRunChange(id="r1", status="running")),
    "completed": (
        {"id": "r1", "status": "completed", "stopReason": "stopped", "output": {}},
        AgentRunChange(id="r1", status="completed", stop_reason="stopped"),
    ),
    "failed": (
        {"id": "r1", "status": "failed", "error": {"code": "TIMEOUT", "message": "Too long"}},
        AgentRunChange(id="r1", status="failed", error=AgentError(code="TIMEOUT", message="Too long")),
    ),
    "cancelled": ({"id": "r1", "status": "cancelled"}, AgentRunChange(id="r1", status="cancelled")),
    "output_item.added": (
        {"item": CALL | {"metadata": {"sourceCount": 3}}},
        AgentOutputItem(**CALL, metadata=AgentItemMetadata(source_count=3)),
    ),
    "output_item.done": ({"item": CALL | {"arguments": "{}"}}, AgentOutputItem(**CALL, arguments="{}")),
    "function_call_arguments.done": (
        {"item_id": "i1", "arguments": {"q": 1}},
        AgentCallArguments(item_id="i1", arguments={"q": 1}),
    ),
    "search_trace": (
        {"tool": "search", "callId": "c1", "text": "cats"},
        AgentSearchTrace(tool="search", call_id="c1", text="cats"),
    ),
    "source.added": (
        {"source": {"url": "https://a.test", "title": "A", "callId": "c1", "parentCallId": "c0"}},
        AgentSource(url="https://a.test", title="A", call_id="c1", parent_call_id="c0"),
    ),
    "source.truncated": ({"callId": "c1"}, AgentSourcesTruncated(call_id="c1")),
    "preliminary_list": (
        {"preliminaryList": {"round": 2, "answer": [1], "entryKeys": ["a"]}},
        AgentPreliminaryList(round=2, answer=[1], entry_keys=["a"]),
    ),
}


@pytest.mark.parametrize("name", DETAILS)
def test_a_known_event_has_its_class(name):
    """Whatever the service adds to it."""
    data, expected = DETAILS[name]
    for more in ({}, {"brandNew": {"a": 1}}):
        detail = AgentEvent(event=f"agent_run.{name}", data=data | more).detail
        assert expected(detail) if callable(expected) else detail == expected


def test_every_known_event_is_tried():
    """A row without an example proves nothing."""
    assert set(DETAILS) == set(_KNOWN)


@pytest.mark.parametrize("name", ["agent_run.brand_new", "ping", "message", ""])
def test_an_unknown_event_is_only_data(name):
    """New ones appear over time, and are no error."""
    event = AgentEvent(event=name, data={"a": 1})
    assert (event.detail, event.run, event.final, event.data) == (None, None, False, {"a": 1})


@pytest.mark.parametrize("name", sorted({"completed", "failed", "cancelled"}))
def test_three_events_are_the_last(name):
    """Whether or not they carry the run."""
    assert AgentEvent(event=f"agent_run.{name}").final


def test_an_event_that_carries_the_run_gives_it():
    """Only where it is whole."""
    whole = {"id": "r1", "object": "agent_run", "status": "completed", "output": {"text": "x"}, "usage": {}}
    assert AgentEvent(event="agent_run.completed", data=whole).run.output.text == "x"
    for missing in ("output", "usage", "id", "status"):
        part = {key: value for key, value in whole.items() if key != missing}
        assert AgentEvent(event="agent_run.completed", data=part).run is None
    assert AgentEvent(event="agent_run.completed", data=whole | {"output": 3}).run is None


@given(st.sampled_from(sorted(_KNOWN)), st.dictionaries(st.sampled_from(["id", "item", "source", "text"]), json_values))
def test_no_data_breaks_an_event(name, data):
    """What does not look as it should is told as it came."""
    event = AgentEvent(event=f"agent_run.{name}", data=data)
    assert event.detail is None or type(event.detail) is _KNOWN[name][0]
    assert event.data is data
    assert json.dumps(event.data) == json.dumps(data)
