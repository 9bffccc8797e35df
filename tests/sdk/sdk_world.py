"""The services' own SDKs as they are installed, a sandbox for them to talk to, and one way to call them all."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import operator
from typing import TYPE_CHECKING, Any

from dev_extra import needed

from asyncjobs.sandbox import Life, Sandbox

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable


exa_py = needed("exa_py")
pydantic = needed("pydantic")
watercrawl = needed("watercrawl")

#: Jobs that live quickly.
KINDS = (
    "exa.search",
    "exa.enrichment",
    "exa.import",
    "exa.monitor_run",
    "exa.agent_run",
    "watercrawl.search",
    "watercrawl.crawl",
    "watercrawl.sitemap",
)

#: The parts of the Exa clients that the sandbox serves, by their path from the client.
NAMESPACES = (
    "websets",
    "websets.searches",
    "websets.enrichments",
    "websets.items",
    "websets.events",
    "websets.imports",
    "websets.monitors",
    "websets.monitors.runs",
    "websets.webhooks",
    "websets.webhooks.attempts",
    "agent",
    "agent.runs",
    "agent.runs.events",
    "beta",
    "beta.agent",
    "beta.agent.runs",
    "beta.agent.runs.events",
)

#: Keys of replies that exa-py's models do not know, by model, with what explains each: a row of contradictions.md, or
#: where no row speaks of it the section of exa-websets.md. The published description has them all, and it wins.
_WEBSET = {"imports": "row 1.18", "excludes": "section 3.8"}
UNMODELLED = {
    "Webset": _WEBSET,
    "GetWebsetResponse": _WEBSET,
    "Progress": {"analyzed": "section 4.3", "timeLeft": "section 4.3"},
    "WebsetSearchRecallExpected": {"bounds": "section 4.3"},
    "WebsetItemArticlePropertiesFields": {"title": "section 6"},
    "WebsetItemResearchPaperPropertiesFields": {"title": "section 6"},
    "MonitorRun": {"failedReason": "section 8"},
    "PreviewWebsetResponse": {"items": "section 3.7"},
    "EnrichmentResult": {"status": "row 1.19"},
}


class Sdk:
    """An SDK's *client* and its *sandbox*: `await sdk(client.websets.get, id)` for the async and the sync one alike.

    Every model in a reply is searched for keys that the SDK does not know; *called* names the methods that were used.
    """

    def __init__(self, client: Any, sandbox: Sandbox) -> None:
        self.client = client
        self.sandbox = sandbox
        self.called: set[str] = set()
        self._paths = {id(client): ""}
        if hasattr(client, "websets"):
            self._paths |= {id(operator.attrgetter(path)(client)): path for path in NAMESPACES}

    async def __call__(self, method: Callable[..., Any], /, *args: Any, **options: Any) -> Any:
        owner: Any = method.__self__  # type: ignore[attr-defined]
        self.called.add(".".join(filter(None, (self._paths[id(owner)], method.__name__))))
        if inspect.iscoroutinefunction(method):
            result = await method(*args, **options)
        elif inspect.isasyncgenfunction(method):
            result = method(*args, **options)
        else:
            result = await asyncio.to_thread(_run, method, args, options)
        if inspect.isasyncgen(result):
            result = [part async for part in result]
        _examine(result)
        return result


def _run(method: Callable[..., Any], args: Any, options: Any) -> Any:
    result = method(*args, **options)
    return list(result) if inspect.isgenerator(result) else result


def _examine(value: Any) -> None:
    if isinstance(value, list | tuple):
        for part in value:
            _examine(part)
    elif isinstance(value, pydantic.BaseModel):
        name = type(value).__name__
        unknown = set(value.model_extra or ()) - set(UNMODELLED.get(name, ()))
        assert not unknown, f"{name} knows no {sorted(unknown)}"
        for field in type(value).model_fields:
            _examine(getattr(value, field))


def _called(word: str) -> Callable[[dict[str, Any]], bool]:
    return lambda body: (
        word in {body.get("query"), body.get("description"), (body.get("url") or "").partition("://")[2]}
    )


@contextlib.asynccontextmanager
async def quick_sandbox() -> AsyncIterator[Sandbox]:
    """Open a sandbox on a real socket in which jobs take a tenth of a second.

    A query, a description or a host that is `stuck` never ends, and one that is a last word (`failed`) ends so.
    """
    async with Sandbox() as sandbox:
        for kind in KINDS:
            sandbox.script(kind, Life.ordinary(kind, works=None), times=None, when=_called("stuck"))
            for word in ("failed", "canceled", "cancelled"):
                sandbox.script(kind, Life.ordinary(kind, works=0.05, ends=word), times=None, when=_called(word))
            sandbox.script(kind, Life.ordinary(kind, waits=0.03, works=0.07), times=None)
        yield sandbox


@contextlib.asynccontextmanager
async def opened(flavour: str) -> AsyncIterator[Sdk]:
    """Open the SDK called *flavour* (`Exa`, `AsyncExa` or `WaterCrawl`) on a quick sandbox."""
    async with quick_sandbox() as sandbox:
        if flavour == "WaterCrawl":
            client = watercrawl.WaterCrawlAPIClient("key", base_url=sandbox.url)
            with contextlib.closing(client.session):
                yield Sdk(client, sandbox)
        else:
            client = getattr(exa_py, flavour)("key", sandbox.url)
            try:
                yield Sdk(client, sandbox)
            finally:
                if flavour == "AsyncExa":
                    await client.aclose()
