"""WaterCrawl's crawls: batches of them, the pages that they found, and archives of these."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from . import _watercrawl_manners as manners
from . import _watercrawl_shapes as shapes
from . import _watercrawl_sites as sites
from ._http import Call, Reply, Route
from ._serializer import BATCH, CRAWL
from ._watercrawl_requests import SiteRequests, Sort

if TYPE_CHECKING:
    from ._jobs import RemoteJob
    from ._world import World

KIND: Final = "watercrawl.crawl"
_ROOT: Final = "/api/v1/core/crawl-requests/"
_MEDIA: Final = "/media/crawl-requests/{}/"
_FORMATS: Final = frozenset({"json", "markdown"})
#: What the reply to a batch shows.
_BATCH_KEYS: Final = ("uuid", "urls", "status", "options", "created_at", "updated_at", "duration")


class Crawls(SiteRequests):
    """The crawls."""

    def __init__(self, world: World) -> None:
        sort = Sort(
            kind=KIND,
            root=_ROOT,
            noun="crawl",
            nouns="crawls",
            fields=CRAWL,
            show=shapes.crawl,
            filters=True,
            heartbeat=5.0,
            frank=True,
            greeting=lambda job: f"Starting crawl of {job.body['url']}",
            parts=self._parts,
            next_part=sites.next_document,
        )
        super().__init__(
            world,
            sort,
            lambda job, now: sites.crawled(job, sites.documents(job, now)),
            maps="sitemap/",
            file=f"{_MEDIA}sitemap.json",
            missing="Sitemap for this crawl request does not exist",
        )
        one = f"{_ROOT}{{}}/"
        self.routes += (
            Route("POST", f"{_ROOT}batch/", KIND, "create", self._create_batch),
            Route("GET", f"{one}results/", KIND, "result", self._results),
            Route("GET", f"{one}results/{{}}/", KIND, "result", self._result),
            Route("GET", f"{one}download/", KIND, "result", self._download),
            Route("GET", f"{_MEDIA}results/{{}}/{{}}", KIND, "result", self._result_file),
        )

    def begin(self, call: Call, body: dict[str, Any]) -> RemoteJob:
        """Start a crawl; a single one has one address."""
        return super().begin(call, {"urls": [body["url"]], "crawl_type": "single"} | body)

    def _create_batch(self, call: Call) -> Reply:
        body = self.read(call, BATCH)
        urls: list[str] = body["urls"]
        # What makes no sense for a list of pages is overwritten.
        hosts = list(dict.fromkeys(urlsplit(url).netloc for url in urls))
        body["options"]["spider_options"] |= {"max_depth": 0, "page_limit": len(urls), "allowed_domains": hosts}
        job = self.begin(call, {"url": urls[0], "crawl_type": "batch"} | body)
        shown = self.show(job, call)
        return Reply(201, {key: shown[key] for key in _BATCH_KEYS})

    # What was found.

    def _parts(self, job: RemoteJob, call: Call) -> list[dict[str, Any]]:
        return [self._row(job, document, call) for document in sites.documents(job, call.now)]

    def _row(self, job: RemoteJob, document: sites.Document, call: Call) -> dict[str, Any]:
        media = f"{call.origin}/media/crawl-requests/{job.id}"
        prefetched = manners.is_true(call, "prefetched")
        return sites.result(job, document, self.world.micro_stamp(document.at), media, prefetched=prefetched)

    def _results(self, call: Call) -> Reply:
        if manners.read_uuid(call.ids[0]) is None:
            text = f"“{call.ids[0]}” is not a valid UUID."
            manners.refuse(400, text, {"non_field_errors": [text]})
        job = self.find(call)
        found = sites.documents(job, call.now)
        if url := call.query.get("url"):
            found = [document for document in found if document.url == url]
        return manners.page(call, found, lambda document: self._row(job, document, call))

    def _result(self, call: Call) -> Reply:
        job = self.find(call)
        return Reply(200, self._row(job, self._document(job, call), call))

    def _document(self, job: RemoteJob, call: Call) -> sites.Document:
        wanted = manners.read_uuid(call.ids[1])
        found = [document for document in sites.documents(job, call.now) if document.uuid == wanted]
        if not found:
            manners.refuse(404)
        return found[0]

    def _download(self, call: Call) -> Reply:
        job = self.find(call)
        output_format = call.query.get("output_format", "json")
        if output_format not in _FORMATS:
            manners.refuse(403, "Invalid output format")
        archive = sites.packed(job, sites.documents(job, call.now), output_format)
        disposition = f'attachment; filename="{sites.file_name(job.body["url"])}.zip"'
        return Reply(200, archive, {"Content-Disposition": disposition}, "application/zip")

    def _result_file(self, call: Call) -> Reply:
        job = self.find(call)
        document = self._document(job, call)
        if call.ids[2] == "result.json":
            return Reply(200, sites.content(job, document))
        found = sites.attachment(call.ids[2])
        return manners.nowhere() if found is None else Reply(200, found[0], {}, found[1])
