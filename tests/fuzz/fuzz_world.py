"""A client whose service says what a test wants: without HTTP for the bulk, over bytes for the rest."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
from typing import TYPE_CHECKING, Any

import aiohttp
import attrs
from fuzz_corpus import KINDS, ref_of
from fuzz_rules import reply_of
from hypothesis import note

from asyncjobs import AsyncJobsError, Exa, Settings, WaterCrawl, _client
from asyncjobs.errors import TransportError
from asyncjobs.kinds import Pace
from asyncjobs.sandbox._memory import MemoryConnector

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from asyncjobs._wire import Reply, Request

URL = "http://service.test"
#: No verb needs so many requests, whatever it is told.
MOST_REQUESTS = 10_000
# Few looks, since each costs a case some of its time.
_PACE = Pace(first=2.0, factor=3.0, ceiling=30.0, urgent=1.0)
PATIENCE = Settings(unreachable_after=60, unknown_after=60, retry_budget=20, paces=dict.fromkeys(KINDS, _PACE))


@dataclasses.dataclass
class Said:
    """One reply: a *status* of 0 is none at all after the request was sent, -1 is none because it never was."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = dataclasses.field(default_factory=dict)


class Mouth:
    """A transport that gives one reply after another, the last one for ever; time passes as on a network."""

    def __init__(self, replies: Sequence[Said]) -> None:
        # For the report of a failure, which would show the integers that the replies were drawn as.
        note(replies)
        self._left = list(replies)
        self.heard: list[tuple[Request, Said]] = []
        self.watching: Callable[[], object] = lambda: None

    async def send(self, request: Request) -> Reply:
        self.watching()
        said = self._left.pop(0) if len(self._left) > 1 else self._left[0]
        self.heard.append((request, said))
        assert len(self.heard) < MOST_REQUESTS, "the service is hammered"
        await asyncio.sleep(0.02)
        if said.status <= 0:
            raise TransportError("cut", sent=said.status == 0, method=request.method, url=URL)
        began = asyncio.get_running_loop().time() - 0.02
        return attrs.evolve(reply_of(said.body, said.status, said.headers), began=began)

    async def aclose(self) -> None:
        pass

    def abandon(self) -> None:
        pass


@contextlib.asynccontextmanager
async def speaking(make: type[Exa | WaterCrawl], mouth: Any, settings: Settings = PATIENCE):
    """Give a client that talks to *mouth*."""
    genuine = _client.AiohttpTransport
    # By hand: a patch of unittest.mock costs a tenth of the whole case.
    _client.AiohttpTransport = lambda *_, **__: mouth
    try:
        client = make("key-of-the-client", base_url=URL, settings=settings)
    finally:
        _client.AiohttpTransport = genuine
    async with client:
        yield client


async def gathered(work: Any, *, following: bool = False) -> list[Any]:
    """Return what a verb gives, be it one value or the rows of a list; bounded in virtual time."""
    rows: list[Any] = []
    try:
        async with asyncio.timeout(600 if following else 3600):
            if not hasattr(work, "__anext__"):
                return [await work]
            async for row in work:
                rows.append(row)
    except TimeoutError as error:
        # Who follows a job that never ends follows it for ever.
        if isinstance(error, AsyncJobsError) or not following:
            raise
    return rows


# -- verbs -------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Verb:
    """A verb, what its replies are like (a name in the corpus), and what it gives."""

    make: type[Exa | WaterCrawl]
    like: str
    call: Callable[[Any], Any]
    gives: str


def _verbs() -> dict[str, Verb]:
    verbs: dict[str, Verb] = {}
    parts: Callable[[str], tuple[str, ...]] = lambda kind: ref_of(kind).parts  # noqa: E731 - the corpus is made late
    for kind, make in {
        "exa.search": Exa,
        "exa.enrichment": Exa,
        "exa.agent_run": Exa,
        "watercrawl.search": WaterCrawl,
        "watercrawl.crawl": WaterCrawl,
        "watercrawl.sitemap": WaterCrawl,
    }.items():

        def add(name: str, call: Callable[[Any], Any], gives: str, kind: str = kind, make: Any = make) -> None:
            verbs[f"{kind} {name}"] = Verb(make, kind, call, gives)

        def job(client: Any, kind: str = kind) -> Any:
            return client.job(ref_of(kind))

        add("refresh", lambda client, job=job: job(client).refresh(), "Snapshot")
        add("wait", lambda client, job=job: job(client).wait(timeout=300), "Snapshot")
        add("look once", lambda client, job=job: job(client).wait(timeout=0), "Snapshot")
        add("result", lambda client, job=job: job(client).result(timeout=300), "resource")
        add("cancel", lambda client, job=job: job(client).cancel(), "CancelOutcome")
        add("cancel unconfirmed", lambda client, job=job: job(client).cancel(confirm=False), "CancelOutcome")
        add("follow", lambda client, job=job: aiter(job(client)), "Snapshot")
    search, enrichment = (lambda: parts("exa.search")), (lambda: parts("exa.enrichment"))
    run, uuid, webset = (lambda: parts("exa.agent_run")[0]), (lambda: parts("watercrawl.search")[0]), "w"
    crawl: Callable[[], str] = lambda: parts("watercrawl.crawl")[0]  # noqa: E731 - as above
    return verbs | {
        "exa.search get": Verb(Exa, "exa.search", lambda exa: exa.websets.searches.get(*search()), "Job"),
        "exa.enrichment get": Verb(
            Exa, "exa.enrichment", lambda exa: exa.websets.enrichments.get(*enrichment()), "Job"
        ),
        "exa.agent_run get": Verb(Exa, "exa.agent_run", lambda exa: exa.agent.runs.get(run()), "Job"),
        "watercrawl.search get": Verb(WaterCrawl, "watercrawl.search", lambda wc: wc.searches.get(uuid()), "Job"),
        "exa.agent_run stop": Verb(Exa, "exa.agent_run", lambda exa: exa.agent.runs.stop(run()), "Snapshot"),
        "exa.agent_run delete": Verb(Exa, "deleted run", lambda exa: exa.agent.runs.delete(run()), "DeletedAgentRun"),
        "exa.agent_run list": Verb(Exa, "runs page", lambda exa: exa.agent.runs.list(), "Job"),
        "exa.agent_run events": Verb(Exa, "events page", lambda exa: exa.agent.runs.events(run()), "AgentEvent"),
        "watercrawl.crawl get": Verb(WaterCrawl, "watercrawl.crawl", lambda wc: wc.crawls.get(crawl()), "Job"),
        "watercrawl.crawl list": Verb(WaterCrawl, "watercrawl.crawl page", lambda wc: wc.crawls.list(), "Job"),
        "watercrawl.crawl results": Verb(WaterCrawl, "results page", lambda wc: wc.crawls.results("u"), "CrawlResult"),
        "watercrawl.sitemap list": Verb(WaterCrawl, "watercrawl.sitemap page", lambda wc: wc.sitemaps.list(), "Job"),
        "watercrawl.search list": Verb(WaterCrawl, "watercrawl page", lambda wc: wc.searches.list(), "Job"),
        "websets get": Verb(Exa, "webset", lambda exa: exa.websets.get(webset, expand_items=True), "Webset"),
        "websets update": Verb(Exa, "webset", lambda exa: exa.websets.update(webset, metadata=None), "Webset"),
        "websets cancel": Verb(Exa, "webset", lambda exa: exa.websets.cancel(webset), "Webset"),
        "websets delete": Verb(Exa, "webset", lambda exa: exa.websets.delete(webset), "Webset"),
        "websets list": Verb(Exa, "websets page", lambda exa: exa.websets.list(), "Webset"),
        "items list": Verb(Exa, "items page", lambda exa: exa.websets.items.list(webset), "WebsetItem"),
        "exa.enrichment update": Verb(
            Exa, "exa.enrichment", lambda exa: exa.websets.enrichments.update(*enrichment()), "WebsetEnrichment"
        ),
        "exa.enrichment delete": Verb(
            Exa, "exa.enrichment", lambda exa: exa.websets.enrichments.delete(*enrichment()), "WebsetEnrichment"
        ),
    }


VERBS = _verbs()

CREATES = {
    "exa.search": Verb(
        Exa, "exa.search", lambda exa: exa.websets.searches.create("w", query="x", count=1, metadata={"a": "b"}), "Job"
    ),
    "exa.enrichment": Verb(
        Exa, "exa.enrichment", lambda exa: exa.websets.enrichments.create("w", description="x"), "Job"
    ),
    "exa.agent_run": Verb(Exa, "exa.agent_run", lambda exa: exa.agent.runs.create(query="x"), "Job"),
    "watercrawl.search": Verb(WaterCrawl, "watercrawl.search", lambda wc: wc.searches.create("x"), "Job"),
    "watercrawl.crawl": Verb(WaterCrawl, "watercrawl.crawl", lambda wc: wc.crawls.create("http://x.example"), "Job"),
    "watercrawl.sitemap": Verb(
        WaterCrawl, "watercrawl.sitemap", lambda wc: wc.sitemaps.create("http://x.example"), "Job"
    ),
    "webset": Verb(Exa, "webset", lambda exa: exa.websets.create(search={"query": "x"}), "Webset"),
}


# -- bytes -------------------------------------------------------------------


class RawServer(asyncio.Protocol):
    """One connection of a service that answers each request with bytes, in pieces, and may then hang up."""

    def __init__(self, service: RawService) -> None:
        self._service = service
        self._inbox = b""

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._inbox += data
        while (request := self._taken()) is not None:
            self._service.answer(request, self._transport)

    def _taken(self) -> bytes | None:
        head, gap, rest = self._inbox.partition(b"\r\n\r\n")
        if not gap:
            return None
        length = next(
            (int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")),
            0,
        )
        if len(rest) < length:
            return None
        self._inbox = rest[length:]
        return head


class RawService:
    """Answers of bytes: each is (what to send, in pieces of how many bytes, whether to hang up then)."""

    def __init__(self, answers: Sequence[tuple[bytes, int, bool]]) -> None:
        note(answers)
        self._left = list(answers)
        self.heard: list[tuple[bytes, bytes]] = []

    def answer(self, request: bytes, transport: Any) -> None:
        raw, size, hang_up = self._left.pop(0) if len(self._left) > 1 else self._left[0]
        self.heard.append((request.split(b"\r\n")[0], raw))
        assert len(self.heard) < MOST_REQUESTS, "the service is hammered"
        pieces = [raw[at : at + size] for at in range(0, len(raw), size)]
        loop = asyncio.get_running_loop()
        for number, piece in enumerate(pieces):
            loop.call_later(0.001 * number, transport.write, piece)
        if hang_up:
            loop.call_later(0.001 * len(pieces), transport.close)

    @contextlib.asynccontextmanager
    async def serving(self, make: type[Exa | WaterCrawl], settings: Settings = PATIENCE):
        """Give a client whose requests come here, through aiohttp's own parser."""
        connector = MemoryConnector(lambda: RawServer(self))
        async with (
            aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar()) as session,
            make("key-of-the-client", base_url=URL, session=session, settings=settings) as client,
        ):
            yield client
