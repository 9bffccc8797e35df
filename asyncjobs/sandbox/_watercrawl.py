"""WaterCrawl, as the server of version 0.12 was seen to behave."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from . import _watercrawl_manners as manners
from . import _watercrawl_shapes as shapes
from ._http import HTML, Call, Reply, Route, Router, Stream
from ._serializer import SEARCH
from ._watercrawl_crawls import Crawls
from ._watercrawl_requests import Requests, Sort
from ._watercrawl_sitemaps import Sitemaps

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ._world import World

KIND = "watercrawl.search"


class Searches(Requests):
    """The searches."""

    def __init__(self, world: World) -> None:
        sort = Sort(
            kind=KIND,
            root="/api/v1/core/search/",
            noun="search",
            nouns="searches",
            fields=SEARCH,
            show=shapes.search,
            # Any filter is ignored, even an invalid one.
            filters=False,
            heartbeat=None,
            frank=True,
            greeting=lambda job: f"Starting Search for query: {job.body['query']}",
        )
        super().__init__(world, sort)
        self.routes += (Route("GET", "/media/search/{}/result.json", KIND, "result", self._file),)

    def _file(self, call: Call) -> Reply:
        job = self.find(call)
        return Reply(200, shapes.rows(job)) if job.has_results(call.now) else manners.nowhere()


class WaterCrawl:
    """The service."""

    def __init__(self, world: World) -> None:
        self._world = world
        parts = (Searches(world), Crawls(world), Sitemaps(world))
        self.routes = tuple(route for part in parts for route in part.routes)
        self._router = Router(self.routes)

    def admit(self, call: Call) -> None:
        """Let in who has a key; files are open to everybody."""
        if not call.path.startswith("/media/"):
            manners.admit(call, self._world.limits.api_keys)

    def refuse(self, call: Call, status: int) -> Reply:
        """Return the triple."""
        del call
        return manners.triple(status, manners.MESSAGES.get(status, manners.MESSAGES[500]))

    def unknown(self, call: Call, methods: Iterable[str]) -> Reply:
        """Add a missing slash; name a wrong method; else the framework's page."""
        if methods:
            self.admit(call)
            allowed = ", ".join([*methods, "HEAD", "OPTIONS"])
            if call.method == "OPTIONS":
                return Reply(200, {"name": "Search Request", "renders": ["application/json"]}, {"Allow": allowed})
            reply = manners.triple(405, f'Method "{call.method}" not allowed.')
            reply.headers["Allow"] = allowed
            return reply
        if not call.path.endswith("/") and self._router.find(call.path + "/")[0]:
            query = urlencode(list(call.query.items()))
            return Reply(301, b"", {"Location": f"{call.path}/{'?' + query if query else ''}"}, HTML)
        return manners.nowhere()

    def finish(self, call: Call, reply: Reply | Stream) -> None:
        """Add nothing: this service names no request."""
