"""Exa Websets: websets, their searches and enrichments, and the way to the rest."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from . import _checks, _exa
from . import _webset_shapes as shapes
from ._feed import Feed
from ._http import Call, Reply, Route, Stream
from ._imports import Imports
from ._items import Items
from ._lives import FINAL
from ._monitors import Monitors
from ._overview import Overview
from ._reporter import Reporter
from ._webhooks import Webhooks
from ._webset_shapes import Webset

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ._jobs import RemoteJob
    from ._world import World

SEARCH, ENRICHMENT, WEBSET = "exa.search", "exa.enrichment", "exa.webset"
_ROOT = "/websets/v0/websets"


class Websets:
    """The service."""

    def __init__(self, world: World, meter: _exa.Meter) -> None:
        self._world = world
        self._meter = meter
        self._websets: list[Webset] = []
        self._names: dict[str, Webset] = {}
        self._items = Items(world, self._webset)
        self._reporter = Reporter(world)
        self.imports = Imports(world)
        self.monitors = Monitors(world, self)
        self.webhooks = Webhooks(world)
        parts = (self._items, self.imports, self.monitors, self.webhooks, Feed(world), Overview(world))
        one, search, enrichment = _ROOT + "/{}", _ROOT + "/{}/searches", _ROOT + "/{}/enrichments"
        self.routes = (
            Route("POST", _ROOT, WEBSET, "create", self._create),
            Route("GET", _ROOT, WEBSET, "list", self._list),
            Route("GET", one, WEBSET, "look", self._look),
            Route("POST", one, WEBSET, "update", self._update),
            Route("DELETE", one, WEBSET, "delete", self._delete),
            Route("POST", one + "/cancel", WEBSET, "cancel", self._cancel),
            Route("POST", search, SEARCH, "create", self._create_search),
            Route("GET", search + "/{}", SEARCH, "look", self._look_job(SEARCH)),
            Route("POST", search + "/{}/cancel", SEARCH, "cancel", self._cancel_job(SEARCH)),
            Route("POST", enrichment, ENRICHMENT, "create", self._create_enrichment),
            Route("GET", enrichment + "/{}", ENRICHMENT, "look", self._look_job(ENRICHMENT)),
            Route("PATCH", enrichment + "/{}", ENRICHMENT, "update", self._update_enrichment),
            Route("DELETE", enrichment + "/{}", ENRICHMENT, "delete", self._delete_enrichment),
            Route("POST", enrichment + "/{}/cancel", ENRICHMENT, "cancel", self._cancel_job(ENRICHMENT)),
            *(route for part in parts for route in part.routes),
        )

    # Manners.

    def admit(self, call: Call) -> None:
        """Ask for the key, then for the rate."""
        _exa.admit(self._world, call)
        self._meter.count(call)
        self.monitors.catch_up(self._world.now())

    def refuse(self, call: Call, status: int) -> Reply:
        """Return the flat body."""
        return _exa.flat(call, status)

    def unknown(self, call: Call, methods: Iterable[str]) -> Reply:
        """Answer as the framework behind the service does; it knows no 405."""
        del methods
        body = {
            "error": "Not Found",
            "message": f"Cannot {call.method} {call.path}",
            "statusCode": 404,
            "timestamp": self._world.stamp(call.now),
            "path": call.path,
        }
        return Reply(404, body)

    def finish(self, call: Call, reply: Reply | Stream) -> None:
        """Add the request's id."""
        _exa.stamp_request_id(call, reply)

    # Websets.

    def _create(self, call: Call) -> Reply:
        body = _exa.checked(call, _checks.CREATE_WEBSET)
        external_id: str | None = body.get("externalId")
        search: dict[str, Any] | None = body.get("search")
        if _imports(body.get("import")) & _imports((search or {}).get("scope")):
            _exa.refuse(call, 400, "The same import cannot be both imported and a search scope")
        if external_id is not None and external_id in self._names:
            _exa.refuse(call, 409, "A webset with this externalId already exists")
        webset = Webset(self._world.cuid(), len(self._websets), call.now, call.now, external_id)
        webset.metadata, webset.excludes = body.get("metadata", {}), body.get("exclude", [])
        self._websets.append(webset)
        self._names[webset.id] = webset
        if external_id is not None:
            self._names[external_id] = webset
        if search is not None:
            self._start(SEARCH, webset, search, call.now)
        for enrichment in body.get("enrichments", ()):
            self._start(ENRICHMENT, webset, enrichment, call.now)
        found = (self.imports.find(name, call.now) for name in sorted(_imports(body.get("import"))))
        webset.imports += [job for job in found if job is not None]
        self._tell("webset.created", webset, call.now)
        return Reply(201, shapes.webset(self._world, webset, call.now))

    def _list(self, call: Call) -> Reply:
        size = _exa.page_size(call, 25, 100)
        cursor = call.query.get("cursor")
        before = len(self._websets) if cursor is None else _exa.from_cursor(cursor)
        if size is None or before is None:
            _exa.refuse(call, 400, "limit must be between 1 and 100" if size is None else "Invalid cursor")
        older = (self._websets[number] for number in range(min(before, len(self._websets)) - 1, -1, -1))
        page, more = _exa.take((webset for webset in older if _exists(webset, call.now)), size)
        data = [shapes.webset(self._world, webset, call.now) for webset in page]
        return _exa.page(data, page[-1].number if more else None)

    def _look(self, call: Call) -> Reply:
        webset = self._webset(call)
        body = shapes.webset(self._world, webset, call.now)
        if "items" in call.query.getall("expand", []):
            body["items"] = self._items.all_of(webset, call.now)
        return Reply(200, body)

    def _update(self, call: Call) -> Reply:
        webset = self._webset(call)
        body = _exa.checked(call, _checks.UPDATE_WEBSET)
        if "metadata" in body:
            webset.metadata = body["metadata"] or {}
            webset.updated = call.now
        return Reply(200, shapes.webset(self._world, webset, call.now))

    def _delete(self, call: Call) -> Reply:
        webset = self._webset(call)
        for job in webset.jobs(call.now):
            if job.ended(call.now) is None:
                job.force(call.now, "canceled", "webset_deleted")
        body = shapes.webset(self._world, webset, call.now)
        for job in webset.jobs(call.now):
            job.gone = (call.now, 404)
        webset.deleted = call.now
        self.monitors.drop(webset, call.now)
        self._world.chronicle.tell("webset.deleted", body, call.now)
        if webset.external_id is not None:
            del self._names[webset.external_id]
        return Reply(200, body)

    def _cancel(self, call: Call) -> Reply:
        webset = self._webset(call)
        for job in webset.jobs(call.now):
            job.cancel(call.now, "webset_canceled")
        return Reply(200, shapes.webset(self._world, webset, call.now))

    def _webset(self, call: Call) -> Webset:
        webset = self.find(call.ids[0], call.now)
        return webset if webset is not None else _exa.refuse(call, 404, "Webset not found")

    def find(self, name: str, now: float) -> Webset | None:
        """Return a webset that exists, by its id or external id."""
        webset = self._names.get(name)
        return webset if webset is not None and _exists(webset, now) else None

    def search(self, webset: Webset, body: dict[str, Any], now: float) -> RemoteJob:
        """Start a search."""
        return self._start(SEARCH, webset, body, now)

    def _tell(self, kind: str, webset: Webset, now: float) -> None:
        self._world.chronicle.tell(kind, shapes.webset(self._world, webset, now), now)

    # Searches and enrichments.

    def _create_search(self, call: Call) -> Reply:
        webset = self._webset(call)
        return self._show(self._start(SEARCH, webset, _exa.checked(call, _checks.CREATE_SEARCH), call.now), call.now)

    def _create_enrichment(self, call: Call) -> Reply:
        webset = self._webset(call)
        body = _exa.checked(call, _checks.CREATE_ENRICHMENT)
        return self._show(self._start(ENRICHMENT, webset, body, call.now), call.now)

    def _look_job(self, kind: str) -> Callable[[Call], Reply]:
        return lambda call: self._show(self._job(kind, call), call.now)

    def _cancel_job(self, kind: str) -> Callable[[Call], Reply]:
        def cancel(call: Call) -> Reply:
            job = self._job(kind, call)
            if job.word(call.now) in FINAL and self._world.limits.cancel_ended != 200:  # noqa: PLR2004
                _exa.refuse(call, self._world.limits.cancel_ended, "It has already ended", "INVALID_REQUEST")
            job.cancel(call.now)
            return self._show(job, call.now)

        return cancel

    def _update_enrichment(self, call: Call) -> Reply:
        job = self._job(ENRICHMENT, call)
        job.body.update(_exa.checked(call, _checks.UPDATE_ENRICHMENT))
        job.updated = call.now
        return self._show(job, call.now)

    def _delete_enrichment(self, call: Call) -> Reply:
        job = self._job(ENRICHMENT, call)
        if job.ended(call.now) is None:
            job.force(call.now, "canceled")
        reply = self._show(job, call.now)
        job.gone = (call.now, 404)
        return reply

    def _start(self, kind: str, webset: Webset, body: dict[str, Any], now: float) -> RemoteJob:
        job = self._world.create(kind, (webset.id, self._world.cuid()), body, now)
        (webset.searches if kind == SEARCH else webset.enrichments).append(job)
        self._reporter.follow(webset, job)
        return job

    def _job(self, kind: str, call: Call) -> RemoteJob:
        text = f"{'Search' if kind == SEARCH else 'Enrichment'} not found"
        ids = (self._webset(call).id, call.ids[1])
        return self._world.known(kind, ids, call.now, partial(_exa.refuse, call, text=text))

    def _show(self, job: RemoteJob, now: float) -> Reply:
        shape = shapes.search if job.kind == SEARCH else shapes.enrichment
        return Reply(200, shape(self._world, job, now))


def _exists(webset: Webset, now: float) -> bool:
    return webset.created <= now and (webset.deleted is None or now < webset.deleted)


def _imports(sources: list[dict[str, Any]] | None) -> set[str]:
    return {source["id"] for source in sources or () if source["source"] == "import"}
