"""``watercrawl.sitemaps``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from asyncjobs.kinds import Call
from asyncjobs.watercrawl._events import monitor
from asyncjobs.watercrawl._provider import SITEMAP

if TYPE_CHECKING:
    from collections.abc import Sequence

    from asyncjobs._creation import Creation
    from asyncjobs._job import Job
    from asyncjobs._models import CancelOutcome
    from asyncjobs._state_events import StateEvents
    from asyncjobs.kinds import Client, Pages
    from asyncjobs.watercrawl._events import RequestEvent
    from asyncjobs.watercrawl._sitemap_models import SitemapRequest

_ONE: Final = SITEMAP.look.path
_GRAPH: Final = Call("GET", f"{_ONE}graph/", repeatable=True)
_MARKDOWN: Final = Call("GET", f"{_ONE}markdown/", repeatable=True)


class Sitemaps:
    """Sitemaps: the addresses of a site's pages, without their content."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def create(
        self,
        url: str,
        *,
        include_subdomains: bool | None = None,
        ignore_sitemap_xml: bool | None = None,
        search: str | None = None,
        include_paths: Sequence[str] | None = None,
        exclude_paths: Sequence[str] | None = None,
        proxy_server: str | None = None,
    ) -> Creation[SitemapRequest]:
        """
        Start to list the pages of the site at *url* (at most 255 characters).

        Await it for a job, or enter it to own the job.

        *include_subdomains* (the default) takes those of hosts below it, too; *ignore_sitemap_xml* leaves the site's
        own list alone; *search* is what the addresses are to be about; *include_paths* and *exclude_paths* are
        patterns; *proxy_server* is the name of a proxy. What is ``None`` is left to the service.

        Raises (when awaited):
            CreateUncertain: The outcome is unknown: the service keeps nothing that tells a sitemap from another.
            RateLimited: The plan's slots stayed taken for the retry budget.
            PaymentRequired: The plan has no credits left, or does not allow so much.
            InvalidRequest: The service refuses an argument.
        """
        options: dict[str, Any] = {
            "include_subdomains": include_subdomains,
            "ignore_sitemap_xml": ignore_sitemap_xml,
            "search": search,
            "include_paths": include_paths,
            "exclude_paths": exclude_paths,
            "proxy_server": proxy_server,
        }
        # The service demands `options`, be it empty.
        given = {name: value for name, value in options.items() if value is not None}
        return self._client.create(SITEMAP, {"url": url, "options": given})

    async def get(self, uuid: str) -> Job[SitemapRequest]:
        """
        Look once at a sitemap and return its handle.

        Raises:
            NotFound: There is no such sitemap.
        """
        return await self._client.get(SITEMAP, uuid)

    def list(self, *, status: str | None = None, page_size: int | None = None) -> Pages[Job[SitemapRequest]]:
        """
        Return all sitemaps, newest first, fetched *page_size* at a time (at most 100; ``None`` is the service's 25).

        *status* is the service's word for the ones that are wanted, such as ``running``; ``None`` for all.
        """
        query = () if status is None else (("status", status),)
        return self._client.list_jobs(SITEMAP, SITEMAP.surveys[0], page_size=page_size, query=query)

    def monitor(
        self, uuid: str, *, download: bool = False
    ) -> StateEvents[SitemapRequest, RequestEvent[SitemapRequest]]:
        """
        Return what a sitemap does as it happens: ``async for event in watercrawl.sitemaps.monitor(uuid)``.

        States, and lines of its log. It goes on until the sitemap was seen to end, and the last event shows how, also
        where the service's stream breaks off or ends before. With *download* a state that has a result carries its
        pages. It keeps a connection, and a worker at a small server, as long as it is read: for many sitemaps, wait.

        Raises (when iterated):
            NotFound: There is no such sitemap.
            JobUnreachable, APIError, ...: What would end a wait; see ``Job.wait``.
        """
        return monitor(self._client, SITEMAP, uuid, download=download)

    async def cancel(self, uuid: str) -> CancelOutcome:
        """Stop a sitemap, as ``Job.cancel`` does. Nothing of its price is given back."""
        return await self._client.job_of(SITEMAP, uuid).cancel()

    async def graph(self, uuid: str) -> dict[str, Any]:
        """
        Return the pages of a finished sitemap, as a tree of nested dicts.

        The first level are hosts, then a level follows for each part of the path. A page's address and title are at
        ``"__self__"``, those that differ from it in the query only at ``"__query__"``.

        Raises:
            NotFound: There is no such sitemap, or no result (yet).
        """
        return await self._client.read(_GRAPH, uuid, into=dict)

    async def markdown(self, uuid: str) -> str:
        """
        Return the pages of a finished sitemap, as a markdown list of links.

        Raises:
            NotFound: There is no such sitemap, or no result (yet).
        """
        return await self._client.read(_MARKDOWN, uuid, into=str)
