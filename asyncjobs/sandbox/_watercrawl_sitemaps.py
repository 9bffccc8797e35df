"""WaterCrawl's sitemaps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from . import _watercrawl_manners as manners
from . import _watercrawl_shapes as shapes
from . import _watercrawl_sites as sites
from ._http import Call, Reply, Route
from ._serializer import SITEMAP
from ._watercrawl_requests import Requests, Sort

if TYPE_CHECKING:
    from ._world import World

KIND: Final = "watercrawl.sitemap"
_ROOT: Final = "/api/v1/core/sitemaps/"
_NO_SITEMAP: Final = "Sitemap for this request does not exist"


class Sitemaps(Requests):
    """The sitemaps."""

    def __init__(self, world: World) -> None:
        sort = Sort(
            kind=KIND,
            root=_ROOT,
            noun="sitemap",
            nouns="sitemaps",
            fields=SITEMAP,
            show=shapes.sitemap,
            filters=True,
            heartbeat=5.0,
            frank=False,
            greeting=lambda job: f"Starting sitemap of {job.body['url']}",
        )
        super().__init__(world, sort)
        self.routes += (
            Route("GET", f"{_ROOT}{{}}/graph/", KIND, "result", self._graph),
            Route("GET", f"{_ROOT}{{}}/markdown/", KIND, "result", self._markdown),
            Route("GET", "/media/sitemaps/{}/result.json", KIND, "result", self._file),
        )

    def create(self, call: Call) -> Reply:
        """Start a sitemap. The framework takes its address for that of what was created."""
        reply = super().create(call)
        reply.headers["Location"] = reply.body["url"]
        return reply

    def _pages(self, call: Call) -> list[dict[str, str]] | None:
        job = self.find(call)
        return sites.site(job) if job.has_results(call.now) else None

    def _graph(self, call: Call) -> Reply:
        pages = self._pages(call)
        return manners.triple(404, _NO_SITEMAP) if pages is None else Reply(200, sites.graph(pages))

    def _markdown(self, call: Call) -> Reply:
        # JSON text, whatever the server means to send.
        pages = self._pages(call)
        return manners.triple(404, _NO_SITEMAP) if pages is None else Reply(200, sites.markdown(pages))

    def _file(self, call: Call) -> Reply:
        pages = self._pages(call)
        return manners.nowhere() if pages is None else Reply(200, pages)
