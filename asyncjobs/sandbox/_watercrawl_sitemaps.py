"""WaterCrawl's sitemaps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import _watercrawl_shapes as shapes
from . import _watercrawl_sites as sites
from ._serializer import SITEMAP
from ._watercrawl_requests import SiteRequests, Sort

if TYPE_CHECKING:
    from ._world import World


class Sitemaps(SiteRequests):
    """The sitemaps."""

    def __init__(self, world: World) -> None:
        sort = Sort(
            kind="watercrawl.sitemap",
            root="/api/v1/core/sitemaps/",
            noun="sitemap",
            nouns="sitemaps",
            fields=SITEMAP,
            show=shapes.sitemap,
            filters=True,
            heartbeat=5.0,
            frank=False,
            greeting=lambda job: f"Starting sitemap of {job.body['url']}",
        )
        super().__init__(
            world,
            sort,
            lambda job, _: sites.site(job),
            file="/media/sitemaps/{}/result.json",
            missing="Sitemap for this request does not exist",
        )
