"""What the services say when all is well: payloads that the sandbox was asked for once, to be damaged afterwards."""

from __future__ import annotations

import functools
import json
from typing import TYPE_CHECKING, Any

from asyncjobs import JobRef
from asyncjobs.exa import AGENT_RUN, ENRICHMENT, EXA, SEARCH
from asyncjobs.sandbox import Life, Sandbox
from asyncjobs.testing import run_virtual
from asyncjobs.watercrawl import CRAWL, SITEMAP, WATERCRAWL
from asyncjobs.watercrawl import SEARCH as WATERCRAWL_SEARCH

if TYPE_CHECKING:
    from asyncjobs.kinds import JobKind, Provider

KINDS: dict[str, JobKind[Any]] = {
    kind.name: kind for kind in (SEARCH, ENRICHMENT, AGENT_RUN, WATERCRAWL_SEARCH, CRAWL, SITEMAP)
}
PROVIDERS: dict[str, Provider] = {kind.name: provider for provider in (EXA, WATERCRAWL) for kind in provider.kinds}

_WEBSETS = "/websets/v0/websets"
_WATERCRAWL = "/api/v1/core/search/"
_CRAWLS = "/api/v1/core/crawl-requests/"
_SITEMAPS = "/api/v1/core/sitemaps/"
_SITE = {
    "url": "https://example.com",
    "options": {
        "spider_options": {"page_limit": 2},
        "page_options": {"include_links": True, "actions": [{"type": "screenshot"}]},
    },
}
_WEBSET = {
    "search": {"query": "cats", "count": 2, "recall": True, "criteria": [{"description": "has fur"}]},
    "enrichments": [{"description": "How old?", "format": "options", "options": [{"label": "young"}]}],
    "metadata": {"colour": "red"},
}
_RUN = {
    "query": "cats",
    "effort": "ultra",
    "outputSchema": {"type": "object", "properties": {"name": {"type": "string"}}},
    "input": {"data": [{"name": "Tom"}]},
    "metadata": {"colour": "red"},
}
_ENDS = ("completed", "finished", "failed", "cancelled", "canceled")


class _Asking:
    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._session = sandbox.session()

    async def __call__(self, method: str, path: str, body: Any = None) -> Any:
        url = self._sandbox.url + path
        async with self._session.request(method, url, json=body, headers={"x-api-key": "any"}) as response:
            raw = await response.read()
            return json.loads(raw) if raw else None


async def _life(ask: _Asking, path: str) -> list[Any]:
    """Follow one job from beginning to end."""
    seen: list[Any] = []
    for _ in range(60):
        payload = await ask("GET", path)
        if not seen or payload != seen[-1]:
            seen.append(payload)
        if payload["status"] in _ENDS:
            break
    return seen


async def _collect() -> dict[str, list[Any]]:
    async with Sandbox(sockets=False, latency=0.4) as sandbox:
        ask = _Asking(sandbox)
        found: dict[str, list[Any]] = {}
        webset = await ask("POST", _WEBSETS, _WEBSET)
        home = f"{_WEBSETS}/{webset['id']}"
        search = await ask("POST", f"{home}/searches", {"query": "dogs", "count": 3})
        enrichment = await ask("POST", f"{home}/enrichments", {"description": "What colour?"})
        found["exa.search"] = [search, *await _life(ask, f"{home}/searches/{search['id']}")]
        found["exa.enrichment"] = [enrichment, *await _life(ask, f"{home}/enrichments/{enrichment['id']}")]
        found["webset"] = [webset, await ask("GET", home), await ask("GET", f"{home}?expand=items")]
        run = await ask("POST", "/agent/runs", _RUN)
        found["exa.agent_run"] = [run, *await _life(ask, f"/agent/runs/{run['id']}")]
        sandbox.script("exa.agent_run", Life(before=[(0, "failed")]))
        broken = await ask("POST", "/agent/runs", _RUN)
        found["exa.agent_run"].append(await ask("GET", f"/agent/runs/{broken['id']}") | {"id": run["id"]})
        wanted = await ask("POST", _WATERCRAWL, {"query": "cats", "search_options": {"depth": "advanced"}})
        path = f"{_WATERCRAWL}{wanted['uuid']}/"
        found["watercrawl.search"] = [wanted, *await _life(ask, path), await ask("GET", f"{path}?prefetched=true")]
        for word in ("new", "failed"):
            sandbox.script("watercrawl.search", Life(before=[(0, word)]))
            other = await ask("POST", _WATERCRAWL, {"query": "cats", "search_options": {}})
            found["watercrawl.search"].append(other | {"uuid": wanted["uuid"]})
        for kind, root in (("watercrawl.crawl", _CRAWLS), ("watercrawl.sitemap", _SITEMAPS)):
            made = await ask("POST", root, _SITE)
            path = f"{root}{made['uuid']}/"
            found[kind] = [made, *await _life(ask, path), await ask("GET", f"{path}?prefetched=true")]
            if kind == "watercrawl.crawl":
                found["results page"] = [await ask("GET", f"{path}results/{query}") for query in ("", "?prefetched=1")]
                found["result"] = [row for page in found["results page"] for row in page["results"]]
            for word in ("new", "failed"):
                sandbox.script(kind, Life(before=[(0, word)]))
                found[kind].append(await ask("POST", root, _SITE) | {"uuid": made["uuid"]})
            found[f"{kind} page"] = [await ask("GET", root)]
        found["items page"] = [await ask("GET", f"{home}/items?limit=2"), await ask("GET", f"{home}/items")]
        found["item"] = found["items page"][1]["data"]
        found["websets page"] = [await ask("GET", _WEBSETS)]
        found["runs page"] = [await ask("GET", "/agent/runs?limit=1"), await ask("GET", "/agent/runs")]
        found["events page"] = [await ask("GET", f"/agent/runs/{run['id']}/events?limit=2")]
        found["event"] = found["events page"][0]["data"]
        found["watercrawl page"] = [await ask("GET", f"{_WATERCRAWL}?page_size={size}") for size in (1, 100)]
        found["deleted run"] = [await ask("DELETE", f"/agent/runs/{broken['id']}")]
        return found


@functools.cache
def corpus() -> dict[str, list[Any]]:
    """Return genuine payloads by what they are; those of one kind of job all show the same job."""
    return run_virtual(_collect())


@functools.cache
def ref_of(kind: str) -> JobRef:
    """Return the ref of the job that the corpus shows of this kind."""
    payload = corpus()[kind][0]
    return JobRef(kind, tuple(payload[key] for key in KINDS[kind].identity.values()))


#: Every shape of error body that the services have, and some that proxies before them have.
ERROR_BODIES: list[Any] = [
    {"requestId": "0" * 32, "error": "Invalid API key", "tag": "INVALID_API_KEY"},
    {"error": {"type": "RATE_LIMIT_ERROR", "code": "CONCURRENCY_LIMIT_REACHED", "message": "too many"}},
    {"requestId": "1" * 32, "error": "overloaded", "tag": "SERVICE_OVERLOADED"},
    {"error": "Too Many Requests"},
    {"error": "Bad Request", "message": ["query must be a string"], "statusCode": 400},
    {"message": "Not Found", "errors": {"detail": ["Not found."]}, "code": 404},
    {"code": 400, "errors": {"search_options": {"depth": ["No."]}, "query": ["required"]}, "message": "Bad Request"},
    {"code": 401, "errors": [], "message": {"detail": "Given token not valid", "code": "token_not_valid"}},
    {"code": 403, "errors": [], "message": "You have reached the maximum number of concurrent jobs"},
    {"code": 403, "errors": [], "message": "You do not have enough credits in your plan"},
    {"detail": [{"loc": ["body", "query"], "msg": "field required", "type": "value_error"}]},
    "Internal Server Error",
    "<html><head><title>502 Bad Gateway</title></head><body><h1>502</h1></body></html>",
    [],
    None,
]
