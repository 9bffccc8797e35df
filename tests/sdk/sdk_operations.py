"""Every operation of Websets, and how the client uses it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from asyncjobs import Exa

ROWS = "name,url\nOne,https://one.example\n"
COMPANY = {"type": "company"}


@attrs.frozen(eq=False)
class Made:
    """Ids of what is at a sandbox before an operation is tried, each of its own webset where that matters."""

    webset: str
    search: str
    enrichment: str
    item: str
    imported: str
    monitor: str
    run: str
    webhook: str
    event: str


@attrs.frozen
class Operation:
    """One request that Websets knows; *use* makes the client send it. Not all are *published* as OpenAPI."""

    method: str
    path: str
    use: Callable[[Exa, Made], Awaitable[Any]]
    published: bool = True

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def row(path: str, use: Callable[[Exa, Made], Awaitable[Any]], *, published: bool = True) -> Operation:
    """Return an operation, written as the documentation does."""
    method, _, where = path.partition(" ")
    return Operation(method, where, use, published)


async def _all(pages: Any) -> list[Any]:
    return [each async for each in pages]


_SEARCH = {"type": "search", "config": {"query": "new cats", "count": 2}}

OPERATIONS = (
    row("POST /v0/websets", lambda exa, _: exa.websets.create(search={"query": "cats"})),
    row("GET /v0/websets", lambda exa, _: _all(exa.websets.list())),
    row("GET /v0/websets/{id}", lambda exa, at: exa.websets.get(at.webset, expand_items=True)),
    row("POST /v0/websets/{id}", lambda exa, at: exa.websets.update(at.webset, metadata={"a": "b"})),
    row("DELETE /v0/websets/{id}", lambda exa, at: exa.websets.delete(at.webset)),
    row("POST /v0/websets/{id}/cancel", lambda exa, at: exa.job(f"exa.webset:{at.webset}").cancel()),
    row("POST /v0/websets/preview", lambda exa, _: exa.websets.preview(query="cats", count=2, search=True)),
    row("GET /v0/websets/{webset}/items", lambda exa, at: _all(exa.websets.items.list(at.webset))),
    row("GET /v0/websets/{webset}/items/{id}", lambda exa, at: exa.websets.items.get(at.webset, at.item)),
    row("DELETE /v0/websets/{webset}/items/{id}", lambda exa, at: exa.websets.items.delete(at.webset, at.item)),
    row(
        "POST /v0/websets/{webset}/searches",
        lambda exa, at: exa.websets.searches.create(at.webset, query="cats", count=2),
    ),
    row("GET /v0/websets/{webset}/searches/{id}", lambda exa, at: exa.websets.searches.get(at.webset, at.search)),
    row(
        "POST /v0/websets/{webset}/searches/{id}/cancel",
        lambda exa, at: exa.job(f"exa.search:{at.webset}/{at.search}").cancel(),
    ),
    row(
        "POST /v0/websets/{webset}/enrichments",
        lambda exa, at: exa.websets.enrichments.create(at.webset, description="age"),
    ),
    row(
        "GET /v0/websets/{webset}/enrichments/{id}",
        lambda exa, at: exa.websets.enrichments.get(at.webset, at.enrichment),
    ),
    row(
        "PATCH /v0/websets/{webset}/enrichments/{id}",
        lambda exa, at: exa.websets.enrichments.update(at.webset, at.enrichment, description="year"),
    ),
    row(
        "DELETE /v0/websets/{webset}/enrichments/{id}",
        lambda exa, at: exa.websets.enrichments.delete(at.webset, at.enrichment),
    ),
    row(
        "POST /v0/websets/{webset}/enrichments/{id}/cancel",
        lambda exa, at: exa.job(f"exa.enrichment:{at.webset}/{at.enrichment}").cancel(),
    ),
    row("POST /v0/imports", lambda exa, _: exa.websets.imports.send(ROWS, entity=COMPANY)),
    row("GET /v0/imports", lambda exa, _: _all(exa.websets.imports.list())),
    row("GET /v0/imports/{id}", lambda exa, at: exa.websets.imports.get(at.imported)),
    row("PATCH /v0/imports/{id}", lambda exa, at: exa.websets.imports.update(at.imported, title="new")),
    row("DELETE /v0/imports/{id}", lambda exa, at: exa.websets.imports.delete(at.imported)),
    row(
        "POST /v0/monitors",
        lambda exa, at: exa.websets.monitors.create(at.webset, cron="0 6 * * 1", behavior=_SEARCH),
    ),
    row("GET /v0/monitors", lambda exa, at: _all(exa.websets.monitors.list(webset=at.webset))),
    row("GET /v0/monitors/{id}", lambda exa, at: exa.websets.monitors.get(at.monitor)),
    row("PATCH /v0/monitors/{id}", lambda exa, at: exa.websets.monitors.update(at.monitor, status="disabled")),
    row("DELETE /v0/monitors/{id}", lambda exa, at: exa.websets.monitors.delete(at.monitor)),
    row("GET /v0/monitors/{monitor}/runs", lambda exa, at: _all(exa.websets.monitors.runs.list(at.monitor))),
    row("GET /v0/monitors/{monitor}/runs/{id}", lambda exa, at: exa.websets.monitors.runs.get(at.monitor, at.run)),
    row(
        "POST /v0/webhooks",
        lambda exa, _: exa.websets.webhooks.create(events=["webset.idle"], url="https://hooks.example.com/x"),
    ),
    row("GET /v0/webhooks", lambda exa, _: _all(exa.websets.webhooks.list())),
    row("GET /v0/webhooks/{id}", lambda exa, at: exa.websets.webhooks.get(at.webhook)),
    row("PATCH /v0/webhooks/{id}", lambda exa, at: exa.websets.webhooks.update(at.webhook, events=["webset.idle"])),
    row("DELETE /v0/webhooks/{id}", lambda exa, at: exa.websets.webhooks.delete(at.webhook)),
    row("GET /v0/webhooks/{id}/attempts", lambda exa, at: _all(exa.websets.webhooks.attempts.list(at.webhook))),
    row("GET /v0/events", lambda exa, _: _all(exa.websets.events.list(types=["webset.created"]))),
    row("GET /v0/events/{id}", lambda exa, at: exa.websets.events.get(at.event)),
    row("GET /v0/teams/me", lambda exa, _: exa.team(), published=False),
)
