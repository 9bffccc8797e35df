"""WaterCrawl as data: where it is, what it allows, and its kinds of job."""

from __future__ import annotations

from typing import Final

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

#: How large a file may be unless somebody says otherwise, in bytes.
LARGEST_FILE: Final = 1024 * 1024 * 1024

_SEARCHES: Final = "/api/v1/core/search/"
_CRAWLS: Final = "/api/v1/core/crawl-requests/"
_SITEMAPS: Final = "/api/v1/core/sitemaps/"
_ID: Final = "{uuid}/"

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


def _states(root: str, **parts: str) -> StateStream:
    # It refuses who asks for `text/event-stream` alone.
    return StateStream(call=Call("GET", f"{root}{_ID}status/", repeatable=True), accept="application/json", parts=parts)


SEARCH: Final = JobKind(
    name="watercrawl.search",
    resource=SearchRequest,
    keys=KeyStyle.SNAKE,
    identity={"uuid": "uuid"},
    create=Call("POST", _SEARCHES, repeatable=False),
    look=Call("GET", _SEARCHES + _ID, repeatable=True),
    # DELETE is the cancel: it removes nothing.
    cancel=Call("DELETE", _SEARCHES + _ID, repeatable=True),
    # Without it, `result` is the address of a file.
    result=Call("GET", _SEARCHES + _ID, repeatable=True, query={"prefetched": "true"}),
    words=_WORDS,
    cancelable=frozenset({JobState.RUNNING}),
    refusals=_REFUSALS,
    settle=_SETTLE,
    pace=Pace(first=0.5, factor=1.5, ceiling=5.0),
    surveys=(Survey(Call("GET", _SEARCHES, repeatable=True), rows="results", paging=PAGING, newest_first=True),),
    # It keeps no data for its callers: nothing tells a search from another one that is alike.
    trace=Trace(
        alike={"query": "query", "search_options": "search_options", "result_limit": "result_limit"},
        created="created_at",
    ),
    states=_states(_SEARCHES),
)

CRAWL: Final = JobKind(
    name="watercrawl.crawl",
    resource=CrawlRequest,
    keys=KeyStyle.SNAKE,
    identity={"uuid": "uuid"},
    create=Call("POST", _CRAWLS, repeatable=False),
    look=Call("GET", _CRAWLS + _ID, repeatable=True),
    cancel=Call("DELETE", _CRAWLS + _ID, repeatable=True),
    words=_WORDS,
    progress={"found": "number_of_documents"},
    cancelable=frozenset({JobState.RUNNING}),
    refusals=_REFUSALS,
    settle=_SETTLE,
    pace=Pace(first=0.5, factor=1.5, ceiling=5.0),
    surveys=(Survey(Call("GET", _CRAWLS, repeatable=True), "results", paging=PAGING, newest_first=True, turns=_LIVE),),
    trace=Trace(
        # What a batch says of depth and number of pages is overwritten.
        alike={"url": "url", "urls": "urls", "options.page_options": "options.page_options"},
        created="created_at",
    ),
    states=_states(_CRAWLS, result="data.uuid"),
)

#: The same kind of job, begun in another way: the pages of a list, and none that they link to.
BATCH: Final = attrs.evolve(CRAWL, create=Call("POST", f"{_CRAWLS}batch/", repeatable=False))

SITEMAP: Final = JobKind(
    name="watercrawl.sitemap",
    resource=SitemapRequest,
    keys=KeyStyle.SNAKE,
    identity={"uuid": "uuid"},
    create=Call("POST", _SITEMAPS, repeatable=False),
    look=Call("GET", _SITEMAPS + _ID, repeatable=True),
    cancel=Call("DELETE", _SITEMAPS + _ID, repeatable=True),
    # Without it, `result` is the address of a file.
    result=Call("GET", _SITEMAPS + _ID, repeatable=True, query={"prefetched": "true"}),
    words=_WORDS,
    cancelable=frozenset({JobState.RUNNING}),
    refusals=_REFUSALS,
    settle=_SETTLE,
    pace=Pace(first=0.5, factor=1.5, ceiling=5.0),
    surveys=(
        Survey(Call("GET", _SITEMAPS, repeatable=True), "results", paging=PAGING, newest_first=True, turns=_LIVE),
    ),
    trace=Trace(alike={"url": "url", "options": "options"}, created="created_at"),
    states=_states(_SITEMAPS),
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
