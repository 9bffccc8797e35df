"""WaterCrawl: searches of the web."""

from __future__ import annotations

from asyncjobs.watercrawl._client import (
    WaterCrawl,
)
from asyncjobs.watercrawl._models import (
    SearchDepth,
    SearchOptions,
    SearchRequest,
    SearchRequestStatus,
    SearchResult,
    SearchTimeRange,
    SearchType,
)
from asyncjobs.watercrawl._provider import (
    SEARCH,
    WATERCRAWL,
)
from asyncjobs.watercrawl._searches import (
    Searches,
)

__all__ = [
    "SEARCH",
    "WATERCRAWL",
    "SearchDepth",
    "SearchOptions",
    "SearchRequest",
    "SearchRequestStatus",
    "SearchResult",
    "SearchTimeRange",
    "SearchType",
    "Searches",
    "WaterCrawl",
]
