"""Demonstrations: WaterCrawl's sitemaps."""

from __future__ import annotations

import asyncio
import functools

import pytest
from sdk_table import WATERCRAWL
from sdk_table import works as entered

works = functools.partial(entered, table=WATERCRAWL)

SITE = "https://example.com"


async def finished(sdk):
    """Return the id of a sitemap that has ended."""
    made = await sdk(sdk.client.create_sitemap_request, SITE)
    await sdk(sdk.client.monitor_sitemap_request, made["uuid"])
    return made["uuid"]


@works("create_sitemap_request")
async def create(sdk, it):
    """It is new; what was not said is filled in."""
    new = await sdk(it.create_sitemap_request, SITE, {"search": "cats"})
    assert (new["status"], new["url"], new["result"], new["duration"]) == ("new", SITE, None, None)
    assert (new["options"]["search"], new["options"]["include_subdomains"]) == ("cats", True)


@works("get_sitemap_request")
async def get(sdk, it):
    """Its result is the address of a file."""
    done = await sdk(it.get_sitemap_request, await finished(sdk))
    assert done["status"] == "finished"
    assert "/media/" in done["result"]


@works("get_sitemap_requests_list")
async def get_list(sdk, it):
    """Newest first, in pages."""
    uuids = [(await sdk(it.create_sitemap_request, SITE))["uuid"] for _ in range(3)]
    page = await sdk(it.get_sitemap_requests_list, 1, 2)
    rest = await sdk(it.get_sitemap_requests_list, 2, 2)
    assert [row["uuid"] for row in (*page["results"], *rest["results"])] == uuids[::-1]


@works("stop_sitemap_request")
async def stop(sdk, it):
    """The 204 is nothing; what is not running is a 403."""
    uuid = (await sdk(it.create_sitemap_request, "http://stuck"))["uuid"]
    assert await sdk(it.stop_sitemap_request, uuid) is None
    assert (await sdk(it.get_sitemap_request, uuid))["status"] == "canceled"
    with pytest.raises(Exception, match="403 Client Error"):
        await sdk(it.stop_sitemap_request, uuid)


@works("monitor_sitemap_request")
async def monitor(sdk, it):
    """Each state as it comes, the last one twice; how long it took comes later."""
    made = await sdk(it.create_sitemap_request, SITE)
    events = await sdk(it.monitor_sitemap_request, made["uuid"])
    states = [event["data"] for event in events if event["type"] == "state"]
    assert [state["status"] for state in states] == ["new", "running", "finished", "finished"]
    assert (states[-1]["duration"], len(states[-1]["result"])) == (None, 5)
    await asyncio.sleep(0.05)
    assert (await sdk(it.get_sitemap_request, made["uuid"]))["duration"]


@works("get_sitemap_results")
async def results(sdk, it):
    """A list, which is fetched without the key, a tree, or text; and nothing before the end."""
    uuid = await finished(sdk)
    pages = await sdk(it.get_sitemap_results, uuid)
    assert not sdk.sandbox.ledger.requests[-1].key_sent
    graph = await sdk(it.get_sitemap_results, uuid, "graph")
    text = await sdk(it.get_sitemap_results, uuid, "markdown")
    assert graph["example.com"]["__self__"] == pages[0]
    assert text.startswith(f"- [{pages[0]['title']}]({SITE})\n- [")
    new = await sdk(it.create_sitemap_request, "http://stuck")
    with pytest.raises(ValueError, match="not found"):
        await sdk(it.get_sitemap_results, new["uuid"])
