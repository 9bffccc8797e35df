"""The everyday calls, for type checkers only: nothing here is run."""

from __future__ import annotations

import asyncio
import pathlib
from typing import TYPE_CHECKING, Any, assert_type

from asyncjobs import (
    APIError,
    CancelOutcome,
    CancelReport,
    EventStream,
    Exa,
    Job,
    JobFailed,
    JobGroup,
    JobRef,
    JobState,
    Progress,
    Settings,
    Snapshot,
    StreamedCreation,
    WaterCrawl,
    as_completed,
    cancel_all,
    wait_all,
)
from asyncjobs.exa import (
    AgentEvent,
    AgentRun,
    AgentSearchTrace,
    AgentSource,
    DeletedAgentRun,
    Import,
    Monitor,
    MonitorRun,
    Team,
    Webhook,
    WebhookAttempt,
    Webset,
    WebsetEnrichment,
    WebsetEvent,
    WebsetItem,
    WebsetPreview,
    WebsetSearch,
)
from asyncjobs.kinds import Call, Client, JobKind, Pace, Provider
from asyncjobs.watercrawl import (
    CrawledPage,
    CrawlRequest,
    CrawlResult,
    FeedMessage,
    SearchRequest,
    SitemapPage,
    SitemapRequest,
)

if TYPE_CHECKING:
    import aiohttp


async def runs_of_the_agent(exa: Exa) -> None:
    """``Job[AgentRun]`` flows through everything."""
    job = await exa.agent.runs.create(query="q", effort="low", output_schema={"type": "object"})
    assert_type(job, Job[AgentRun])
    assert_type(await job, AgentRun)
    assert_type(await job.result(timeout=3), AgentRun)
    assert_type(await job.wait(), Snapshot[AgentRun])
    assert_type(await job.refresh(reopen=True), Snapshot[AgentRun])
    assert_type(await job.stop(), Snapshot[AgentRun])
    assert_type(await job.cancel(confirm=False, timeout=None), CancelOutcome)
    assert_type(job.snapshot, Snapshot[AgentRun] | None)
    assert_type(job.contradiction, Snapshot[AgentRun] | None)
    assert_type(job.progress, Progress | None)
    assert_type(job.state, JobState)
    assert_type(job.ref, JobRef)
    async for snapshot in job:
        assert_type(snapshot, Snapshot[AgentRun])
        assert_type(snapshot.resource, AgentRun)
        assert_type(snapshot.raw, dict[str, Any])
    async with job as same:
        assert_type(same, Job[AgentRun])
    async with exa.agent.runs.create(query="q") as owned:
        assert_type(owned, Job[AgentRun])
    assert_type(await exa.agent.runs.get("r1"), Job[AgentRun])
    assert_type(await exa.agent.runs.cancel("r1"), CancelOutcome)
    assert_type(await exa.agent.runs.delete("r1"), DeletedAgentRun)
    async for listed in exa.agent.runs.list(page_size=10):
        assert_type(listed, Job[AgentRun])
    async for event in exa.agent.runs.events("r1"):
        assert_type(event, AgentEvent)


async def events_of_runs(exa: Exa) -> None:
    """The events come with their job, typed and open."""
    async with exa.agent.runs.stream(query="q", effort="low") as events:
        assert_type(events, EventStream[AgentRun, AgentEvent])
        assert_type(events.job, Job[AgentRun])
        assert_type(events.last_event_id, str | None)
        async for event in events:
            assert_type(event, AgentEvent)
            assert_type(event.run, AgentRun | None)
            match event.detail:
                case AgentSearchTrace(text=text):
                    assert_type(text, str)
                case AgentSource(url=url):
                    assert_type(url, str)
                case _:
                    assert_type(event.data, dict[str, Any])
    assert_type(exa.agent.runs.stream(query="q"), StreamedCreation[AgentRun, AgentEvent])
    assert_type(await exa.agent.runs.stream(query="q"), EventStream[AgentRun, AgentEvent])
    assert_type(exa.agent.runs.follow("r1", after="3"), EventStream[AgentRun, AgentEvent])
    async for stored in exa.agent.runs.replay("r1"):
        assert_type(stored, AgentEvent)


async def around_websets(exa: Exa, webset: Webset) -> None:
    """A webset as a job, and what there is besides websets."""
    assert_type(exa.job(webset), Job[Webset])
    assert_type(await exa.job(webset), Webset)
    assert_type(await exa.websets.preview(query="q"), WebsetPreview)
    assert_type(await exa.websets.items.get("w", "i"), WebsetItem)
    sent = await exa.websets.imports.send("name\nx\n", entity={"type": "company"})
    assert_type(sent, Job[Import])
    assert_type(await exa.websets.imports.create(size=1, count=1, entity={}), Job[Import])
    assert_type(await exa.websets.imports.update("i", title="t"), Import)
    await exa.websets.imports.upload(sent, b"name")
    monitor = await exa.websets.monitors.create("w", cron="0 6 * * *", behavior={})
    assert_type(monitor, Monitor)
    assert_type(await exa.websets.monitors.runs.get("m", "r"), Job[MonitorRun])
    async for run in exa.websets.monitors.runs.list(monitor.id):
        assert_type(run, Job[MonitorRun])
    assert_type(await exa.websets.webhooks.create(events=["webset.idle"], url="u"), Webhook)
    async for attempt in exa.websets.webhooks.attempts.list("w", successful=True):
        assert_type(attempt, WebhookAttempt)
    async for event in exa.websets.events.list():
        assert_type(event, WebsetEvent)
    assert_type(await exa.team(), Team)


async def many_at_once(exa: Exa, watercrawl: WaterCrawl, jobs: list[Job[AgentRun]]) -> None:
    """Through gather, create_task and the group functions."""
    assert_type(await asyncio.gather(*jobs), list[AgentRun])
    assert_type(await asyncio.gather(*(job.cancel() for job in jobs)), list[CancelOutcome])
    run, search = await asyncio.gather(exa.agent.runs.create(query="q"), watercrawl.searches.create("q"))
    assert_type(run, Job[AgentRun])
    assert_type(search, Job[SearchRequest])
    results = await asyncio.gather(run, search)
    assert_type(results, tuple[AgentRun, SearchRequest])
    task = asyncio.create_task(exa.agent.runs.create(query="q"))
    assert_type(await task, Job[AgentRun])
    assert_type(await cancel_all(jobs), CancelReport)
    mixed = [run, search]
    await wait_all(mixed)
    await cancel_all(mixed)
    await asyncio.gather(*mixed, return_exceptions=True)
    async for ended in as_completed(mixed):
        assert_type(ended.state, JobState)
    await wait_all(jobs, timeout=3)
    async for ended in as_completed(jobs):
        assert_type(ended, Job[AgentRun])
    async with JobGroup() as group:
        assert_type(group.add(run), Job[AgentRun])


async def websets(exa: Exa) -> None:
    """Containers are resources, what runs in them is a job."""
    webset = await exa.websets.create(search={"query": "q", "count": 3}, external_id="mine")
    assert_type(webset, Webset)
    assert_type(exa.jobs(webset), list[Job[Any]])
    search = await exa.websets.searches.create(webset.id, query="q", count=3)
    assert_type(search, Job[WebsetSearch])
    enrichment = await exa.websets.enrichments.create(webset.id, description="d")
    assert_type(enrichment, Job[WebsetEnrichment])
    assert_type(await exa.websets.enrichments.update(webset.id, enrichment.id, description="d"), WebsetEnrichment)
    assert_type(await exa.websets.get(webset.id), Webset)
    assert_type(await exa.websets.cancel(webset.id), Webset)
    async for each in exa.websets.list():
        assert_type(each, Webset)
    async for item in exa.websets.items.list(webset.id):
        assert_type(item, WebsetItem)


async def watercrawl_searches(watercrawl: WaterCrawl) -> None:
    """The same on another service."""
    job = await watercrawl.searches.create("q", depth="advanced", result_limit=5)
    assert_type(job, Job[SearchRequest])
    found = await job
    assert_type(found.result_url, str | None)
    async for listed in watercrawl.searches.list():
        assert_type(listed, Job[SearchRequest])


async def watercrawl_crawls(watercrawl: WaterCrawl) -> None:
    """Crawls and sitemaps are jobs, what they found is not."""
    assert_type(await watercrawl.crawls.create("u", spider_options={"max_depth": 2}), Job[CrawlRequest])
    assert_type(await watercrawl.crawls.create_batch(["u"]), Job[CrawlRequest])
    async for result in watercrawl.crawls.results("id", download=True):
        assert_type(result, CrawlResult)
        assert_type(result.page, CrawledPage | None)
    assert_type(await watercrawl.crawls.sitemap_markdown("id"), str)
    assert_type(await watercrawl.crawls.result("id", "id"), CrawlResult)
    async for event in watercrawl.crawls.monitor("id"):
        assert_type(event.request, CrawlRequest | None)
        assert_type(event.result, CrawlResult | None)
        assert_type(event.message, FeedMessage | None)
    job = await watercrawl.crawls.get("id")
    async with watercrawl.streaming(job):
        assert_type(await job.wait(), Snapshot[CrawlRequest])
    assert_type(await watercrawl.crawls.download("id", pathlib.Path("a.zip"), output_format="markdown"), int)
    assert_type(await watercrawl.crawls.sitemap("id"), tuple[SitemapPage, ...])
    assert_type(await watercrawl.crawls.cancel("id"), CancelOutcome)
    assert_type(await watercrawl.download("https://a.example", "a.png", max_bytes=10), int)
    sitemap = await watercrawl.sitemaps.create("u", search="q")
    assert_type(sitemap, Job[SitemapRequest])
    assert_type((await sitemap).results, tuple[SitemapPage, ...] | None)
    assert_type(await watercrawl.sitemaps.graph("id"), dict[str, Any])
    async for listed in watercrawl.sitemaps.list(status="running"):
        assert_type(listed, Job[SitemapRequest])


async def handles(exa: Exa, run: AgentRun) -> None:
    """A handle from a resource knows its type, one from a text cannot."""
    assert_type(exa.job(run), Job[AgentRun])
    assert_type(exa.job("exa.agent_run:r1"), Job[Any])
    assert_type(exa.job(JobRef.parse("exa.agent_run:r1")), Job[Any])
    assert_type(exa.adopted, list[Job[Any]])


async def clients(session: aiohttp.ClientSession) -> None:
    """Making and closing them."""
    settings = Settings(request_timeout=5, rates={}, headers={"Exa-Beta": "x"}, paces={"exa.search": Pace(first=2)})
    async with Exa("key", base_url="http://localhost", settings=settings, session=session) as exa:
        assert_type(exa, Exa)
    async with WaterCrawl() as watercrawl:
        assert_type(watercrawl, WaterCrawl)


async def failures(job: Job[AgentRun]) -> None:
    """What an error carries."""
    try:
        await job
    except JobFailed as error:
        assert_type(error.ref, JobRef)
        assert_type(error.reason, str | None)
    except APIError as error:
        assert_type(error.status, int)
        assert_type(error.retry_after, float | None)


async def own_kinds(look: Call) -> None:
    """A kind of one's own has its type as well."""
    kind = JobKind(name="own.kind", resource=AgentRun, identity={"id": "id"}, look=look, words={})
    assert_type(kind, JobKind[AgentRun])
    provider = Provider(name="own", base_url="http://x", key_header="k", key_env="K", url_env="U", kinds=(kind,))
    async with Client(provider, "key") as client:
        assert_type(await client.create(kind, {}), Job[AgentRun])
        assert_type(client.job_of(kind, "a"), Job[AgentRun])
        assert_type(await client.get(kind, "a"), Job[AgentRun])
