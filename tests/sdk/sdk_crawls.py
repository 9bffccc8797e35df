"""Demonstrations: WaterCrawl's crawls."""

from __future__ import annotations

import functools
import io
import json
import zipfile

import pytest
from sdk_table import WATERCRAWL
from sdk_table import works as entered

works = functools.partial(entered, table=WATERCRAWL)

SITE = "https://example.com"


async def finished(sdk, url=SITE, **options):
    """Return a crawl that has ended, as its stream showed it last."""
    made = await sdk(sdk.client.create_crawl_request, url, **options)
    events = await sdk(sdk.client.monitor_crawl_request, made["uuid"])
    return [event["data"] for event in events if event["type"] == "state"][-1]


@works("create_crawl_request")
async def create(sdk, it):
    """It is new; what was not said is filled in."""
    new = await sdk(it.create_crawl_request, SITE, {"page_limit": 3}, {"include_links": True}, {"a": {}})
    assert (new["status"], new["url"], new["urls"], new["crawl_type"]) == ("new", SITE, [SITE], "single")
    assert (new["options"]["spider_options"]["page_limit"], new["options"]["spider_options"]["max_depth"]) == (3, 1)
    assert (new["options"]["page_options"]["include_links"], new["options"]["plugin_options"]) == (True, {"a": {}})
    assert (new["number_of_documents"], new["sitemap"], new["duration"]) == (0, None, None)
    with pytest.raises(Exception, match="400 Client Error"):
        await sdk(it.create_crawl_request)


@works("create_batch_crawl_request")
async def create_batch(sdk, it):
    """The reply shows half of it, a look all."""
    urls = [f"{SITE}/1", f"{SITE}/2"]
    new = await sdk(it.create_batch_crawl_request, urls, {"page_limit": 77})
    assert set(new) == {"uuid", "urls", "status", "options", "created_at", "updated_at", "duration"}
    assert new["options"]["spider_options"]["page_limit"] == 2
    whole = await sdk(it.get_crawl_request, new["uuid"])
    assert (whole["crawl_type"], whole["urls"], whole["url"]) == ("batch", urls, urls[0])


@works("get_crawl_request")
async def get(sdk, it):
    """As its stream showed it."""
    done = await finished(sdk)
    assert await sdk(it.get_crawl_request, done["uuid"]) == done
    assert (done["status"], done["number_of_documents"]) == ("finished", 1)


@works("get_crawl_requests_list")
async def get_list(sdk, it):
    """Newest first, in pages."""
    uuids = [(await sdk(it.create_crawl_request, SITE))["uuid"] for _ in range(3)]
    page = await sdk(it.get_crawl_requests_list, 1, 2)
    rest = await sdk(it.get_crawl_requests_list, 2, 2)
    assert [row["uuid"] for row in (*page["results"], *rest["results"])] == uuids[::-1]
    assert (page["count"], rest["next"]) == (3, None)


@works("stop_crawl_request")
async def stop(sdk, it):
    """The 204 is nothing; what is not running is a 403; what was found stays."""
    uuid = (await sdk(it.create_crawl_request, "http://stuck", {"page_limit": 3}))["uuid"]
    assert await sdk(it.stop_crawl_request, uuid) is None
    assert (await sdk(it.get_crawl_request, uuid))["status"] == "canceled"
    with pytest.raises(Exception, match="403 Client Error"):
        await sdk(it.stop_crawl_request, uuid)


@works("monitor_crawl_request")
async def monitor(sdk, it):
    """Pages as they are found, with or without their content, between the states."""
    new = await sdk(it.create_crawl_request, SITE, {"page_limit": 2})
    events = await sdk(it.monitor_crawl_request, new["uuid"], download=False)
    states = [event["data"]["status"] for event in events if event["type"] == "state"]
    found = [event["data"] for event in events if event["type"] == "result"]
    assert states == ["new", "running", "finished", "finished"]
    assert [row["url"] for row in found] == [SITE, f"{SITE}/1"]
    again = await sdk(it.monitor_crawl_request, new["uuid"])
    assert [event["type"] for event in again] == ["result", "result", "state", "state"]
    assert again[0]["data"]["result"]["markdown"].startswith("# ")


@works("get_crawl_request_results")
async def results(sdk, it):
    """Oldest first, in pages, with content if it is asked for."""
    done = await finished(sdk, spider_options={"page_limit": 3})
    page = await sdk(it.get_crawl_request_results, done["uuid"], 1, 2)
    rest = await sdk(it.get_crawl_request_results, done["uuid"], 2, 2, download=True)
    assert [row["url"] for row in page["results"]] == [SITE, f"{SITE}/1"]
    assert "/media/" in page["results"][0]["result"]
    assert rest["results"][0]["result"]["metadata"]["title"]


@works("download_crawl_request")
async def download(sdk, it):
    """An archive of what was found."""
    done = await finished(sdk, spider_options={"page_limit": 2})
    archive = zipfile.ZipFile(io.BytesIO(await sdk(it.download_crawl_request, done["uuid"])))
    assert archive.namelist() == ["example.com.json", "example.com_1.json"]
    assert json.loads(archive.read("example.com.json"))["markdown"].startswith("# ")


@works("scrape_url")
async def scrape(sdk, it):
    """One page at once, or the crawl that will find it."""
    page = await sdk(it.scrape_url, SITE, {"actions": [{"type": "screenshot"}]})
    assert page["result"]["markdown"].startswith("# ")
    assert page["attachments"][0]["attachment_type"] == "screenshot"
    assert (await sdk(it.scrape_url, SITE, sync=False))["status"] == "new"


@works("download_result")
async def download_result(sdk, it):
    """Without the key."""
    done = await finished(sdk)
    row = (await sdk(it.get_crawl_request_results, done["uuid"]))["results"][0]
    with pytest.warns(DeprecationWarning, match="deprecated"):
        whole = await sdk(it.download_result, row)
    assert whole["result"]["markdown"].startswith("# ")
    assert not sdk.sandbox.ledger.requests[-1].key_sent


@works("get_crawl_request_sitemap", "download_sitemap", "download_sitemap_graph", "download_sitemap_markdown")
async def sitemap(sdk, it):
    """The pages that were found: a list, a tree, or text; the older names warn."""
    done = await finished(sdk, spider_options={"page_limit": 2})
    pages = await sdk(it.get_crawl_request_sitemap, done["uuid"])
    assert [page["url"] for page in pages] == [SITE, f"{SITE}/1"]
    graph = await sdk(it.get_crawl_request_sitemap, done["uuid"], "graph")
    assert graph["example.com"]["1"]["__self__"] == pages[1]
    text = await sdk(it.get_crawl_request_sitemap, done, "markdown")
    assert text.count("\n- [") == 1
    for old, same in (
        (it.download_sitemap, pages),
        (it.download_sitemap_graph, graph),
        (it.download_sitemap_markdown, text),
    ):
        with pytest.warns(DeprecationWarning, match="deprecated"):
            assert await sdk(old, done["uuid"]) == same
