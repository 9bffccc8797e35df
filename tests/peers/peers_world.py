"""What the tests of peers' failures talk to: a sandbox, and the client of one kind of job."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

import attrs
from services import URL

from asyncjobs import Exa, Settings, WaterCrawl
from asyncjobs.exa._provider import EXA
from asyncjobs.kinds import WORDS, Call, JobKind, Provider
from asyncjobs.sandbox import Answer, Fault, Life, Sandbox, _lives
from asyncjobs.watercrawl._provider import WATERCRAWL

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable

    from asyncjobs import Job
    from asyncjobs._creation import Creation
    from asyncjobs.sandbox._faults import Action

_BODIES: dict[str, dict[str, Any]] = {
    "exa.search": {"query": "cats", "count": 10},
    "exa.enrichment": {"description": "How old is it?"},
    "exa.agent_run": {"query": "cats", "effort": "ultra"},
    "watercrawl.search": {"query": "cats", "search_options": {}},
    "watercrawl.crawl": {"url": "https://example.com", "options": {"spider_options": {}, "page_options": {}}},
    "watercrawl.sitemap": {"url": "https://example.com", "options": {}},
}
#: As in the tests of the contract: those that one call makes.
SHEETS = {kind.name: kind for provider in (EXA, WATERCRAWL) for kind in provider.kinds if kind.name in _BODIES}
KINDS = list(SHEETS)


@attrs.frozen(kw_only=True)
class Batch:
    """What a made-up service, which may hold a job, tells of it."""

    id: str
    status: str


BATCH = JobKind(
    name="mill.batch",
    resource=Batch,
    identity={"id": "id"},
    look=Call("GET", "/batches/{id}", repeatable=True),
    words={word: WORDS[word] for word in ("running", "paused", "completed")},
)
MILL = Provider(name="mill", base_url=URL, key_header="X-Mill", key_env="MILL_KEY", url_env="MILL_URL", kinds=(BATCH,))


@attrs.define
class World:
    """One kind of job, the service that has it, and a client that was opened at *began*."""

    kind: str
    sandbox: Sandbox
    client: Any
    webset: tuple[str, ...]
    settings: Settings
    began: float

    @property
    def words(self) -> _lives.Words:
        """The service's own words for this kind."""
        return _lives.WORDS[self.kind]

    @property
    def elapsed(self) -> float:
        """How many seconds have passed since the world began."""
        return now() - self.began

    def another_client(self) -> Any:
        """Return one more client of the same service."""
        make = Exa if self.kind.startswith("exa.") else WaterCrawl
        return make("key", base_url=self.sandbox.url, session=self.sandbox.session(), settings=self.settings)

    def creation(
        self,
        *,
        waits: float = 0.0,
        works: float | None = None,
        ends: str | None = None,
        after_cancel: list[tuple[float, str]] | None = None,
    ) -> Creation[Any]:
        """Return the creation of a job that waits, works and *ends* with a word; ``None`` is for ever, and well."""
        life = Life.ordinary(self.kind, waits=waits, works=works, ends=ends)
        if after_cancel is not None:
            life = attrs.evolve(life, after_cancel=after_cancel)
        self.sandbox.script(self.kind, life)
        return self.client.create(SHEETS[self.kind], _BODIES[self.kind], *self.webset)

    async def create(self, **life: Any) -> Job[Any]:
        """Return a new job that lives so; see :meth:`creation`."""
        return await self.creation(**life)

    def fault(self, verb: str, action: Action, **options: Any) -> None:
        """Let *action* happen to the next request of *verb*; *options* are those of :class:`Fault`."""
        self.sandbox.fault(Fault(action, verb=verb, kind=self.kind, **options))

    def refuse(self, verb: str, status: int, *, hint: str | None = None, times: int | None = 1) -> None:
        """Answer the next *times* requests of *verb* with *status*, and *hint* as their Retry-After."""
        self.fault(verb, Answer(status, headers={} if hint is None else {"Retry-After": hint}), times=times)

    def sent(self, verb: str) -> int:
        """Return how many requests of *verb* for the kind have come in."""
        return self.sandbox.ledger.count(verb, self.kind)

    def times(self, verb: str) -> list[float]:
        """Return when they came, in seconds since the world began."""
        return [
            row.at - self.began for row in self.sandbox.ledger.requests if (row.verb, row.kind) == (verb, self.kind)
        ]

    def word(self, job: Job[Any]) -> str:
        """Return the service's present word for a job."""
        return self.sandbox.status(str(job.ref))

    def active(self) -> int:
        """Return how many jobs of the kind run at the service."""
        return len(self.sandbox.ledger.active(self.kind))


@contextlib.asynccontextmanager
async def world_of(kind: str, *, latency: float = 0.0, **settings: Any) -> AsyncIterator[World]:
    """Open a sandbox and a client of *kind*; *latency* is in seconds, *settings* are those of the client."""
    async with Sandbox(sockets=False, latency=latency) as sandbox:
        webset: tuple[str, ...] = ()
        if kind in {"exa.search", "exa.enrichment"}:
            async with Exa("key", base_url=sandbox.url, session=sandbox.session()) as helper:
                webset = ((await helper.websets.create(metadata={})).id,)
        world = World(kind, sandbox, None, webset, Settings(**settings), now())
        world.client = world.another_client()
        try:
            yield world
        finally:
            sandbox.clear_faults()
            await world.client.aclose()


def now() -> float:
    """Return the time of the client and the service."""
    return asyncio.get_running_loop().time()


def start(work: Awaitable[Any]) -> asyncio.Task[Any]:
    """Begin *work* in a task of its own."""

    async def run() -> Any:
        return await work

    return asyncio.create_task(run())


async def ended(task: asyncio.Task[Any]) -> asyncio.Task[Any]:
    """Return *task* when it is done, however it ended."""
    await asyncio.wait((task,))
    return task
