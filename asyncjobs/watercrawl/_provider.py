"""WaterCrawl as data: where it is, what it allows, and its kinds of job."""

from __future__ import annotations

from typing import Final

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
    Survey,
    Trace,
)
from asyncjobs.watercrawl._models import SearchRequest

_ROOT: Final = "/api/v1/core/search/"
_ONE: Final = "/api/v1/core/search/{uuid}/"

#: How WaterCrawl pages its lists: by number, and the next page is given as an address.
PAGING: Final = Paging(size="page_size", most=100, cursor="page", following="next", address=True)

SEARCH: Final = JobKind(
    name="watercrawl.search",
    resource=SearchRequest,
    keys=KeyStyle.SNAKE,
    identity={"uuid": "uuid"},
    create=Call("POST", _ROOT, repeatable=False),
    look=Call("GET", _ONE, repeatable=True),
    # DELETE is the cancel: it removes nothing.
    cancel=Call("DELETE", _ONE, repeatable=True),
    # Without it, `result` is the address of a file.
    result=Call("GET", _ONE, repeatable=True, query={"prefetched": "true"}),
    words={
        word: WORDS[word]
        for word in ("new", "running", "finished", "failed", "canceling", "cancelling", "canceled", "cancelled")
    },
    cancelable=frozenset({JobState.RUNNING}),
    refusals=(
        # The same 403 for "too early" and "too late"; of permission it says nothing.
        Refusal("cancel", 403, Refused.NOT_IN_STATE),
        Refusal("create", 403, Refused.NO_SLOT, text="concurrent"),
        Refusal("create", 403, Refused.QUOTA, text="in your plan"),
        Refusal("create", 403, Refused.QUOTA, text="subscription"),
    ),
    # Of 39 cancels answered with 204 while the job was ending, 9 ended finished or failed, within about 30 ms.
    settle=0.5,
    pace=Pace(first=0.5, factor=1.5, ceiling=5.0),
    surveys=(Survey(Call("GET", _ROOT, repeatable=True), rows="results", paging=PAGING, newest_first=True),),
    # It keeps no data for its callers: nothing tells a search from another one that is alike.
    trace=Trace(
        alike={"query": "query", "search_options": "search_options", "result_limit": "result_limit"},
        created="created_at",
    ),
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
    kinds=(SEARCH,),
)
