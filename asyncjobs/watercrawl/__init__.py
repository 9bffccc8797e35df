"""
WaterCrawl: searches of the web, crawls and sitemaps of sites.

Whatever asks the service raises ``APIError`` (``NotFound`` for an id that it does not know), ``TransportError`` or
``ProtocolError`` if that fails, retries included; each docstring says what is raised besides.
"""

from __future__ import annotations

from asyncjobs.watercrawl._client import WaterCrawl
from asyncjobs.watercrawl._crawl_models import (
    AttachmentType,
    CrawlAttachment,
    CrawledPage,
    CrawlOptions,
    CrawlRequest,
    CrawlResult,
    CrawlType,
    PageOptions,
    SpiderOptions,
)
from asyncjobs.watercrawl._crawls import Crawls
from asyncjobs.watercrawl._events import FeedMessage, RequestEvent
from asyncjobs.watercrawl._models import (
    RequestStatus,
    SearchDepth,
    SearchOptions,
    SearchRequest,
    SearchRequestStatus,
    SearchResult,
    SearchTimeRange,
    SearchType,
)
from asyncjobs.watercrawl._provider import CRAWL, SEARCH, SITEMAP, WATERCRAWL
from asyncjobs.watercrawl._searches import Searches
from asyncjobs.watercrawl._sitemap_models import SitemapOptions, SitemapPage, SitemapRequest
from asyncjobs.watercrawl._sitemaps import Sitemaps

__all__ = [
    "CRAWL",
    "SEARCH",
    "SITEMAP",
    "WATERCRAWL",
    "AttachmentType",
    "CrawlAttachment",
    "CrawlOptions",
    "CrawlRequest",
    "CrawlResult",
    "CrawlType",
    "CrawledPage",
    "Crawls",
    "FeedMessage",
    "PageOptions",
    "RequestEvent",
    "RequestStatus",
    "SearchDepth",
    "SearchOptions",
    "SearchRequest",
    "SearchRequestStatus",
    "SearchResult",
    "SearchTimeRange",
    "SearchType",
    "Searches",
    "SitemapOptions",
    "SitemapPage",
    "SitemapRequest",
    "Sitemaps",
    "SpiderOptions",
    "WaterCrawl",
]
