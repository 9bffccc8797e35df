"""Searches, enrichments, items and websets as Websets shows them; pure functions of a job and a time."""

from __future__ import annotations

import math
import zlib
from typing import TYPE_CHECKING, Any

import attrs

from . import _imports as imported
from . import _monitors as monitoring
from ._imports import KIND as IMPORT
from ._jobs import RemoteJob
from ._lives import FINAL

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ._monitors import Monitor
    from ._world import World

_CRITERION = "matches the description in the query"


@attrs.define(eq=False)
class Webset:
    """What the service keeps of one webset; times are readings of the sandbox's clock."""

    id: str
    number: int
    created: float
    updated: float
    external_id: str | None = None
    metadata: dict[str, str] = attrs.field(factory=dict[str, str])
    excludes: list[Any] = attrs.field(factory=list[Any])
    searches: list[RemoteJob] = attrs.field(factory=list[RemoteJob])
    enrichments: list[RemoteJob] = attrs.field(factory=list[RemoteJob])
    imports: list[RemoteJob] = attrs.field(factory=list[RemoteJob])
    monitors: list[Monitor] = attrs.field(factory=list["Monitor"])
    deleted_items: set[str] = attrs.field(factory=set[str])
    deleted: float | None = None

    def jobs(self, now: float) -> Iterator[RemoteJob]:
        """Return the jobs that exist at *now*."""
        return (job for job in (*self.searches, *self.enrichments) if job.refusal(now) is None)


def entity(body: dict[str, Any]) -> dict[str, Any]:
    """Return what a search looks for; companies unless it says otherwise."""
    return body.get("entity") or {"type": "company"}


def found(job: RemoteJob, now: float) -> int:
    """Return how many items a search has found, or an import has brought."""
    count: float = job.body.get("count", 10)
    if job.kind == IMPORT:
        return int(count) if job.word(now) == "completed" else 0
    return math.floor(count * job.fraction(now) + 1e-9)


def search(world: World, job: RemoteJob, now: float) -> dict[str, Any]:
    """Return a WebsetSearch."""
    body = job.body
    since, word = job.present(now)
    done, left = job.fraction(now), job.left(now)
    criteria = body.get("criteria") or [{"description": _CRITERION}]
    rate = 40 + zlib.crc32(job.id.encode()) % 60
    canceled = word == "canceled"
    # While it runs, every tenth of a second brings progress.
    updated = max(job.updated, since if job.ended(now) is not None else math.floor(now * 10) / 10, job.created)
    return {
        "id": job.id,
        "object": "webset_search",
        "status": word,
        "websetId": job.ids[0],
        "query": body["query"],
        "entity": entity(body),
        "criteria": [{"description": item["description"], "successRate": round(rate * done)} for item in criteria],
        "count": body.get("count", 10),
        "maxPeoplePerCompany": body.get("maxPeoplePerCompany"),
        "behavior": body.get("behavior", "override"),
        "exclude": body.get("exclude", []),
        "scope": body.get("scope", []),
        "progress": {
            "found": found(job, now),
            "analyzed": math.floor(body.get("count", 10) * done * 4),
            "completion": math.floor(100 * done),
            "timeLeft": 0 if word == "completed" else None if left is None else math.ceil(left),
        },
        "recall": _recall(body, done),
        "metadata": body.get("metadata", {}),
        "canceledAt": world.stamp(since) if canceled else None,
        "canceledReason": job.why if canceled else None,
        "createdAt": world.stamp(job.created),
        "updatedAt": world.stamp(updated),
    }


def _recall(body: dict[str, Any], done: float) -> dict[str, Any] | None:
    if not body.get("recall") or done < 1:
        return None
    total = body.get("count", 10) * 3
    bounds = {"min": total // 2, "max": total * 2}
    return {"expected": {"total": total, "confidence": "medium", "bounds": bounds}, "reasoning": "Registers list more."}


def enrichment(world: World, job: RemoteJob, now: float) -> dict[str, Any]:
    """Return a WebsetEnrichment."""
    body = job.body
    since, word = job.present(now)
    return {
        "id": job.id,
        "object": "webset_enrichment",
        "status": word,
        "websetId": job.ids[0],
        "title": body["description"][:60],
        "description": body["description"],
        "format": body.get("format") or ("options" if body.get("options") else "text"),
        "options": body.get("options"),
        "instructions": f"Find out: {body['description']}",
        "metadata": body.get("metadata") or {},
        "createdAt": world.stamp(job.created),
        "updatedAt": world.stamp(max(since, job.updated)),
    }


def items(webset: Webset, now: float) -> Iterator[tuple[str, RemoteJob, int]]:
    """Return the items that exist: the id, the search or import that it is from, its number there."""
    for job in (*webset.searches, *webset.imports):
        if job.refusal(now) is None:
            for index in range(found(job, now)):
                item_id = f"{job.id}i{index:04}"
                if item_id not in webset.deleted_items:
                    yield item_id, job, index


def item(
    world: World, webset: Webset, row: tuple[str, RemoteJob, int], position: tuple[int, int], now: float
) -> dict[str, Any]:
    """Return a WebsetItem; *position* is its place among all of the webset's items, and their number."""
    item_id, job, index = row
    end = job.life.end()
    count = max(1, job.body.get("count", 10))
    at = job.created if end is None else min(job.created + end * (index + 1) / count, now)
    name = f"Example {index + 1} for {str(job.body.get('query') or job.body.get('title'))[:40]}"
    kind = entity(job.body)["type"]
    url = f"https://example.com/{job.id}/{index}"
    searched = job.kind != IMPORT
    criteria = (job.body.get("criteria") or [{"description": _CRITERION}]) if searched else []
    reference = {"title": name, "snippet": "as it says", "url": url}
    return {
        "id": item_id,
        "object": "webset_item",
        "source": "search" if searched else "import",
        "sourceId": job.id,
        "websetId": webset.id,
        "properties": properties(kind, name, url),
        "evaluations": [
            {
                "criterion": criterion["description"],
                "reasoning": "The page says so.",
                "satisfied": "yes",
                "references": [reference],
            }
            for criterion in criteria
        ],
        "enrichments": [
            _result(enriching, position, name, now)
            for enriching in webset.enrichments
            if enriching.refusal(now) is None
        ],
        "createdAt": world.stamp(at),
        "updatedAt": world.stamp(at),
    }


def properties(kind: str, name: str, url: str) -> dict[str, Any]:
    """Return the properties of an item of that kind."""
    common = {"type": kind, "url": url, "description": f"All about {name}"}
    if kind == "person":
        company = {"name": "Example Ltd", "location": "Oslo, Norway"}
        return common | {
            "person": {"name": name, "location": None, "position": "Engineer", "company": company, "pictureUrl": None}
        }
    if kind == "company":
        details = {"location": "Oslo, Norway", "employees": 120, "industry": None, "about": None, "logoUrl": None}
        return common | {"content": None, "company": {"name": name} | details}
    key = "researchPaper" if kind == "research_paper" else kind
    return common | {"content": None, key: {"title": name, "author": None, "publishedAt": None}}


def _result(job: RemoteJob, position: tuple[int, int], name: str, now: float) -> dict[str, Any]:
    word = job.word(now)
    place, total = position
    if word != "completed":
        # Item by item; a cancel leaves the rest undone.
        word = "completed" if place < math.floor(job.fraction(now) * total) else word
    value = _VALUES.get(job.body.get("format") or "text", f"About {name}")
    if job.body.get("options"):
        value = job.body["options"][place % len(job.body["options"])]["label"]
    return {
        "object": "enrichment_result",
        "status": word,
        "format": job.body.get("format") or ("options" if job.body.get("options") else "text"),
        "result": [value] if word == "completed" else None,
        "reasoning": None,
        "references": [],
        "enrichmentId": job.id,
    }


_VALUES = {
    "number": "2016",
    "date": "2016-05-01",
    "email": "info@example.com",
    "phone": "+47 22 00 00 00",
    "url": "https://example.com",
}


def webset(world: World, kept: Webset, now: float) -> dict[str, Any]:
    """Return a Webset."""
    searches = [search(world, job, now) for job in kept.searches if job.refusal(now) is None]
    enrichments = [enrichment(world, job, now) for job in kept.enrichments if job.refusal(now) is None]
    imports = [imported.shape(world, job, now) for job in kept.imports if job.refusal(now) is None]
    monitors = [monitoring.shape(world, each, now) for each in kept.monitors if each.exists(now)]
    jobs = [*searches, *enrichments, *imports]
    active = any(job["status"] not in FINAL for job in jobs)
    created = world.stamp(kept.created)
    return {
        "id": kept.id,
        "object": "webset",
        "status": "running" if active else "idle",
        "dashboardUrl": f"https://websets.exa.ai/websets/{kept.id}",
        "externalId": kept.external_id,
        "title": searches[0]["query"][:80] if searches else None,
        "searches": searches,
        "imports": imports,
        "enrichments": enrichments,
        "monitors": monitors,
        "excludes": kept.excludes,
        "metadata": kept.metadata,
        "createdAt": created,
        "updatedAt": max([world.stamp(kept.updated), *(job["updatedAt"] for job in jobs)]),
    }
