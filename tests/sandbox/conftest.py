"""A sandbox without sockets, and a short way to talk to it."""

from __future__ import annotations

import contextlib
import json
from types import SimpleNamespace

import pytest

from asyncjobs.sandbox import Sandbox

#: Where WaterCrawl's jobs are, and the least that a create says.
WATERCRAWL = {
    "watercrawl.search": ("/api/v1/core/search/", {"query": "cats", "search_options": {}}),
    "watercrawl.crawl": (
        "/api/v1/core/crawl-requests/",
        {"url": "https://example.com", "options": {"spider_options": {}, "page_options": {}}},
    ),
    "watercrawl.sitemap": ("/api/v1/core/sitemaps/", {"url": "https://example.com", "options": {}}),
}


class Talk:
    """Sends requests to a sandbox: `await talk("GET", "/agent/runs")`."""

    def __init__(self, sandbox, session):
        self.sandbox = sandbox
        self.session = session

    async def __call__(self, method, path, body=None, *, key="key", headers=None, data=None, follow=False):
        headers = ({} if key is None else {"x-api-key": key}) | (headers or {})
        async with self.session.request(
            method, self.sandbox.url + path, json=body, data=data, headers=headers, allow_redirects=follow
        ) as response:
            text = await response.text()
        try:
            parsed = json.loads(text)
        except ValueError:
            parsed = None
        return SimpleNamespace(status=response.status, headers=response.headers, text=text, body=parsed)

    async def webset(self, **body):
        body = body or {"search": {"query": "cats", "count": 10}}
        return (await self("POST", "/websets/v0/websets", body)).body

    async def make(self, kind, **body):
        """Create a job; return its ref and its path."""
        if kind == "exa.agent_run":
            run = await self("POST", "/agent/runs", {"query": "cats"} | body)
            return f"{kind}:{run.body['id']}", f"/agent/runs/{run.body['id']}"
        if kind in WATERCRAWL:
            root, least = WATERCRAWL[kind]
            made = await self("POST", root, least | body)
            return f"{kind}:{made.body['uuid']}", f"{root}{made.body['uuid']}/"
        webset = await self.webset(metadata={})
        name, least = (
            ("searches", {"query": "cats", "count": 10})
            if kind == "exa.search"
            else ("enrichments", {"description": "x"})
        )
        path = f"/websets/v0/websets/{webset['id']}/{name}"
        made = (await self("POST", path, least | body)).body
        return f"{kind}:{webset['id']}/{made['id']}", f"{path}/{made['id']}"

    async def cancel(self, path):
        """Cancel a job by its path."""
        return await (self("DELETE", path) if path.startswith("/api") else self("POST", path + "/cancel"))


@pytest.fixture
def opened():
    """Return a context manager that opens a sandbox with the given options and yields a Talk."""

    @contextlib.asynccontextmanager
    async def opened(**options):
        async with Sandbox(**{"sockets": False} | options) as sandbox:
            yield Talk(sandbox, sandbox.session())

    return opened
