"""Replies of agent runs and of WaterCrawl have exactly the keys that their references list, at every station."""

from __future__ import annotations

import asyncio
import json

import pytest

from asyncjobs.sandbox import Fault, Life, Replace, Sandbox

#: exa-agent.md, section 5: all always there, others forbidden; `error` is on failed runs only (row 2.11).
RUN = {
    "": {
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
    },
    "output": {"text", "structured", "grounding"},
    "usage": {"agentComputeUnits", "searches", "emails", "phoneNumbers"},
    "costDollars": {"total", "agentCompute", "search", "emails", "phoneNumbers"},
}
RUN_ERROR = {"type", "code", "message"}
#: Without `score`, which was removed (row 2.6).
GROUNDING = {"field", "citations", "confidence"}
CITATION = {"url", "title"}
AGENT_PAGE = {"object", "data", "hasMore", "nextCursor"}
DELETED = {"id", "object", "deleted"}
#: Section 9.1 and 9.3.
EVENT = {"id", "event", "data", "createdAt"}
EVENT_DATA = {
    "agent_run.created": {"id", "status", "createdAt"},
    "agent_run.started": {"id", "status"},
    "agent_run.search_trace": {"tool", "callId", "text"},
    "agent_run.completed": RUN[""],
    "agent_run.failed": {"id", "status", "error"},
    "agent_run.cancelled": {"id", "status"},
}
#: Section 8, and the gateway's flat body.
AGENT_ERROR = {"error"}
AGENT_ERROR_INNER = {"type", "code", "message"}
FLAT_ERROR = {"requestId", "error", "tag"}

#: watercrawl-observed.md, sections 1 to 6.
SEARCH = {"uuid", "query", "search_options", "result_limit", "duration", "status", "result", "created_at"}
OPTIONS = {"language", "country", "time_renge", "search_type", "depth"}
ROW = {"url", "title", "description", "order", "depth"}
PAGE = {"count", "next", "previous", "results"}
TRIPLE = {"code", "errors", "message"}
SSE = {"type", "data"}
FEED = {"id", "type", "message", "timestamp", "metadata"}

#: Section 7, and watercrawl.md, sections 6.2 and 6.3.
CRAWL = {
    *("uuid", "url", "urls", "crawl_type", "status", "options", "created_at", "updated_at", "duration"),
    *("number_of_documents", "sitemap"),
}
CRAWL_OPTIONS = {"spider_options", "page_options"}
CRAWL_RESULT = {"uuid", "url", "result", "attachments", "created_at", "updated_at"}
SITEMAP = {"uuid", "url", "status", "options", "duration", "result", "created_at", "updated_at"}
ROOTS = {
    "watercrawl.crawl": ("/api/v1/core/crawl-requests/", CRAWL),
    "watercrawl.sitemap": ("/api/v1/core/sitemaps/", SITEMAP),
}

SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}}
CREATE = "/api/v1/core/search/"


@pytest.fixture
def ask():
    """Return a function that asks a sandbox; it returns the status and the body."""

    async def ask(sandbox, method, path, body=None, **headers):
        async with sandbox.session() as session:
            headers = {"x-api-key": "key"} | headers
            async with session.request(method, sandbox.url + path, json=body, headers=headers) as reply:
                text = await reply.text()
                return reply.status, json.loads(text) if "json" in reply.headers.get("Content-Type", "") else text

    return ask


def check_run(run):
    extra = {"error"} if run["status"] == "failed" else set()
    assert set(run) == RUN[""] | extra
    for part in ("output", "usage", "costDollars"):
        assert set(run[part]) == RUN[part]
    for entry in run["output"]["grounding"]:
        assert set(entry) == GROUNDING
        assert all(set(citation) == CITATION for citation in entry["citations"])
    if extra:
        assert set(run["error"]) == RUN_ERROR


@pytest.mark.parametrize("ends", ["completed", "failed", "cancelled"])
async def test_sdk_keys_of_agent_runs(ask, ends):
    """At each of their stations, in each reply that shows them."""
    async with Sandbox(sockets=False) as sandbox:
        sandbox.script("exa.agent_run", Life.ordinary("exa.agent_run", waits=1, works=1, ends=ends), times=None)
        _, run = await ask(sandbox, "POST", "/agent/runs", {"query": "cats", "outputSchema": SCHEMA, "effort": "ultra"})
        one = f"/agent/runs/{run['id']}"
        check_run(run)
        for _ in range(3):
            check_run((await ask(sandbox, "GET", one))[1])
            await asyncio.sleep(1)
        check_run((await ask(sandbox, "POST", one + "/cancel"))[1])
        check_run((await ask(sandbox, "POST", one + "/stop"))[1])
        _, page = await ask(sandbox, "GET", "/agent/runs")
        _, events = await ask(sandbox, "GET", one + "/events")
        _, deleted = await ask(sandbox, "DELETE", one)

        assert set(page) == set(events) == AGENT_PAGE
        for row in page["data"]:
            check_run(row)
        for event in events["data"]:
            assert set(event) == EVENT
            assert set(event["data"]) == EVENT_DATA[event["event"]]
        assert events["data"][-1]["event"] == f"agent_run.{ends}"
        assert set(deleted) == DELETED


async def test_sdk_keys_of_agent_errors(ask):
    """What the agent says itself is nested, what the gateway says is flat."""
    async with Sandbox(sockets=False) as sandbox:
        _, unknown = await ask(sandbox, "GET", "/agent/runs/agent_run_x")
        _, invalid = await ask(sandbox, "POST", "/agent/runs", {})
        _, keyless = await ask(sandbox, "GET", "/agent/runs", **{"x-api-key": ""})

        for body in (unknown, invalid):
            assert set(body) == AGENT_ERROR
            assert set(body["error"]) == AGENT_ERROR_INNER
        assert set(keyless) == FLAT_ERROR


def check_search(search):
    assert set(search) == SEARCH
    assert set(search["search_options"]) == OPTIONS
    if isinstance(search["result"], list):
        assert all(set(row) == ROW for row in search["result"])


@pytest.mark.parametrize("ends", ["finished", "failed", "canceled"])
async def test_sdk_keys_of_watercrawl_searches(ask, ends):
    """The same eight at every station, in single replies, pages and streams."""
    async with Sandbox(sockets=False) as sandbox:
        sandbox.script("watercrawl.search", Life.ordinary("watercrawl.search", waits=1, works=1, ends=ends))
        _, search = await ask(sandbox, "POST", CREATE, {"query": "cats", "search_options": {}})
        check_search(search)
        one = f"{CREATE}{search['uuid']}/"
        for _ in range(3):
            check_search((await ask(sandbox, "GET", one))[1])
            check_search((await ask(sandbox, "GET", one + "?prefetched=true"))[1])
            await asyncio.sleep(1)
        _, page = await ask(sandbox, "GET", CREATE + "?prefetched=true")
        _, text = await ask(sandbox, "GET", one + "status/?prefetched=true")
        frames = [json.loads(line.removeprefix("data: ")) for line in text.splitlines() if line]

        assert set(page) == PAGE
        for row in page["results"]:
            check_search(row)
        for frame in frames:
            assert set(frame) == SSE
            if frame["type"] == "feed":
                assert set(frame["data"]) == FEED
            else:
                check_search(frame["data"])
        assert [frame["data"]["status"] for frame in frames if frame["type"] == "state"] == [ends, ends]


@pytest.mark.parametrize("kind", ROOTS)
@pytest.mark.parametrize("ends", ["finished", "failed", "canceled"])
async def test_sdk_keys_of_watercrawl_crawls_and_sitemaps(ask, kind, ends):
    """The same at every station, in single replies, pages and streams, and those of what a crawl found."""
    root, keys = ROOTS[kind]
    async with Sandbox(sockets=False) as sandbox:
        sandbox.script(kind, Life.ordinary(kind, waits=1, works=1, ends=ends))
        body = {"url": "https://example.com", "options": {"spider_options": {}, "page_options": {}}}
        _, made = await ask(sandbox, "POST", root, body)
        shown = [made]
        one = f"{root}{made['uuid']}/"
        for _ in range(3):
            shown += [(await ask(sandbox, "GET", one))[1], (await ask(sandbox, "GET", one + "?prefetched=true"))[1]]
            await asyncio.sleep(1)
        _, page = await ask(sandbox, "GET", f"{root}?status={ends}")
        _, text = await ask(sandbox, "GET", one + "status/?prefetched=true")
        frames = [json.loads(line.removeprefix("data: ")) for line in text.splitlines() if line]

        assert set(page) == PAGE
        shown += [*page["results"], *(frame["data"] for frame in frames if frame["type"] == "state")]
        assert all(set(each) == keys for each in shown)
        if kind == "watercrawl.crawl":
            assert all(set(each["options"]) == CRAWL_OPTIONS for each in shown)
            _, results = await ask(sandbox, "GET", one + "results/?prefetched=true")
            found = [*results["results"], *(frame["data"] for frame in frames if frame["type"] == "result")]
            assert set(results) == PAGE
            assert all(set(each) == CRAWL_RESULT for each in found)
            assert len(found) == 2


async def test_sdk_keys_of_watercrawl_errors(ask):
    """One triple for everything."""
    async with Sandbox(sockets=False) as sandbox:
        _, search = await ask(sandbox, "POST", CREATE, {"query": "cats", "search_options": {}})
        one = f"{CREATE}{search['uuid']}/"
        for status, request in (
            (400, ("POST", CREATE, {})),
            (401, ("GET", "/api/v1/core/search/")),
            (403, ("DELETE", one)),
            (404, ("GET", CREATE + "x/")),
            (405, ("PATCH", one)),
        ):
            headers = {"x-api-key": ""} if status == 401 else {}
            got, body = await ask(sandbox, *request, **headers)

            assert (got, set(body), body["code"]) == (status, TRIPLE, status)


async def test_sdk_keys_are_really_checked(ask):
    """A run with a key too many is noticed."""
    async with Sandbox(sockets=False) as sandbox:
        _, run = await ask(sandbox, "POST", "/agent/runs", {"query": "cats"})
        sandbox.fault(Fault(Replace(json.dumps(run | {"score": 1}).encode()), verb="look"))
        _, changed = await ask(sandbox, "GET", f"/agent/runs/{run['id']}")

        with pytest.raises(AssertionError):
            check_run(changed)
