"""A service that loses what it likes, and a client that creates."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

import attrs

from asyncjobs import Exa, Settings, WaterCrawl
from asyncjobs.exa import AGENT_RUN, ENRICHMENT
from asyncjobs.exa import SEARCH as WEBSET_SEARCH
from asyncjobs.sandbox import Answer, Fault, Life, Lose, Replace, Sandbox, Stall, Truncate
from asyncjobs.watercrawl import CRAWL, SEARCH, SITEMAP

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from asyncjobs.kinds import Client, JobKind

SHEETS: dict[str, JobKind[Any]] = {
    kind.name: kind for kind in (WEBSET_SEARCH, ENRICHMENT, AGENT_RUN, SEARCH, CRAWL, SITEMAP)
}
KINDS = list(SHEETS)
TOKENED = [name for name, kind in SHEETS.items() if kind.trace is not None and kind.trace.carrier is not None]
UNKEPT = "watercrawl.search"

#: Ways in which a create takes effect and its caller does not hear of it.
LOST = {
    "lost": Lose(),
    "cut": Truncate(),
    "500": Answer(500, processed=True),
    "502 of a proxy": Answer(502, "<html>Bad gateway</html>", processed=True),
    "503 of a proxy": Answer(503, "Service Unavailable", {"Retry-After": "1"}, processed=True),
    "408": Answer(408, processed=True),
    "html": Replace(b"<html>"),
    "empty": Replace(b""),
}
_BODIES: dict[str, dict[str, Any]] = {
    "exa.search": {"query": "cats", "count": 10, "metadata": {"mine": "1"}},
    "exa.enrichment": {"description": "How old is it?", "metadata": {"mine": "1"}},
    "exa.agent_run": {"query": "cats", "metadata": {"mine": "1"}},
    "watercrawl.search": {"query": "cats", "search_options": {"depth": "advanced", "time_range": "day"}},
    "watercrawl.crawl": {"url": "https://example.com", "options": {"spider_options": {}, "page_options": {}}},
    "watercrawl.sitemap": {"url": "https://example.com", "options": {}},
}


@attrs.define
class Shop:
    """One kind of job at one service."""

    sheet: JobKind[Any]
    sandbox: Sandbox
    client: Client
    ids: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        return self.sheet.name

    @property
    def body(self) -> dict[str, Any]:
        return _BODIES[self.kind]

    def creation(self, **changes: Any) -> Any:
        return self.client.create(self.sheet, {**self.body, **changes}, *self.ids)

    def fault(self, action: Any, verb: str = "create", **options: Any) -> None:
        """Let the next request of *verb* go wrong."""
        if verb == "list" and self.kind in {"exa.search", "exa.enrichment"}:
            # What lists them is the webset that they are in.
            self.sandbox.fault(Fault(action, verb="look", kind="exa.webset", **options))
        else:
            self.sandbox.fault(Fault(action, verb=verb, kind=self.kind, **options))

    def created(self) -> list[str]:
        return [row.ref for row in self.sandbox.ledger.created(self.kind)]

    def active(self) -> list[str]:
        return [row.ref for row in self.sandbox.ledger.active(self.kind)]

    def sent(self, verb: str = "create") -> int:
        return self.sandbox.ledger.count(verb, self.kind)

    def listed(self) -> int:
        """Return how many lists were read in search of a job."""
        verb, kind = ("look", "exa.webset") if self.ids else ("list", self.kind)
        return self.sandbox.ledger.count(verb, kind)

    def another(self, **settings: Any) -> Client:
        """Return a second client of the same service."""
        make: Any = WaterCrawl if self.kind.startswith("watercrawl.") else Exa
        return make("k", base_url=self.sandbox.url, session=self.sandbox.session(), settings=Settings(**settings))


@contextlib.asynccontextmanager
async def shop_of(kind: str, *, latency: float = 0.0, **settings: Any) -> AsyncIterator[Shop]:
    """Open a shop for one kind; its jobs run until they are cancelled."""
    async with Sandbox(sockets=False, latency=latency) as sandbox:
        sandbox.script(kind, Life.ordinary(kind, works=None), times=None)
        shop = Shop(SHEETS[kind], sandbox, None)  # type: ignore[arg-type]
        async with shop.another(**settings) as shop.client:
            if isinstance(shop.client, Exa) and kind != "exa.agent_run":
                shop.ids = ((await shop.client.websets.create()).id,)
                sandbox.ledger.clear()
            yield shop


async def stop(task: asyncio.Task[Any]) -> None:
    """Cancel a task and wait until it has ended."""
    task.cancel()
    await asyncio.wait((task,))


__all__ = ["KINDS", "LOST", "TOKENED", "UNKEPT", "Lose", "Shop", "Stall", "shop_of", "stop"]
