"""The resources of WaterCrawl's search API, as its server writes them."""

from datetime import datetime, timedelta
from enum import StrEnum

from attrs import field, frozen

from asyncjobs._convert import key

__all__ = [
    "RequestStatus",
    "SearchDepth",
    "SearchOptions",
    "SearchRequest",
    "SearchRequestStatus",
    "SearchResult",
    "SearchTimeRange",
    "SearchType",
]


class RequestStatus(StrEnum):
    """Where a search, a crawl or a sitemap is; ``canceling`` is seen for an instant only."""

    NEW = "new"
    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"
    CANCELING = "canceling"
    CANCELED = "canceled"


SearchRequestStatus = RequestStatus


class SearchDepth(StrEnum):
    """How thorough a search is; the deeper ones open the pages that were found and cost more credits."""

    BASIC = "basic"
    ADVANCED = "advanced"
    ULTIMATE = "ultimate"


class SearchTimeRange(StrEnum):
    """How old a page may be."""

    ANY = "any"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"


class SearchType(StrEnum):
    """What is searched."""

    WEB = "web"


@frozen(kw_only=True)
class SearchOptions:
    """The options with which a search runs. What the server did not understand it has dropped.

    Source: WaterCrawl server, search serializer.
    """

    language: str | None = None
    """Language code of the results, ``None`` for any."""
    country: str | None = None
    """Country code of the results, ``None`` for any."""
    time_range: SearchTimeRange | str = field(default=SearchTimeRange.ANY, metadata=key("time_renge"))
    """How old a page may be. The server really spells it ``time_renge``."""
    search_type: SearchType | str = SearchType.WEB
    """What is searched."""
    depth: SearchDepth | str = SearchDepth.BASIC
    """How thorough the search is."""


@frozen(kw_only=True)
class SearchResult:
    """One page that a search found.

    Source: WaterCrawl server, search spider.
    """

    url: str
    """Address of the page."""
    title: str | None = None
    """Title of the page, from the page itself in deeper searches; ``None`` if there is none."""
    description: str | None = None
    """Summary of the page; ``None`` if there is none."""
    order: int | None = None
    """Place among the results, from 0; ``None`` if the server did not say."""
    depth: SearchDepth | str | None = None
    """The depth at which this row was made: ``basic`` where the page itself could not be read."""


@frozen(kw_only=True)
class SearchRequest:
    """A search, on its way or ended. Only *status* tells whether it ended: a result may be there earlier or later.

    Source: WaterCrawl server, search serializer.
    """

    uuid: str
    """The server's id of the search."""
    status: SearchRequestStatus | str
    """Where the search is; a plain string if the word is not known here."""
    query: str = ""
    """What is searched for."""
    search_options: SearchOptions = field(factory=SearchOptions)
    """The options that the server kept."""
    result_limit: int | None = None
    """The most results that were asked for, 1 to 20; ``None`` if the reply does not say."""
    duration: timedelta | None = None
    """From creation to end, the time in the queue included; ``None`` before the end."""
    result: str | tuple[SearchResult, ...] | None = None
    """As received: an address, the rows themselves, or ``None``; see *result_url* and *results*."""
    created_at: datetime | None = None
    """When the search was created, in UTC; ``None`` if the reply does not say."""

    @property
    def result_url(self) -> str | None:
        """Where the results can be fetched (a signed address which expires); ``None`` without or with inlined ones."""
        return self.result if isinstance(self.result, str) else None

    @property
    def results(self) -> tuple[SearchResult, ...] | None:
        """The results, where the reply carried them (possibly none at all: ``()``); else ``None``."""
        return self.result if isinstance(self.result, tuple) else None
