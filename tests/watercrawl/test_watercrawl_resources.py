"""``watercrawl.crawls`` and ``watercrawl.sitemaps`` against the sandbox."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from asyncjobs import (
    CancelOutcome,
    CreateUncertain,
    InvalidArgument,
    InvalidRequest,
    JobState,
    NotFound,
    NotSupported,
    PaymentRequired,
    ProtocolError,
    RateLimited,
    Settings,
    WaterCrawl,
)
from asyncjobs.sandbox import Answer, Fault, Life, Lose, Replace, Sandbox
from asyncjobs.watercrawl import CrawlType, RequestStatus, SitemapPage

CRAWL, SITEMAP = "watercrawl.crawl", "watercrawl.sitemap"
SITE = "https://example.com"


@contextlib.asynccontextmanager
async def opened(*, settings=None, **options):
    async with (
        Sandbox(sockets=False, **options) as sandbox,
        WaterCrawl("key", base_url=sandbox.url, session=sandbox.session(), settings=settings) as watercrawl,
    ):
        yield sandbox, watercrawl


async def test_a_crawl_is_a_job_whose_result_is_the_crawl():
    """What it found is counted in it, and read apart."""
    async with opened() as (_, watercrawl):
        job = await watercrawl.crawls.create(SITE, spider_options={"page_limit": 3}, page_options={"wait_time": 7})
        crawl = await job

        assert (job.kind, job.state, job.progress.found) == (CRAWL, JobState.COMPLETED, 3)
        assert (crawl.status, crawl.crawl_type) == (RequestStatus.FINISHED, CrawlType.SINGLE)
        assert (crawl.url, crawl.urls, crawl.number_of_documents) == (SITE, (SITE,), 3)
        assert (crawl.options.spider_options.page_limit, crawl.options.page_options.wait_time) == (3, 7)
        assert crawl.duration.total_seconds() > 3
        assert crawl.sitemap.startswith("http")


async def test_the_pages_of_a_crawl_are_an_iterator():
    """As many as there are, oldest first, page by page; with their content or with its address."""
    async with opened() as (sandbox, watercrawl):
        job = await watercrawl.crawls.create(SITE, spider_options={"page_limit": 60})
        await job.wait()
        urls = [result.url async for result in watercrawl.crawls.results(job.id)]
        first = await anext(watercrawl.crawls.results(job.id, page_size=1))
        whole = await anext(watercrawl.crawls.results(job.id, download=True))

        assert urls == [SITE, *(f"{SITE}/{number}" for number in range(1, 60))]
        assert sandbox.ledger.count("result", CRAWL) == 3 + 2
        assert (first.page, whole.result_url) == (None, None)
        assert first.result_url.startswith("http")
        assert whole.page.markdown.startswith("# ")
        assert whole.page.metadata["title"]


async def test_pages_can_be_read_while_the_crawl_runs():
    """What there is by then."""
    async with opened() as (sandbox, watercrawl):
        sandbox.script(CRAWL, Life.ordinary(CRAWL, works=10))
        job = await watercrawl.crawls.create(SITE, spider_options={"page_limit": 9})
        await asyncio.sleep(4.5)

        assert len([result async for result in watercrawl.crawls.results(job.id)]) == 4


async def test_attachments_are_told():
    """What they are, and where."""
    async with opened() as (_, watercrawl):
        job = await watercrawl.crawls.create(SITE, page_options={"actions": [{"type": "screenshot"}]})
        await job.wait()
        result = await anext(watercrawl.crawls.results(job.id))

        (attachment,) = result.attachments
        assert (attachment.attachment_type, attachment.filename) == ("screenshot", "screenshot.png")
        assert attachment.attachment.startswith("http")


async def test_a_batch_is_the_same_kind_of_job():
    """Its first reply shows half of it, which is enough to know it by."""
    async with opened() as (_, watercrawl):
        urls = [f"{SITE}/{number}" for number in range(4)]
        job = await watercrawl.crawls.create_batch(iter(urls), plugin_options={"a": {"is_active": True}})
        assert (job.kind, job.snapshot.resource.crawl_type) == (CRAWL, None)
        crawl = await job

        assert (crawl.crawl_type, crawl.urls) == (CrawlType.BATCH, tuple(urls))
        assert crawl.options.plugin_options == {"a": {"is_active": True}}
        assert [result.url async for result in watercrawl.crawls.results(job.id)] == urls
        assert watercrawl.job(str(job.ref)) == job == watercrawl.job(crawl)


async def test_a_batch_of_one_string_is_refused():
    """It would be taken apart into its letters."""
    async with opened() as (sandbox, watercrawl):
        with pytest.raises(InvalidArgument, match=r"urls: .*str"):
            watercrawl.crawls.create_batch(SITE)
        assert not sandbox.ledger.requests


async def test_a_lost_batch_has_candidates():
    """By its addresses, although depth and number of pages are not what was sent."""
    async with opened() as (sandbox, watercrawl):
        sandbox.fault(Fault(Lose(), verb="create"))
        with pytest.raises(CreateUncertain) as caught:
            await watercrawl.crawls.create_batch([SITE, f"{SITE}/1"], spider_options={"max_depth": 4})
        with pytest.raises(CreateUncertain) as again:
            await watercrawl.reconcile(caught.value)

        (row,) = sandbox.ledger.created()
        assert [str(ref) for ref in caught.value.candidates] == [row.ref]
        assert again.value.candidates == caught.value.candidates


async def test_a_sitemap_is_a_job_whose_result_carries_the_pages():
    """As searches: one more request, for the pages instead of an address."""
    async with opened() as (sandbox, watercrawl):
        job = await watercrawl.sitemaps.create(SITE, search="cats", include_subdomains=False)
        sitemap = await job

        assert (job.kind, sitemap.status, sitemap.result_url) == (SITEMAP, RequestStatus.FINISHED, None)
        assert sitemap.results[0] == SitemapPage(url=SITE, title="Page 0")
        assert (sitemap.options.search, sitemap.options.include_subdomains) == ("cats", False)
        assert job.snapshot.resource.result_url.startswith("http")
        assert sandbox.ledger.count("result", SITEMAP) == 1


async def test_sitemaps_as_trees_and_texts():
    """Of a sitemap and of a crawl; before the end there is none."""
    async with opened() as (_, watercrawl):
        sitemap = await watercrawl.sitemaps.create(SITE)
        crawl = await watercrawl.crawls.create(SITE)
        with pytest.raises(NotFound, match="does not exist"):
            await watercrawl.sitemaps.graph(sitemap.id)
        with pytest.raises(NotFound, match="does not exist"):
            await watercrawl.crawls.sitemap_markdown(crawl.id)
        await asyncio.gather(sitemap, crawl)

        assert (await watercrawl.sitemaps.graph(sitemap.id))["example.com"]["__self__"]["url"] == SITE
        assert (await watercrawl.sitemaps.markdown(sitemap.id)).startswith("- [Page 0](")
        assert (await watercrawl.crawls.sitemap_graph(crawl.id))["example.com"]["__self__"]["url"] == SITE
        assert (await watercrawl.crawls.sitemap_markdown(crawl.id)).startswith("- [Page 0 of")


async def test_a_tree_that_is_none_is_an_error_of_the_service():
    """Whatever else it may be."""
    async with opened(settings=Settings(retry_budget=0)) as (sandbox, watercrawl):
        job = await watercrawl.sitemaps.create(SITE)
        await job.wait()
        for body, what in ((b'"text"', "expected dict, got str"), (b"<html>", "no JSON"), (b"", "no JSON")):
            sandbox.fault(Fault(Replace(body), path="graph"))
            with pytest.raises(ProtocolError, match=what):
                await watercrawl.sitemaps.graph(job.id)


@pytest.mark.parametrize("part", ["crawls", "sitemaps", "searches"])
async def test_get_list_and_cancel_by_id(part):
    """The same three on each part."""
    async with opened() as (sandbox, watercrawl):
        kind = {"crawls": CRAWL, "sitemaps": SITEMAP, "searches": "watercrawl.search"}[part]
        sandbox.script(kind, Life.ordinary(kind, works=None), times=None)
        it = getattr(watercrawl, part)
        jobs = [await it.create(f"{SITE}/{number}") for number in range(3)]

        assert await it.get(jobs[0].id) == jobs[0]
        assert [job async for job in it.list(page_size=2)] == jobs[::-1]
        assert await it.cancel(jobs[0].id) is CancelOutcome.CANCELED
        assert jobs[0].state is JobState.CANCELED
        with pytest.raises(NotFound):
            await it.get("7d0a5f0e-93b3-4c0c-9d0e-0f4c2f1f7a61")
        with pytest.raises(NotSupported, match="stop"):
            await jobs[1].stop()


@pytest.mark.parametrize("part", ["crawls", "sitemaps"])
async def test_lists_of_one_status(part):
    """A word that the service does not know it refuses."""
    async with opened() as (_, watercrawl):
        it = getattr(watercrawl, part)
        job = await it.create(SITE)

        assert [each async for each in it.list(status="new")] == [job]
        assert [each async for each in it.list(status="running")] == []
        with pytest.raises(InvalidRequest, match="bogus is not one of"):
            await anext(it.list(status="bogus"))


@pytest.mark.parametrize("part", ["crawls", "sitemaps"])
async def test_a_new_one_is_canceled_when_it_runs(part):
    """The service refuses to cancel what has not begun: the cancel waits for that."""
    async with opened() as (sandbox, watercrawl):
        kind = CRAWL if part == "crawls" else SITEMAP
        sandbox.script(kind, Life.ordinary(kind, waits=3, works=None))
        async with getattr(watercrawl, part).create(SITE) as job:
            pass

        assert job.state is JobState.CANCELED
        assert sandbox.ledger.count("cancel", status=204) == 1


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("Your plan does not support more than 1 concurrent crawls. Wait for them to finish.", RateLimited),
        ("Your plan does not support more than 3 depth. change the max depth in spider options.", PaymentRequired),
        (
            "Your plan does not support more than 9 pages per crawl. change the page limit.",
            PaymentRequired,
        ),
        ("You just have 2 page credits left in your plan. change the page limit in spider options.", PaymentRequired),
        ("You have no more daily pages left in your plan", PaymentRequired),
        ("With the current plan you cannot use this proxy server. Upgrade your plan.", PaymentRequired),
        ("You have no active subscription", PaymentRequired),
    ],
)
@pytest.mark.parametrize("part", ["crawls", "sitemaps"])
async def test_what_the_plan_forbids_is_no_lack_of_permission(part, text, error):
    """The service says 403 to all of it: a slot may become free, the rest costs money."""
    async with opened(settings=Settings(retry_budget=0)) as (sandbox, watercrawl):
        sandbox.fault(Fault(Answer(403, {"code": 403, "errors": None, "message": text}), verb="create"))
        with pytest.raises(error, match=text[:20]):
            await getattr(watercrawl, part).create(SITE)
