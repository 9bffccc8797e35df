"""``watercrawl.crawls``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from asyncjobs.errors import InvalidArgument, ProtocolError
from asyncjobs.kinds import Call, KeyStyle
from asyncjobs.watercrawl._crawl_models import CrawlResult
from asyncjobs.watercrawl._events import monitor, prefetched
from asyncjobs.watercrawl._provider import BATCH, CRAWL, LARGEST_FILE, PAGING
from asyncjobs.watercrawl._sitemap_models import read_pages

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    from asyncjobs._creation import Creation
    from asyncjobs._job import Job
    from asyncjobs._models import CancelOutcome
    from asyncjobs._state_events import StateEvents
    from asyncjobs.kinds import Client, Pages
    from asyncjobs.watercrawl._crawl_models import CrawlRequest
    from asyncjobs.watercrawl._events import RequestEvent
    from asyncjobs.watercrawl._sitemap_models import SitemapPage

_ONE: Final = CRAWL.look.path
_RESULTS: Final = Call("GET", f"{_ONE}results/", repeatable=True)
_RESULT: Final = Call("GET", f"{_ONE}results/{{result}}/", repeatable=True)
_ARCHIVE: Final = Call("GET", f"{_ONE}download/", repeatable=True)
_GRAPH: Final = Call("GET", f"{_ONE}sitemap/graph/", repeatable=True)
_MARKDOWN: Final = Call("GET", f"{_ONE}sitemap/markdown/", repeatable=True)


class Crawls:
    """Crawls: of one page and what it links to, or of a list of pages. Each page that is found costs credits."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def create(
        self,
        url: str,
        *,
        spider_options: Mapping[str, Any] | None = None,
        page_options: Mapping[str, Any] | None = None,
        plugin_options: Mapping[str, Any] | None = None,
    ) -> Creation[CrawlRequest]:
        """
        Start a crawl that begins at *url*. Await it for a job, or enter it to own the job.

        *spider_options* say which pages are visited: ``max_depth`` and ``page_limit`` (both 1 by default, so that it
        is this one page), ``concurrent_requests`` (1 to 16), ``allowed_domains``, ``include_paths``,
        ``exclude_paths`` and ``proxy_server``. *page_options* say what is taken from them, in the service's own form
        (see :class:`PageOptions`; its times are in milliseconds), *plugin_options* are for the server's plugins.
        ``None`` leaves all of it to the service, which drops what it does not understand.

        Raises (when awaited):
            CreateUncertain: The outcome is unknown: the service keeps nothing that tells a crawl from another.
            RateLimited: The plan's slots stayed taken for the retry budget.
            PaymentRequired: The plan has no credits left, or does not allow so much.
            InvalidRequest: The service refuses an argument.
        """
        fields = {"url": url, "options": _options(spider_options, page_options, plugin_options)}
        return self._client.create(CRAWL, fields)

    def create_batch(
        self,
        urls: Iterable[str],
        *,
        spider_options: Mapping[str, Any] | None = None,
        page_options: Mapping[str, Any] | None = None,
        plugin_options: Mapping[str, Any] | None = None,
    ) -> Creation[CrawlRequest]:
        """
        Start one crawl of all pages *urls*, and of none that they link to. Await it for a job, or enter it to own it.

        The options are those of :meth:`create`; the service sets depth, number of pages and hosts itself.

        Raises:
            InvalidArgument: *urls* are not several.

        Raises (when awaited):
            CreateUncertain, RateLimited, PaymentRequired, InvalidRequest: As :meth:`create`.
        """
        if isinstance(urls, str) or not isinstance(urls, Iterable):  # pyright: ignore[reportUnnecessaryIsInstance]
            kind = type(urls).__name__
            raise InvalidArgument("urls", f"expected several, got {kind}; a crawl of one page is made by create()")
        fields = {"urls": list(urls), "options": _options(spider_options, page_options, plugin_options)}
        return self._client.create(BATCH, fields)

    async def get(self, uuid: str) -> Job[CrawlRequest]:
        """
        Look once at a crawl and return its handle.

        Raises:
            NotFound: There is no such crawl.
        """
        return await self._client.get(CRAWL, uuid)

    def list(self, *, status: str | None = None, page_size: int | None = None) -> Pages[Job[CrawlRequest]]:
        """
        Return all crawls, newest first, fetched *page_size* at a time (at most 100; ``None`` is the service's 25).

        *status* is the service's word for the ones that are wanted, such as ``running``; ``None`` for all.
        """
        query = () if status is None else (("status", status),)
        return self._client.list_jobs(CRAWL, CRAWL.surveys[0], page_size=page_size, query=query)

    def monitor(self, uuid: str, *, download: bool = False) -> StateEvents[CrawlRequest, RequestEvent[CrawlRequest]]:
        """
        Return what a crawl does as it happens: ``async for event in watercrawl.crawls.monitor(uuid)``.

        Each page that it finds, once, states, and lines of its log. It goes on until the crawl was seen to end, and the
        last event shows how, also where the service's stream breaks off or ends before. With *download* each page
        carries its content. It keeps a connection, and a worker at a small server, as long as it is read: for many
        crawls, wait.

        Raises (when iterated):
            NotFound: There is no such crawl.
            JobUnreachable, APIError, ...: What would end a wait; see ``Job.wait``.
        """
        return monitor(self._client, CRAWL, uuid, download=download)

    async def cancel(self, uuid: str) -> CancelOutcome:
        """Stop a crawl, as ``Job.cancel`` does. The pages that it has found are charged, and stay."""
        return await self._client.job_of(CRAWL, uuid).cancel()

    def results(self, uuid: str, *, download: bool = False, page_size: int | None = None) -> Pages[CrawlResult]:
        """
        Return the pages that a crawl has found so far, oldest first, whether or not it has ended.

        With *download* each carries its content (``result.page``), which the service then reads from a file for each;
        without, ``result.result_url`` is where the content is. They are fetched *page_size* at a time (at most 100;
        ``None`` is the service's 25).
        """
        return self._client.rows(
            _RESULTS,
            uuid,
            into=CrawlResult,
            keys=KeyStyle.SNAKE,
            at="results",
            paging=PAGING,
            page_size=page_size,
            query=prefetched(download=download),
        )

    async def result(self, uuid: str, result: str, *, download: bool = False) -> CrawlResult:
        """
        Return one of the pages that a crawl has found, *result* being its own id, as :meth:`results`.

        Raises:
            NotFound: There is no such crawl, or no such page in it.
        """
        query = prefetched(download=download)
        return await self._client.fetch(_RESULT, uuid, result, into=CrawlResult, keys=KeyStyle.SNAKE, query=query)

    async def download(
        self,
        uuid: str,
        path: str | os.PathLike[str],
        *,
        output_format: str = "json",
        max_bytes: int = LARGEST_FILE,
    ) -> int:
        """
        Write all pages that a crawl has found so far to the file *path*, as a ZIP archive, and return its bytes.

        *output_format* is ``json`` or ``markdown``, *max_bytes* 1 GiB unless you say otherwise. The archive goes to the
        disk as it comes; the file is there when all of it has come, in place of one that was there before, else nothing
        is. It may take any time, but not fall silent for ``Settings.idle_timeout`` seconds.

        Raises:
            NotFound: There is no such crawl.
            PermissionDenied: The service has no such format.
            ProtocolError: It has more than *max_bytes*.
            OSError: The file cannot be written.
        """
        query = (("output_format", output_format),)
        return await self._client.save(_ARCHIVE, uuid, path=path, max_bytes=max_bytes, query=query)

    async def sitemap(self, uuid: str) -> tuple[SitemapPage, ...]:
        """
        Return the pages that a finished crawl has come across, with those that it did not visit.

        Two requests: for the address of the file, and for the file, without the key.

        Raises:
            NotFound: There is no such crawl, or no sitemap (yet).
        """
        job = await self.get(uuid)
        snapshot = job.snapshot
        address = None if snapshot is None else snapshot.resource.sitemap
        if address is None:
            # The service's own words for it.
            await self.sitemap_graph(uuid)
            raise ProtocolError(f"{job.ref} has a sitemap, and the service does not say where")
        return read_pages(await self._client.read_from(address, into=list))

    async def sitemap_graph(self, uuid: str) -> dict[str, Any]:
        """
        Return the pages that a finished crawl has come across, as a tree of nested dicts.

        The first level are hosts, then a level follows for each part of the path. A page's address and title are at
        ``"__self__"``, those that differ from it in the query only at ``"__query__"``.

        Raises:
            NotFound: There is no such crawl, or no sitemap (yet).
        """
        return await self._client.read(_GRAPH, uuid, into=dict)

    async def sitemap_markdown(self, uuid: str) -> str:
        """
        Return the pages that a finished crawl has come across, as a markdown list of links.

        Raises:
            NotFound: There is no such crawl, or no sitemap (yet).
        """
        return await self._client.read(_MARKDOWN, uuid, into=str)


def _options(
    spider: Mapping[str, Any] | None, page: Mapping[str, Any] | None, plugin: Mapping[str, Any] | None
) -> dict[str, Any]:
    # The service demands the first two, be they empty.
    options: dict[str, Any] = {"spider_options": {} if spider is None else spider}
    options["page_options"] = {} if page is None else page
    return options if plugin is None else {**options, "plugin_options": plugin}
