"""The resources of WaterCrawl's sitemaps, as its server writes them."""

from datetime import datetime, timedelta
from typing import Any

from attrs import field, frozen

from asyncjobs._convert import KeyStyle, structure
from asyncjobs.watercrawl._models import RequestStatus

__all__ = ["SitemapOptions", "SitemapPage", "SitemapRequest", "read_pages"]


@frozen(kw_only=True)
class SitemapOptions:
    """The options with which a sitemap is made. What the server did not understand it has dropped.

    Source: WaterCrawl server, sitemap serializer.
    """

    include_subdomains: bool | None = None
    """Whether hosts below the site's own belong to it; ``None`` if the reply does not say."""
    ignore_sitemap_xml: bool | None = None
    """Whether the site's own ``sitemap.xml`` is left alone; ``None`` if the reply does not say."""
    search: str | None = None
    """What the addresses are to be about; ``None`` for anything."""
    include_paths: tuple[str, ...] = ()
    """Patterns of the paths to list; empty: any."""
    exclude_paths: tuple[str, ...] = ()
    """Patterns of the paths to leave out."""
    proxy_server: str | None = None
    """The name of a proxy; ``None`` for the team's default."""


@frozen(kw_only=True)
class SitemapPage:
    """One page of a site. Source: WaterCrawl server, sitemap spider."""

    url: str
    """Address of the page."""
    title: str | None = None
    """Title of the page; ``None`` where it is not known."""


@frozen(kw_only=True)
class SitemapRequest:
    """A sitemap, on its way or ended. Only *status* tells whether it ended.

    Source: WaterCrawl server, sitemap serializer.
    """

    uuid: str
    """The server's id of the sitemap."""
    status: RequestStatus | str
    """Where the sitemap is; a plain string if the word is not known here."""
    url: str = ""
    """The site."""
    options: SitemapOptions = field(factory=SitemapOptions)
    """The options that the server kept."""
    duration: timedelta | None = None
    """From creation to end, the time in the queue included; ``None`` before the end, and for a moment after it."""
    result: str | tuple[SitemapPage | str, ...] | None = None
    """As received: an address, the pages themselves, or ``None``; see *result_url* and *results*."""
    created_at: datetime | None = None
    """When the sitemap was created, in UTC; ``None`` if the reply does not say."""
    updated_at: datetime | None = None
    """The same: no later change moves it."""

    @property
    def result_url(self) -> str | None:
        """Where the pages can be fetched (a signed address which expires); ``None`` without or with inlined ones."""
        return self.result if isinstance(self.result, str) else None

    @property
    def results(self) -> tuple[SitemapPage, ...] | None:
        """The pages, where the reply carried them; else ``None``."""
        return _pages(self.result) if isinstance(self.result, tuple) else None


@frozen(kw_only=True)
class _File:
    pages: tuple[SitemapPage | str, ...]


def read_pages(rows: list[Any]) -> tuple[SitemapPage, ...]:
    """
    Return the pages that a file lists.

    Raises:
        ProtocolError: It lists something else.
    """
    return _pages(structure({"pages": rows}, _File, KeyStyle.SNAKE).pages)


def _pages(found: tuple[SitemapPage | str, ...]) -> tuple[SitemapPage, ...]:
    return tuple(SitemapPage(url=page) if isinstance(page, str) else page for page in found)
