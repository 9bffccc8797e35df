"""Searches as WaterCrawl shows them; pure functions of a job and a time."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._jobs import RemoteJob
    from ._world import World


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
    return f"{origin}/media/search/{job.id}/result.json?X-Amz-Expires=25200&X-Amz-Signature={job.id[:8]}"


def duration(seconds: float) -> str:
    """Return a duration as the framework writes it: ``[D ]HH:MM:SS[.ffffff]``."""
    value = dt.timedelta(seconds=seconds)
    hours, rest = divmod(value.seconds, 3600)
    text = f"{hours:02}:{rest // 60:02}:{rest % 60:02}"
    if value.microseconds:
        text += f".{value.microseconds:06}"
    return f"{value.days} {text}" if value.days else text


def feed(world: World, job: RemoteJob, now: float) -> dict[str, Any]:
    """Return a line of the log that the event stream carries between the states."""
    return {
        "id": f"{now:.7f}",
        "type": "info",
        "message": f"Starting Search for query: {job.body['query']}",
        "timestamp": world.wall(now).isoformat(),
        "metadata": {},
    }


def frame(kind: str, data: dict[str, Any]) -> bytes:
    """Return server-sent text; these frames have nothing but data."""
    return f"data: {json.dumps({'type': kind, 'data': data})}\n\n".encode()
