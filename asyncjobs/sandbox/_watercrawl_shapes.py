"""Searches, crawls and sitemaps as WaterCrawl shows them; pure functions of a job and a time."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any, Final

from . import _watercrawl_sites as sites

if TYPE_CHECKING:
    from ._jobs import RemoteJob
    from ._world import World

# The scraper of a sitemap itself writes `finished`; so many seconds later the worker adds how long it took.
_WRITES_LATER: Final = 0.02


def search(world: World, job: RemoteJob, now: float, origin: str, *, prefetched: bool) -> dict[str, Any]:
    """Return a search; its result is an address under *origin*, or the rows themselves if *prefetched*."""
    ended = job.ended(now)
    result: Any = None
    if job.has_results(now):
        result = rows(job) if prefetched else _address(job, origin)
    return {
        "uuid": job.id,
        **job.body,
        "duration": None if ended is None else duration(ended - job.created),
        "status": job.word(now),
        "result": result,
        "created_at": world.micro_stamp(job.created),
    }


def rows(job: RemoteJob) -> list[dict[str, Any]]:
    """Return what a search found; nothing if its life says that it ends well without results."""
    if job.life.results is False:
        return []
    query, depth = job.body["query"], job.body["search_options"]["depth"]
    return [
        {
            "url": f"https://example.com/{job.id}/{order}",
            "title": f"Result {order} for {query}",
            "description": f"What {query} is about",
            "order": order,
            "depth": depth,
        }
        for order in range(1, job.body["result_limit"] + 1)
    ]


def _address(job: RemoteJob, origin: str) -> str:
    return sites.signed(job, f"{origin}/media/search/{job.id}/result.json")


def crawl(world: World, job: RemoteJob, now: float, origin: str, *, prefetched: bool) -> dict[str, Any]:
    """Return a crawl; its content is elsewhere, *prefetched* or not."""
    del prefetched
    ended = job.ended(now)
    running = next((at for at, word in job.steps(now) if word == "running"), job.created)
    media = f"{origin}/media/crawl-requests/{job.id}"
    return {
        "uuid": job.id,
        "url": job.body["url"],
        "urls": job.body["urls"],
        "crawl_type": job.body["crawl_type"],
        "status": job.word(now),
        "options": job.body["options"],
        "created_at": world.micro_stamp(job.created),
        # Moves once, when the worker begins: the other writes leave it out.
        "updated_at": world.micro_stamp(running),
        "duration": None if ended is None else duration(ended - job.created),
        "number_of_documents": len(sites.documents(job, now)),
        "sitemap": sites.signed(job, f"{media}/sitemap.json") if job.has_results(now) else None,
    }


def sitemap(world: World, job: RemoteJob, now: float, origin: str, *, prefetched: bool) -> dict[str, Any]:
    """Return a sitemap; its result is an address under *origin*, or the pages themselves if *prefetched*."""
    ended = job.ended(now)
    if job.word(now) == "finished" and ended is not None and now < ended + _WRITES_LATER:
        ended = None
    result: Any = None
    if job.has_results(now):
        address = sites.signed(job, f"{origin}/media/sitemaps/{job.id}/result.json")
        result = sites.site(job) if prefetched else address
    return {
        "uuid": job.id,
        "url": job.body["url"],
        "status": job.word(now),
        "options": job.body["options"],
        "duration": None if ended is None else duration(ended - job.created),
        "result": result,
        "created_at": world.micro_stamp(job.created),
        "updated_at": world.micro_stamp(job.created),
    }


def duration(seconds: float) -> str:
    """Return a duration as the framework writes it: ``[D ]HH:MM:SS[.ffffff]``."""
    value = dt.timedelta(seconds=seconds)
    hours, rest = divmod(value.seconds, 3600)
    text = f"{hours:02}:{rest // 60:02}:{rest % 60:02}"
    if value.microseconds:
        text += f".{value.microseconds:06}"
    return f"{value.days} {text}" if value.days else text


def feed(world: World, now: float, message: str) -> dict[str, Any]:
    """Return a line of the log that the event stream carries between the states."""
    return {
        "id": f"{now:.7f}",
        "type": "info",
        "message": message,
        "timestamp": world.wall(now).isoformat(),
        "metadata": {},
    }


def frame(kind: str, data: dict[str, Any]) -> bytes:
    """Return server-sent text; these frames have nothing but data."""
    return f"data: {json.dumps({'type': kind, 'data': data})}\n\n".encode()
