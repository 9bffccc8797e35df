"""What Websets tells about a search that was not made, and about the team."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import _checks_websets as checks
from . import _exa
from . import _webset_shapes as shapes
from ._http import Call, Reply, Route

if TYPE_CHECKING:
    from ._world import World

#: A query that nothing can be made of.
SENSELESS = "???"


class Overview:
    """The calls that create nothing."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.routes = (
            Route("POST", "/websets/v0/websets/preview", "exa.webset", "preview", self._preview),
            Route("GET", "/websets/v0/teams/me", "exa.team", "look", self._team),
        )

    def _preview(self, call: Call) -> Reply:
        search: dict[str, Any] = _exa.checked(call, checks.PREVIEW)["search"]
        if search["query"].strip() == SENSELESS:
            _exa.refuse(call, 422, "Unable to detect entity or criteria from query")
        wanted = call.query.get("search", "false")
        if wanted not in {"true", "false"}:
            _exa.refuse(call, 400, "Invalid search")
        entity = shapes.entity(search)
        number = int(search.get("count", 10)) if wanted == "true" else 0
        return Reply(
            200,
            {
                "search": {"entity": entity, "criteria": [{"description": f"matches: {search['query'][:60]}"}]},
                "enrichments": [{"description": "Where it is", "format": "text"}],
                "items": [
                    {
                        "id": self._world.cuid(),
                        "properties": shapes.properties(
                            entity["type"], f"Example {index + 1}", f"https://example.com/{index}"
                        ),
                        "createdAt": self._world.stamp(call.now),
                    }
                    for index in range(number)
                ],
            },
        )

    def _team(self, call: Call) -> Reply:
        del call
        alive = [row for row in self._world.ledger.created("exa.search") if not row.ended]
        queued = sum(row.status in {"created", "pending"} for row in alive)
        body = {
            "object": "team",
            "id": "team_01sandbox",
            "name": "Sandbox",
            "concurrency": {"active": len(alive) - queued, "queued": queued},
            "limits": {"maxConcurrent": None, "maxQueued": None},
        }
        return Reply(200, body)
