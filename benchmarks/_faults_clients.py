"""The setup of one run of a campaign, and its clients: some look, some are told by webhooks, some read events."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING, Final

import attrs

from asyncjobs import Exa, Settings, WaterCrawl
from benchmarks._faults_truth import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterable

    import aiohttp

    from asyncjobs.sandbox import Sandbox
    from benchmarks._faults_book import Book

_KEY: Final = "any key"
WEBHOOKS: Final = "webhooks"
EVENTS: Final = "events"
#: Where news of jobs comes from, and the share of programs whose clients have it from there.
SOURCES: Final = {"looks": 0.3, WEBHOOKS: 0.4, EVENTS: 0.3}
_UNTOLD: Final = {"exa.enrichment", "exa.import", "exa.monitor_run"}


@attrs.frozen
class Setup:
    """What one run is about: all *kinds* and *sources*, or some; *speed* divides all seconds, for runs in real time."""

    seed: int
    jobs: int
    rate: float
    sockets: bool = False
    without: str | None = None
    kinds: tuple[str, ...] = KINDS
    sources: tuple[str, ...] = tuple(SOURCES)

    @property
    def speed(self) -> float:
        return 4.0 if self.sockets else 1.0

    def settings(self, source: str = "looks") -> Settings:
        """Return the clients' settings: in virtual time the default ones, but for the source of their news."""
        # One webset or two: so that there are nearly always enough of them.
        feed_from = random.Random(f"{self.seed} feed").choice((1, 1, 2)) if source == EVENTS else None
        if not self.sockets:
            return Settings(feed_from=feed_from)
        return Settings(
            feed_from=feed_from,
            request_timeout=4.0,
            cleanup_timeout=6.0,
            retry_budget=20.0,
            unreachable_after=30.0,
            backstop=15.0,
        )


class Clients:
    """A client of each service, and what they leave behind when they close."""

    def __init__(self, sandbox: Sandbox, setup: Setup, source: str = "looks") -> None:
        self._sessions: list[aiohttp.ClientSession | None] = [
            None if setup.sockets else sandbox.session() for _ in range(2)
        ]
        settings = setup.settings(source)
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


class Fleet:
    """For each source of news clients that live to the end, and others that are closed in the middle of things."""

    def __init__(self, sandbox: Sandbox, setup: Setup) -> None:
        self.sources = setup.sources
        self.steady = {source: Clients(sandbox, setup, source) for source in setup.sources}
        self.hasty = {source: Clients(sandbox, setup, source) for source in setup.sources}

    def draw(self, kinds: Iterable[str], rng: random.Random) -> Clients:
        """Return the clients of one program, which makes jobs of these *kinds*."""
        # Who waits for many of which events tell nothing reads none.
        shares = SOURCES | ({EVENTS: 0.02} if _UNTOLD & set(kinds) else {})
        source = rng.choices(self.sources, [shares[each] for each in self.sources])[0]
        return (self.hasty if rng.random() < 0.15 else self.steady)[source]
