"""The resources of WaterCrawl's crawls, as its server writes them."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from attrs import field, frozen

from asyncjobs.watercrawl._models import RequestStatus

__all__ = [
    "AttachmentType",
    "CrawlAttachment",
    "CrawlOptions",
    "CrawlRequest",
    "CrawlResult",
    "CrawlType",
    "CrawledPage",
    "PageOptions",
    "SpiderOptions",
]


class CrawlType(StrEnum):
    """Whether a crawl follows the links of one page, or takes the pages of a list."""

    SINGLE = "single"
    BATCH = "batch"


class AttachmentType(StrEnum):
    """What was made of a page besides its text."""

    SCREENSHOT = "screenshot"
    PDF = "pdf"


@frozen(kw_only=True)
class SpiderOptions:
    """Which pages a crawl visits. Of a batch the server sets most of it itself.

    Source: WaterCrawl server, crawl serializer.
    """

    max_depth: int | None = None
    """How many links away from the first page; ``None`` if the reply does not say."""
    page_limit: int | None = None
    """The most pages; ``None`` if the reply does not say."""
    concurrent_requests: int | None = None
    """How many pages at once, 1 to 16; ``None``: as the server likes."""
    allowed_domains: tuple[str, ...] = ()
    """Patterns of the hosts to stay on; empty: the first page's."""
    include_paths: tuple[str, ...] = ()
    """Patterns of the paths to visit; empty: any."""
    exclude_paths: tuple[str, ...] = ()
    """Patterns of the paths to leave out."""
    proxy_server: str | None = None
    """The name of a proxy; ``None`` for the team's default."""


@frozen(kw_only=True)
class PageOptions:
    """What a crawl takes from a page. What the server did not understand it has dropped.

    Source: WaterCrawl server, crawl serializer.
    """

    exclude_tags: tuple[str, ...] = ()
    """Selectors of what is left out."""
    include_tags: tuple[str, ...] = ()
    """Selectors of what is taken; empty: everything."""
    wait_time: int | None = None
    """Milliseconds that a page gets to load its parts; ``None`` if the reply does not say."""
    include_html: bool | None = None
    """Whether the markup is kept, too; ``None`` if the reply does not say."""
    only_main_content: bool | None = None
    """Whether headers, footers and menus are left out; ``None`` if the reply does not say."""
    include_links: bool | None = None
    """Whether the links are kept, too; ``None`` if the reply does not say."""
    timeout: int | None = None
    """Milliseconds after which a page is given up; ``None`` if the reply does not say."""
    accept_cookies_selector: str | None = None
    """Selector of the button that accepts cookies; ``None`` for none."""
    locale: str | None = None
    """Language of the browser; ``None`` if the reply does not say."""
    extra_headers: dict[str, Any] = field(factory=dict[str, Any])
    """Headers that each request for a page carries."""
    actions: tuple[dict[str, Any], ...] = ()
    """What else is made of each page, such as ``{"type": "screenshot"}``."""
    ignore_rendering: bool | None = None
    """Whether pages are read without running their scripts; ``None`` if the reply does not say."""


@frozen(kw_only=True)
class CrawlOptions:
    """The options with which a crawl runs. Source: WaterCrawl server, crawl serializer."""

    spider_options: SpiderOptions = field(factory=SpiderOptions)
    """Which pages it visits."""
    page_options: PageOptions = field(factory=PageOptions)
    """What it takes from them."""
    plugin_options: dict[str, Any] = field(factory=dict[str, Any])
    """What the server's plugins were told, by their names."""


@frozen(kw_only=True)
class CrawlRequest:
    """A crawl, on its way or ended. What it found so far is read apart from it, whatever its status.

    Source: WaterCrawl server, crawl serializer. The reply to a new batch has only some of it.
    """

    uuid: str
    """The server's id of the crawl."""
    status: RequestStatus | str
    """Where the crawl is; a plain string if the word is not known here."""
    url: str = ""
    """The page where it begins; of a batch the first."""
    urls: tuple[str, ...] = ()
    """The pages where it begins, one unless it is a batch."""
    crawl_type: CrawlType | str | None = None
    """Whether it is a batch; ``None`` if the reply does not say."""
    options: CrawlOptions = field(factory=CrawlOptions)
    """The options that the server kept."""
    created_at: datetime | None = None
    """When the crawl was created, in UTC; ``None`` if the reply does not say."""
    updated_at: datetime | None = None
    """When it began to run, in UTC, before that its creation: no later change moves it."""
    duration: timedelta | None = None
    """From creation to end, the time in the queue included; ``None`` before the end."""
    number_of_documents: int | None = None
    """How many pages it has found so far; ``None`` if the reply does not say."""
    sitemap: str | None = None
    """Where the list of pages can be fetched (a signed address which expires); ``None`` if there is none."""


@frozen(kw_only=True)
class CrawlAttachment:
    """A file that was made of a page. Source: WaterCrawl server, crawl result serializer."""

    uuid: str
    """The server's id of the file."""
    attachment: str | None = None
    """Where it can be fetched (a signed address which expires)."""
    attachment_type: AttachmentType | str | None = None
    """What it is; ``None`` if the reply does not say."""
    filename: str | None = None
    """What it is called; ``None`` if the reply does not say."""


@frozen(kw_only=True)
class CrawledPage:
    """What a crawl read on one page; *links* and *html* if its options asked for them.

    Source: WaterCrawl server, crawler.
    """

    metadata: dict[str, Any] = field(factory=dict[str, Any])
    """Title, description and the like, as the page has them."""
    markdown: str | None = None
    """The text; ``None`` if there is none."""
    links: tuple[Any, ...] = ()
    """The links, as the server found them."""
    html: str | None = None
    """The markup; ``None`` if it was not asked for."""
    extraction: Any = None
    """What a plugin made of it; ``None`` without one."""


@frozen(kw_only=True)
class CrawlResult:
    """One page that a crawl found. Source: WaterCrawl server, crawl result serializer."""

    uuid: str
    """The server's id of the result."""
    url: str = ""
    """The page."""
    result: str | CrawledPage | None = None
    """As received: an address, the content itself, or ``None``; see *result_url* and *page*."""
    attachments: tuple[CrawlAttachment, ...] = ()
    """Files that were made of the page."""
    created_at: datetime | None = None
    """When it was found, in UTC; ``None`` if the reply does not say."""
    updated_at: datetime | None = None
    """The same."""

    @property
    def result_url(self) -> str | None:
        """Where the content can be fetched (a signed address which expires); ``None`` if the reply carries it."""
        return self.result if isinstance(self.result, str) else None

    @property
    def page(self) -> CrawledPage | None:
        """The content, where the reply carried it; else ``None``."""
        return self.result if isinstance(self.result, CrawledPage) else None
