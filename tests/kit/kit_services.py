"""Eleven services as their documentation tells them, and the kinds that are held against them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from asyncjobs import JobState
from asyncjobs.exa import EXA
from asyncjobs.kinds import Call, JobKind, KeyStyle, Provider, Refusal, Refused
from asyncjobs.testing import Cancel, Service, Words
from asyncjobs.watercrawl import WATERCRAWL

if TYPE_CHECKING:
    from collections.abc import Callable

# -- ours ------------------------------------------------------------------------

UUID = "0f3a4c52-6b1d-4e8f-9a70-5d2c8e1b7f46"
AT = "2026-01-02T03:04:05.678Z"


def _search(status: str) -> dict[str, Any]:
    return {
        "id": UUID,
        "object": "webset_search",
        "websetId": "ws_1",
        "status": status,
        "query": "cats",
        "count": 10,
        "criteria": [],
        "progress": {"found": 3, "analyzed": 7, "completion": 30, "timeLeft": 12},
        "canceledReason": "out_of_credits" if status.startswith("cancel") else None,
        "createdAt": AT,
        "updatedAt": AT,
    }


def _enrichment(status: str) -> dict[str, Any]:
    return {"id": UUID, "websetId": "ws_1", "status": status, "description": "How old is it?", "updatedAt": AT}


def _run(status: str) -> dict[str, Any]:
    reason = {"completed": "schema_satisfied", "failed": "error", "cancelled": "cancelled"}.get(status)
    return {"id": f"agent_run_01j{'0' * 20}", "object": "agent_run", "status": status, "stopReason": reason}


def _watercrawl(status: str) -> dict[str, Any]:
    result = "https://files.example/rows.json" if status == "finished" else None
    return {"uuid": UUID, "status": status, "query": "cats", "result": result, "created_at": AT}


def _crawl(status: str) -> dict[str, Any]:
    return {
        "uuid": UUID,
        "url": "https://example.com",
        "urls": ["https://example.com"],
        "crawl_type": "single",
        "status": status,
        "number_of_documents": 7,
        "sitemap": "https://files.example/sitemap.json" if status == "finished" else None,
        "created_at": AT,
    }


def _sitemap(status: str) -> dict[str, Any]:
    result = "https://files.example/rows.json" if status == "finished" else None
    return {"uuid": UUID, "url": "https://example.com", "status": status, "result": result, "created_at": AT}


EXA_SEARCH = Service(
    provider=EXA,
    kind=EXA.kind("exa.search"),
    sample=_search,
    words=Words(waiting=("created", "pending"), working="running", completed="completed", canceled="canceled"),
    create="POST /websets/v0/websets/{websetId}/searches",
    look="GET /websets/v0/websets/{websetId}/searches/{id}",
    cancel=Cancel("POST /websets/v0/websets/{websetId}/searches/{id}/cancel"),
    body={"query": "cats", "count": 10},
    progress={"found": 3, "analyzed": 7, "percent": 30, "time_left": 12},
    reason="out_of_credits",
)
EXA_ENRICHMENT = Service(
    provider=EXA,
    kind=EXA.kind("exa.enrichment"),
    sample=_enrichment,
    words=Words(working="pending", completed="completed", canceled="canceled"),
    create="POST /websets/v0/websets/{websetId}/enrichments",
    look="GET /websets/v0/websets/{websetId}/enrichments/{id}",
    cancel=Cancel("POST /websets/v0/websets/{websetId}/enrichments/{id}/cancel", refuses=400),
    deletion="DELETE /websets/v0/websets/{websetId}/enrichments/{id}",
    body={"description": "How old is it?"},
)


def _import(status: str) -> dict[str, Any]:
    return {
        "id": UUID,
        "object": "import",
        "status": status,
        "format": "csv",
        "entity": {"type": "company"},
        "title": "CRM export",
        "count": 480,
        "failedReason": "missing_identifier" if status in {"failed", "canceled"} else None,
        "updatedAt": AT,
    }


def _monitor_run(status: str) -> dict[str, Any]:
    reason = "the webset was deleted" if status in {"failed", "canceled"} else None
    return {
        "id": UUID,
        "object": "monitor_run",
        "status": status,
        "monitorId": "mon_1",
        "type": "search",
        "failedReason": reason,
    }


def _webset(status: str) -> dict[str, Any]:
    inner = {"idle": "completed", "canceled": "canceled"}.get(status, "running")
    reason = "webset_canceled" if inner == "canceled" else None
    return {
        "id": UUID,
        "object": "webset",
        "status": "idle" if status == "canceled" else status,
        "searches": [{"id": "s_1", "websetId": UUID, "status": inner, "query": "cats", "canceledReason": reason}],
        "enrichments": [{"id": "e_1", "status": "canceled"}] if inner == "canceled" else [],
        "updatedAt": AT,
    }


EXA_WEBSET = Service(
    provider=EXA,
    kind=EXA.kind("exa.webset"),
    sample=_webset,
    words=Words(waiting=("pending", "paused"), working="running", completed="idle", canceled="canceled"),
    spelled={"canceled": "idle"},
    look="GET /websets/v0/websets/{id}",
    cancel=Cancel("POST /websets/v0/websets/{id}/cancel"),
    listing="GET /websets/v0/websets",
    deletion="DELETE /websets/v0/websets/{id}",
    reason="webset_canceled",
)
EXA_IMPORT = Service(
    provider=EXA,
    kind=EXA.kind("exa.import"),
    sample=_import,
    # Nothing cancels it, and an SDK knows a word for that all the same.
    words=Words(waiting="pending", working="processing", completed="completed", canceled="canceled", failed="failed"),
    create="POST /websets/v0/imports",
    look="GET /websets/v0/imports/{id}",
    listing="GET /websets/v0/imports",
    deletion="DELETE /websets/v0/imports/{id}",
    body={"size": 20, "count": 480, "format": "csv", "entity": {"type": "company"}},
    reason="missing_identifier",
)
EXA_MONITOR_RUN = Service(
    provider=EXA,
    kind=EXA.kind("exa.monitor_run"),
    sample=_monitor_run,
    # It may be canceled, but no request does that.
    words=Words(waiting="created", working="running", completed="completed", failed="failed", canceled="canceled"),
    look="GET /websets/v0/monitors/{monitorId}/runs/{id}",
)
EXA_AGENT_RUN = Service(
    provider=EXA,
    kind=EXA.kind("exa.agent_run"),
    sample=_run,
    words=Words(waiting="queued", working="running", completed="completed", failed="failed", canceled="cancelled"),
    create="POST /agent/runs",
    look="GET /agent/runs/{id}",
    cancel=Cancel("POST /agent/runs/{id}/cancel"),
    stop="POST /agent/runs/{id}/stop",
    listing="GET /agent/runs",
    deletion="DELETE /agent/runs/{id}",
    body={"query": "cats", "effort": "ultra"},
    reason="cancelled",
)


def _of_watercrawl(
    kind: str, root: str, sample: Callable[[str], dict[str, Any]], body: dict[str, Any], **more: Any
) -> Service:
    """Return what all requests of WaterCrawl have in common; those below *root* are *kind*."""
    one = f"{root}{{uuid}}/"
    return Service(
        provider=WATERCRAWL,
        kind=WATERCRAWL.kind(kind),
        sample=sample,
        words=Words(
            waiting="new",
            working="running",
            canceling="canceling",
            completed="finished",
            failed="failed",
            canceled="canceled",
        ),
        create=f"POST {root}",
        look=f"GET {one}",
        cancel=Cancel(f"DELETE {one}", accepts="running", answers=204, refuses=403, flips=0.03),
        listing=f"GET {root}",
        body=body,
        rows="results",
        **more,
    )


PAGES = {"result": [{"url": "https://example.com/", "title": "A cat"}]}
WATERCRAWL_SEARCH = _of_watercrawl(
    "watercrawl.search",
    "/api/v1/core/search/",
    _watercrawl,
    {"query": "cats", "search_options": {}},
    result="GET /api/v1/core/search/{uuid}/?prefetched=true",
    brings=PAGES,
)
WATERCRAWL_CRAWL = _of_watercrawl(
    "watercrawl.crawl",
    "/api/v1/core/crawl-requests/",
    _crawl,
    {"url": "https://example.com", "options": {"spider_options": {}, "page_options": {}}},
    progress={"found": 7},
)
WATERCRAWL_SITEMAP = _of_watercrawl(
    "watercrawl.sitemap",
    "/api/v1/core/sitemaps/",
    _sitemap,
    {"url": "https://example.com", "options": {}},
    result="GET /api/v1/core/sitemaps/{uuid}/?prefetched=true",
    brings=PAGES,
)

# -- made up -----------------------------------------------------------------------


@attrs.frozen(kw_only=True)
class Loaf:
    """What the bakery bakes: nobody can take it out before it is done."""

    id: str
    status: str
    crumbs: int = 0


LOAF = JobKind(
    name="bakery.loaf",
    resource=Loaf,
    identity={"id": "id"},
    create=Call("POST", "/loaves", repeatable=False),
    look=Call("GET", "/loaves/{id}", repeatable=True),
    words={"rising": JobState.QUEUED, "baking": JobState.RUNNING, "done": JobState.COMPLETED, "burnt": JobState.FAILED},
    progress={"found": "crumbs"},
)


@attrs.frozen(kw_only=True)
class Render:
    """What the studio renders; it can be aborted while it is being rendered."""

    render_id: str
    phase: str
    frames: dict[str, int] = attrs.field(factory=dict)
    why: str | None = None
    movie: str | None = None


RENDER = JobKind(
    name="studio.render",
    resource=Render,
    keys=KeyStyle.SNAKE,
    identity={"id": "render_id"},
    create=Call("POST", "/renders", repeatable=False),
    look=Call("GET", "/renders/{id}", repeatable=True),
    cancel=Call("POST", "/renders/{id}/abort", repeatable=True),
    stop=Call("POST", "/renders/{id}/wrap", repeatable=True),
    result=Call("GET", "/renders/{id}", repeatable=True, query={"full": "1"}),
    status="phase",
    words={
        "queued": JobState.QUEUED,
        "running": JobState.RUNNING,
        "ready": JobState.COMPLETED,
        "broken": JobState.FAILED,
        "aborted": JobState.CANCELED,
    },
    progress={"found": "frames.done"},
    reason="why",
    cancelable=frozenset({JobState.RUNNING}),
    refusals=(Refusal("cancel", 409, Refused.NOT_IN_STATE, code="NOT_RUNNING"),),
    settle=0.2,
)


def provider(*kinds: JobKind[Any]) -> Provider:
    """Return a service with these kinds."""
    return Provider(
        name=kinds[0].name.partition(".")[0],
        base_url="http://made-up.test",
        key_header="X-Key",
        key_env="MADE_UP_KEY",
        url_env="MADE_UP_URL",
        kinds=kinds,
    )


def _loaf(status: str) -> dict[str, Any]:
    return {"id": "loaf-1", "status": status, "crumbs": 5}


def _render(status: str) -> dict[str, Any]:
    why = {"aborted": "asked to", "broken": "no light"}.get(status)
    return {"render_id": "r", "scene_id": "s7", "phase": status, "frames": {"done": 12, "all": 24}, "why": why}


BAKERY = Service(
    provider=provider(LOAF),
    kind=LOAF,
    sample=_loaf,
    words=Words(waiting="rising", working="baking", completed="done", failed="burnt"),
    create="POST /loaves",
    look="GET /loaves/{id}",
    progress={"found": 5},
)
STUDIO = Service(
    provider=provider(RENDER),
    kind=RENDER,
    sample=_render,
    words=Words(waiting="queued", working="running", completed="ready", failed="broken", canceled="aborted"),
    create="POST /renders",
    look="GET /renders/{render_id}",
    cancel=Cancel(
        "POST /renders/{render_id}/abort", accepts="running", answers=204, refuses=409, code="NOT_RUNNING", flips=0.1
    ),
    stop="POST /renders/{render_id}/wrap",
    result="GET /renders/{render_id}?full=1",
    listing="GET /renders",
    deletion="DELETE /renders/{render_id}",
    brings={"movie": "https://studio.example/forest.mp4"},
    progress={"found": 12},
    reason="asked to",
)

SERVICES = (
    EXA_SEARCH,
    EXA_ENRICHMENT,
    EXA_WEBSET,
    EXA_IMPORT,
    EXA_MONITOR_RUN,
    EXA_AGENT_RUN,
    WATERCRAWL_SEARCH,
    WATERCRAWL_CRAWL,
    WATERCRAWL_SITEMAP,
    BAKERY,
    STUDIO,
)
