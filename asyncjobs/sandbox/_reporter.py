"""What becomes of the searches and enrichments of a webset, as its events tell it."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from . import _webset_shapes as shapes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ._jobs import RemoteJob
    from ._webset_shapes import Webset
    from ._world import World

_SEARCH = {
    "": "webset.search.created",
    "completed": "webset.search.completed",
    "canceled": "webset.search.canceled",
}


class Reporter:
    """Follows jobs for the chronicle. Of an enrichment nothing is told but the items that it has enriched."""

    def __init__(self, world: World) -> None:
        self._world = world
        # The items that each search has told of.
        self._known: dict[str, int] = {}
        self._idle: dict[str, float] = {}

    def follow(self, webset: Webset, job: RemoteJob) -> None:
        """Tell of a job of a webset from now on."""
        world, searching = self._world, job.kind == "exa.search"
        world.chronicle.follow(
            job,
            functools.partial(shapes.search if searching else shapes.enrichment, world, job),
            _SEARCH if searching else {},
            between=functools.partial(self._found, webset, job) if searching else None,
            due=functools.partial(_next_item, job) if searching else None,
            ended=functools.partial(self._ended, webset, job),
        )

    def _found(self, webset: Webset, job: RemoteJob, now: float) -> Iterator[tuple[str, dict[str, Any]]]:
        known = self._known.get(job.id, 0)
        number = shapes.found(job, now)
        if number <= known:
            return
        self._known[job.id] = number
        rows = list(shapes.items(webset, now))
        for place, row in enumerate(rows):
            if row[1] is job and row[2] >= known:
                yield "webset.item.created", shapes.item(self._world, webset, row, (place, len(rows)), now)
        if job.ended(now) is None:
            yield "webset.search.updated", shapes.search(self._world, job, now)

    def _ended(self, webset: Webset, job: RemoteJob, at: float) -> None:
        chronicle = self._world.chronicle
        if job.kind == "exa.enrichment" and job.word(at) == "completed":
            rows = list(shapes.items(webset, at))
            for place, row in enumerate(rows):
                item = shapes.item(self._world, webset, row, (place, len(rows)), at)
                chronicle.tell("webset.item.enriched", item, at)
        body = shapes.webset(self._world, webset, at)
        if body["status"] == "idle" and self._idle.get(webset.id) != at:
            self._idle[webset.id] = at
            chronicle.tell("webset.idle", body, at)


def _next_item(job: RemoteJob, now: float) -> float | None:
    """Return when a search finds its next item."""
    end = job.life.end()
    if end is None or job.ended(now) is not None:
        return None
    count = max(1, int(job.body.get("count", 10)))
    return min(
        (at for index in range(count) if (at := job.epoch + end * (index + 1) / count) > now + 1e-6), default=None
    )
