"""WaterCrawl as data: where it is, what it allows, and its kinds of job."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

import attrs

from asyncjobs.kinds import (
    WORDS,
    Call,
    JobKind,
    JobState,
    KeyStyle,
    Pace,
    Paging,
    Provider,
    Refusal,
    Refused,
    StateStream,
    Survey,
    Trace,
)
from asyncjobs.watercrawl._crawl_models import CrawlRequest
from asyncjobs.watercrawl._models import SearchRequest
from asyncjobs.watercrawl._sitemap_models import SitemapRequest

if TYPE_CHECKING:
    from collections.abc import Mapping

R = TypeVar("R")

#: How large a file may be unless somebody says otherwise, in bytes.
LARGEST_FILE: Final = 1024 * 1024 * 1024

#: How WaterCrawl pages its lists: by number, and the next page is given as an address.
PAGING: Final = Paging(size="page_size", most=100, cursor="page", following="next", address=True)

_WORDS: Final = {
    word: WORDS[word]
    for word in ("new", "running", "finished", "failed", "canceling", "cancelling", "canceled", "cancelled")
}
_REFUSALS: Final = (
    # The same 403 for "too early" and "too late"; of permission it says nothing.
    Refusal("cancel", 403, Refused.NOT_IN_STATE),
    Refusal("create", 403, Refused.NO_SLOT, text="concurrent"),
    Refusal("create", 403, Refused.QUOTA, text="your plan"),
    Refusal("create", 403, Refused.QUOTA, text="current plan"),
    Refusal("create", 403, Refused.QUOTA, text="subscription"),
)
#: Of 39 cancels answered with 204 while the job was ending, 9 ended finished or failed, within about 30 ms.
_SETTLE: Final = 0.5
#: Two lists show all that live. Asked in this order none is missed that begins to run in between; what has ended is in
#: neither, and is looked at alone.
_LIVE: Final = ({"status": "new"}, {"status": "running"})


def _kind(
    name: str,
    resource: type[R],
    root: str,
    *,
    prefetched: bool = True,
    turns: tuple[Mapping[str, str], ...] = (),
    progress: Mapping[str, str] | None = None,
    alike: Mapping[str, str],
    parts: Mapping[str, str] | None = None,
) -> JobKind[R]:
    """
    Return the kind of the requests below *root*: all have the same words, refusals and verbs.

    *prefetched* says whether a look can carry the result, *turns* are for a list that can be filtered.
    """
    one, everything = f"{root}{{uuid}}/", Call("GET", root, repeatable=True)
    # Without it, `result` is the address of a file.
    result = Call("GET", one, repeatable=True, query={"prefetched": "true"})
    return JobKind(
        name=name,
        resource=resource,
        keys=KeyStyle.SNAKE,
        identity={"uuid": "uuid"},
        create=Call("POST", root, repeatable=False),
        look=Call("GET", one, repeatable=True),
        # DELETE is the cancel: it removes nothing.
        cancel=Call("DELETE", one, repeatable=True),
        result=result if prefetched else None,
        words=_WORDS,
        progress=progress or {},
        cancelable=frozenset({JobState.RUNNING}),
        refusals=_REFUSALS,
        settle=_SETTLE,
        pace=Pace(first=0.5, factor=1.5, ceiling=5.0),
        surveys=(Survey(everything, rows="results", paging=PAGING, newest_first=True, turns=turns),),
        # It keeps no data for its callers: nothing tells a request from another one that is alike.
        trace=Trace(alike=alike, created="created_at"),
        # It refuses who asks for `text/event-stream` alone.
        states=StateStream(
            call=Call("GET", f"{one}status/", repeatable=True), accept="application/json", parts=parts or {}
        ),
    )


SEARCH: Final = _kind(
    "watercrawl.search",
    SearchRequest,
    "/api/v1/core/search/",
    alike={"query": "query", "search_options": "search_options", "result_limit": "result_limit"},
)

CRAWL: Final = _kind(
    "watercrawl.crawl",
    CrawlRequest,
    "/api/v1/core/crawl-requests/",
    # Its pages are read apart from it, however many they are.
    prefetched=False,
    turns=_LIVE,
    progress={"found": "number_of_documents"},
    # What a batch says of depth and number of pages is overwritten.
    alike={"url": "url", "urls": "urls", "options.page_options": "options.page_options"},
    parts={"result": "data.uuid"},
)

#: The same kind of job, begun in another way: the pages of a list, and none that they link to.
BATCH: Final = attrs.evolve(CRAWL, create=Call("POST", "/api/v1/core/crawl-requests/batch/", repeatable=False))

SITEMAP: Final = _kind(
    "watercrawl.sitemap",
    SitemapRequest,
    "/api/v1/core/sitemaps/",
    turns=_LIVE,
    alike={"url": "url", "options": "options"},
)

WATERCRAWL: Final = Provider(
    name="watercrawl",
    base_url="https://app.watercrawl.dev",
    key_header="X-API-Key",
    key_env="WATERCRAWL_API_KEY",
    url_env="WATERCRAWL_BASE_URL",
    # Its texts are translated; some of them must be told apart.
    headers={"Accept-Language": "en-US"},
    # It has no request rate, but few workers: its own deployment answers two requests at a time.
    in_flight=20,
    kinds=(SEARCH, CRAWL, SITEMAP),
)
