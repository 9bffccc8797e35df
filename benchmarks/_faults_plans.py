"""What a run of a campaign is made of: its setup, its clients, and who does what with which jobs."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING, Final

import attrs

from asyncjobs import Exa, Settings, WaterCrawl
from asyncjobs.sandbox import Life, Sandbox, races
from benchmarks._faults_blocks import GROUPS, OWNED, WEBSETS
from benchmarks._faults_book import Book, Intent, text_of
from benchmarks._faults_many import MANY
from benchmarks._faults_streams import STREAMS
from benchmarks._faults_uses import USES, Plan

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    import aiohttp

KINDS: Final = (
    "exa.search",
    "exa.enrichment",
    "exa.agent_run",
    "watercrawl.search",
    "watercrawl.crawl",
    "watercrawl.sitemap",
)
_RUN: Final = "exa.agent_run"
_JOBS_OF_A_WEBSET: Final = 20
_KEY: Final = "any key"


@attrs.frozen
class Setup:
    """What one run is about: all *kinds* of jobs, or some; *speed* divides all seconds, for runs in real time."""

    seed: int
    jobs: int
    rate: float
    sockets: bool = False
    without: str | None = None
    kinds: tuple[str, ...] = KINDS

    @property
    def speed(self) -> float:
        return 4.0 if self.sockets else 1.0

    def settings(self) -> Settings:
        """Return the clients' settings: in virtual time the default ones."""
        if not self.sockets:
            return Settings()
        return Settings(request_timeout=4.0, cleanup_timeout=6.0, retry_budget=20.0, unreachable_after=30.0)


class Clients:
    """A client of each service, and what they leave behind when they close."""

    def __init__(self, sandbox: Sandbox, setup: Setup) -> None:
        self._sessions: list[aiohttp.ClientSession | None] = [
            None if setup.sockets else sandbox.session() for _ in range(2)
        ]
        settings = setup.settings()
        self.closing = asyncio.Event()
        self.exa = Exa(_KEY, base_url=sandbox.url, settings=settings, session=self._sessions[0])
        self.watercrawl = WaterCrawl(_KEY, base_url=sandbox.url, settings=settings, session=self._sessions[1])

    async def close(self, book: Book, bound: float) -> None:
        self.closing.set()
        try:
            async with asyncio.timeout(bound):
                await asyncio.gather(self.exa.aclose(), self.watercrawl.aclose())
        except TimeoutError:
            book.blame("hung", "aclose")
        for client in (self.exa, self.watercrawl):
            book.adopted += len(client.adopted)
            book.named.update(str(job.ref) for job in client.adopted)
            for error in client.uncertain:
                book.unknown(error)
        for session in self._sessions:
            if session is not None:
                if left := len(session.connector._acquired):  # type: ignore[union-attr]  # noqa: SLF001
                    book.blame("connections", f"{left} connections are in use after aclose")
                await session.close()


async def plans(
    setup: Setup, sandbox: Sandbox, book: Book, steady: Clients, hasty: Clients, rng: random.Random
) -> AsyncGenerator[Plan]:
    """Make up what is done with so many jobs, give each of them a life, and yield one plan after the other."""
    both = set(KINDS[:2]) <= set(setup.kinds)
    runs = _RUN in setup.kinds
    shares = (
        *((USES, 0.55), (OWNED, 0.25), (MANY, 0.08), (GROUPS, 0.06)),
        *((WEBSETS, 0.06 if both else 0.0), (STREAMS, 0.08 if runs else 0.0)),
    )
    count = 0
    webset = ""
    while count < setup.jobs:
        if count // _JOBS_OF_A_WEBSET >= len(book.websets):
            book.websets.append((await steady.exa.websets.create()).id)
        table = rng.choices([table for table, _ in shares], [share for _, share in shares])[0]
        use = rng.choices(list(table), [weight for _, weight in table.values()])[0]
        webset = book.websets[-1]
        size = {id(MANY): rng.randint(3, 10), id(GROUPS): rng.randint(2, 6), id(WEBSETS): 2}.get(id(table), 1)
        # Some creates are alike to the letter: nothing but the library can tell them apart.
        twins = table in (MANY, GROUPS) and rng.random() < 0.3
        kinds = (
            KINDS[:2]
            if table is WEBSETS
            else (_RUN,)
            if table is STREAMS
            else rng.choices(setup.kinds, k=1) * size
            if twins
            else rng.choices(setup.kinds, k=size)
        )
        intents = [Intent(f"job-{count + (0 if twins else index):06d}", kind, use) for index, kind in enumerate(kinds)]
        count += size
        for intent in intents:
            book.intents.setdefault(intent.text, []).append(intent)
            life = _life(intent, rng).faster(setup.speed)
            sandbox.script(intent.kind, life, when=lambda body, text=intent.text: text_of(body) == text)  # type: ignore[misc]
        clients = hasty if rng.random() < 0.15 else steady
        plan = Plan(use, intents, random.Random(f"{setup.seed} {count}"), book, clients.exa, clients.watercrawl, webset)
        plan.speed, plan.closing, plan.program = setup.speed, clients.closing, table[use][0]
        yield plan


def _life(intent: Intent, rng: random.Random) -> Life:
    """Draw a life: those that are to be cancelled may be long, or end in just that moment."""
    kind, cancelled = intent.kind, any(word in intent.use for word in ("cancel", "block", "later", "mishap", "scope"))
    dice = rng.random()
    if kind.startswith("watercrawl.") and dice < 0.5:
        return _race(rng)
    ends = rng.choice(("completed", "canceled")) if kind.startswith("exa.") else rng.choice(("finished", "failed"))
    if cancelled and "to the end" not in intent.use and dice < 0.8:
        return Life.ordinary(kind, waits=rng.choice((0.0, 0.5, 3.0)), works=3600.0)
    return Life.ordinary(kind, waits=rng.uniform(0.0, 1.0), works=rng.uniform(0.1, 8.0), ends=rng.choice((None, ends)))


def _race(rng: random.Random) -> Life:
    """Draw a life in which WaterCrawl's end and a cancel meet, slower than measured, as under load."""
    ends = rng.uniform(2.0, 8.0)
    flips = rng.choice((rng.uniform(0.001, 0.03), rng.uniform(0.25, 0.45)))
    running = ((0.0, "running"), (ends, rng.choice(("finished", "failed"))))
    return attrs.evolve(
        rng.choice(
            (
                races.finishes_after_cancel(flips),
                races.fails_after_cancel(flips),
                races.finishes_before_cancel(rng.uniform(0.001, 0.1)),
                races.shows_canceling(rng.choice((0.004, 0.07, 2.0))),
                races.cancels_twice(rng.uniform(0.001, 0.02)),
                races.keeps_its_result(),
            )
        ),
        before=running,
    )
