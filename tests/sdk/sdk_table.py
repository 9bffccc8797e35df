"""Every public method of the SDKs for the sandbox's endpoints, with what becomes of it.

A method works, and then a demonstration here uses it and looks at what comes back; or it is not emulated, for a
reason. `test_sdk_table.py` holds the table against the installed SDKs and runs the demonstrations.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@attrs.frozen
class NotEmulated:
    """A method that the sandbox does not serve, and why; with *args* the service's 404 is what a caller gets."""

    why: str
    args: tuple[Any, ...] | None = None


_OUT_OF_SCOPE = "only searches, enrichments and agent runs are jobs of this library"
_CRAWLS = "of WaterCrawl's jobs only searches are kinds of this library so far"
_DEPRECATED = "a deprecated helper for crawls"

#: The rows of the table; the demonstrations fill in those that work.
EXA: dict[str, Callable[..., Any] | NotEmulated] = {
    "websets.preview": NotEmulated("creates nothing: there is no job to wait for", ({"search": {"query": "cats"}},)),
    "websets.events.get": NotEmulated("events of websets only wake a waiter; jobs are read by GET", ("event_1",)),
    "websets.events.list": NotEmulated("events of websets only wake a waiter; jobs are read by GET", ()),
}

#: Parts of the Exa clients of which nothing is served.
EXA_NAMESPACES: Mapping[str, str] = {
    "websets.imports": _OUT_OF_SCOPE,
    "websets.monitors": _OUT_OF_SCOPE,
    "websets.webhooks": _OUT_OF_SCOPE,
    "beta.agent.monitors": _OUT_OF_SCOPE,
}

_CRAWL = {"uuid": "7d0a5f0e-93b3-4c0c-9d0e-0f4c2f1f7a61", "sitemap": "x", "result": "x"}

#: The same for WaterCrawl.
WATERCRAWL: dict[str, Callable[..., Any] | NotEmulated] = {
    "create_batch_crawl_request": NotEmulated(_CRAWLS, (["https://example.com"],)),
    "create_crawl_request": NotEmulated(_CRAWLS, ("https://example.com",)),
    "create_sitemap_request": NotEmulated(_CRAWLS, ("https://example.com",)),
    "download_crawl_request": NotEmulated(_CRAWLS, (_CRAWL["uuid"],)),
    "download_result": NotEmulated(_DEPRECATED),
    "download_sitemap": NotEmulated(_DEPRECATED),
    "download_sitemap_graph": NotEmulated(_DEPRECATED),
    "download_sitemap_markdown": NotEmulated(_DEPRECATED),
    "get_crawl_request": NotEmulated(_CRAWLS, (_CRAWL["uuid"],)),
    "get_crawl_request_results": NotEmulated(_CRAWLS, (_CRAWL["uuid"],)),
    "get_crawl_request_sitemap": NotEmulated(_CRAWLS, (_CRAWL, "graph")),
    "get_crawl_requests_list": NotEmulated(_CRAWLS, ()),
    "get_sitemap_request": NotEmulated(_CRAWLS, (_CRAWL["uuid"],)),
    "get_sitemap_requests_list": NotEmulated(_CRAWLS, ()),
    "get_sitemap_results": NotEmulated(_CRAWLS, (_CRAWL, "graph")),
    "monitor_crawl_request": NotEmulated(_CRAWLS, (_CRAWL["uuid"],)),
    "monitor_sitemap_request": NotEmulated(_CRAWLS, (_CRAWL["uuid"],)),
    "scrape_url": NotEmulated(_CRAWLS, ("https://example.com",)),
    "stop_crawl_request": NotEmulated(_CRAWLS, (_CRAWL["uuid"],)),
    "stop_sitemap_request": NotEmulated(_CRAWLS, (_CRAWL["uuid"],)),
}


def works(*paths: str, table: dict[str, Callable[..., Any] | NotEmulated] = EXA) -> Callable[[Any], Any]:
    """Enter a demonstration: `async def (sdk, it)`, *it* being the part of the client that has the method."""

    def enter(demonstration: Callable[..., Any]) -> Callable[..., Any]:
        for path in paths:
            assert path not in table, f"{path} is in the table twice"
            table[path] = demonstration
        return demonstration

    return enter
