"""The feed of events. Its order is no promise of the service, and so it is none here: it is shuffled."""

from __future__ import annotations

import datetime as dt
import zlib
from typing import TYPE_CHECKING

from . import _exa
from ._chronicle import EVENTS, Told
from ._http import Call, Reply, Route

if TYPE_CHECKING:
    from ._world import World

_KIND = "exa.event"
_ROOT = "/websets/v0/events"


class Feed:
    """The calls that read events."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.routes = (
            Route("GET", _ROOT, _KIND, "list", self._list),
            Route("GET", _ROOT + "/{}", _KIND, "look", self._look),
        )

    def _list(self, call: Call) -> Reply:
        types = call.query.getall("types", [])
        if unknown := [kind for kind in types if kind not in EVENTS]:
            _exa.refuse(call, 400, f"Invalid types: {', '.join(unknown)}")
        after, before = self._bound(call, "createdAfter"), self._bound(call, "createdBefore")
        wanted = (
            told
            for told in self._known(call)
            if (not types or told.type in types)
            # As exact as the events tell their time, which is what callers have of them.
            and (after is None or self._moment(told) >= after)
            and (before is None or self._moment(told) <= before)
        )
        # The same in every listing, and so that new events fall in anywhere.
        rows = sorted(((zlib.crc32(told.body["id"].encode()), told) for told in wanted), key=lambda row: -row[0])
        found, position = _exa.listing(call, rows, 25, 200)
        return _exa.page([told.body for told in found], position)

    def _look(self, call: Call) -> Reply:
        found = next((told for told in self._known(call) if told.body["id"] == call.ids[0]), None)
        return Reply(200, found.body) if found is not None else _exa.refuse(call, 404, "Event not found")

    def _known(self, call: Call) -> list[Told]:
        self._world.chronicle.catch_up(self._world.now())
        return self._world.chronicle.since(call.now)

    def _moment(self, told: Told) -> dt.datetime:
        return dt.datetime.fromisoformat(told.body["createdAt"])

    def _bound(self, call: Call, name: str) -> dt.datetime | None:
        text = call.query.get(name)
        if text is None:
            return None
        try:
            moment = dt.datetime.fromisoformat(text)
        except ValueError:
            _exa.refuse(call, 400, f"Invalid {name}")
        return moment if moment.tzinfo is not None else moment.replace(tzinfo=dt.UTC)
