"""The items of a webset: what its searches found, and what its enrichments know of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import _exa
from . import _webset_shapes as shapes
from ._http import Call, Reply, Route

if TYPE_CHECKING:
    from collections.abc import Callable

    from ._webset_shapes import Webset
    from ._world import World

_KIND = "exa.item"
_ROOT = "/websets/v0/websets/{}/items"


class Items:
    """The calls that read and delete items; *find* returns the webset that a call names, or refuses."""

    def __init__(self, world: World, find: Callable[[Call], Webset]) -> None:
        self._world = world
        self._find = find
        self.routes = (
            Route("GET", _ROOT, _KIND, "list", self._list),
            Route("GET", _ROOT + "/{}", _KIND, "look", self._look),
            Route("DELETE", _ROOT + "/{}", _KIND, "delete", self._delete),
        )

    def all_of(self, webset: Webset, now: float) -> list[dict[str, Any]]:
        """Return every item of a webset."""
        rows = list(shapes.items(webset, now))
        return [shapes.item(self._world, webset, row, (place, len(rows)), now) for place, row in enumerate(rows)]

    def _list(self, call: Call) -> Reply:
        webset = self._find(call)
        size, source = _exa.page_size(call, 20, 100), call.query.get("sourceId")
        start = _exa.from_cursor(call.query["cursor"]) if "cursor" in call.query else 0
        if size is None or start is None:
            _exa.refuse(call, 400, "limit must be between 1 and 100" if size is None else "Invalid cursor")
        rows = list(enumerate(shapes.items(webset, call.now)))
        wanted = [row for row in rows if source in {None, row[1][1].id}]
        data = [
            shapes.item(self._world, webset, row, (place, len(rows)), call.now)
            for place, row in wanted[start : start + size]
        ]
        return _exa.page(data, start + size if start + size < len(wanted) else None)

    def _look(self, call: Call) -> Reply:
        items = self.all_of(self._find(call), call.now)
        found = next((item for item in items if item["id"] == call.ids[1]), None)
        return Reply(200, found) if found is not None else _exa.refuse(call, 404, "Item not found")

    def _delete(self, call: Call) -> Reply:
        reply = self._look(call)
        self._find(call).deleted_items.add(call.ids[1])
        return reply
