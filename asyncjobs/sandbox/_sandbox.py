"""The sandbox that users hold: it opens, it closes, and it lets a test interfere."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING, Any, Self

import aiohttp
from aiohttp import web

from ._agent import Agent
from ._courier import Courier
from ._dispatch import Dispatcher
from ._door import Door
from ._exa import Meter
from ._faults import FaultBook
from ._imports import Storage
from ._levers import Levers
from ._watercrawl import WaterCrawl
from ._websets import Websets
from ._world import Limits, World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ._http import Service
    from ._ledger import Ledger

# Seconds that requests under way get when the sandbox closes.
_GRACE = 1.0


class Sandbox(Levers):
    """A local server that behaves like Exa Websets, Exa agent runs and WaterCrawl, all on one origin.

    An async context manager. With *sockets* it listens on *host* and *port* (0: a free one), by default for this
    machine only, since it answers whoever reaches it; without, nothing is opened and :meth:`session` talks to it
    within the process. *clock* gives seconds and defaults to the running loop's time, so that on a virtual loop the
    service lives in virtual time, too. *seed* fixes ids and the lengths of lives; *speed*
    2.0 makes unscripted jobs live twice as fast; *latency* in seconds is added to every reply. *skew* is for how many
    seconds the time of day in replies is ahead of this machine's.

    *api_keys* are the valid keys; ``None`` takes any. *strict_beta* demands the ``Exa-Beta`` header of agent requests.
    *agent_slots* and *watercrawl_slots* bound how many jobs may be active, *rate* how many Exa requests per second are
    answered (``None``: no bound). *cancel_ended* is the status that answers the cancel of a search or an enrichment
    that has ended: 200 shows it unchanged; the real one is not documented.

    Raises:
        ValueError: *host* is empty, or *speed* no positive number.
    """

    def __init__(
        self,
        *,
        seed: int = 0,
        speed: float = 1.0,
        sockets: bool = True,
        host: str = "127.0.0.1",
        port: int = 0,
        clock: Callable[[], float] | None = None,
        latency: float = 0.0,
        skew: float = 0.0,
        api_keys: Iterable[str] | None = None,
        strict_beta: bool = False,
        agent_slots: int | None = None,
        watercrawl_slots: int | None = None,
        rate: float | None = None,
        cancel_ended: int = 200,
    ) -> None:
        if sockets and not host:
            # asyncio would listen on every address of the machine.
            raise ValueError("host: expected an address to listen on; '0.0.0.0' and '::' are all of them")
        if not 0 < speed < math.inf:
            raise ValueError(f"speed: expected a positive, finite number, got {speed}")
        self._options = (seed, speed, clock, latency, skew)
        self._address = (host, port) if sockets else None
        keys = None if api_keys is None else frozenset(api_keys)
        super().__init__()
        self._limits = Limits(keys, strict_beta, agent_slots, watercrawl_slots, rate, cancel_ended)
        self._sessions: list[aiohttp.ClientSession] = []
        self._server: web.Server | None = None

    async def __aenter__(self) -> Self:
        if self._server is not None:
            raise RuntimeError("a sandbox opens once")
        loop = asyncio.get_running_loop()
        seed, speed, clock, latency, skew = self._options
        self._world = world = World(clock=clock or loop.time, skew=skew, seed=seed, speed=speed, limits=self._limits)
        self._book = FaultBook(seed, loop.time)
        meter = Meter(world)
        watercrawl = WaterCrawl(world)
        self._websets = websets = Websets(world, meter)
        services: dict[str, Service] = {
            "websets": websets,
            "storage": Storage(world, websets.imports),
            "agent": Agent(world, meter),
            "api": watercrawl,
            "media": watercrawl,
        }
        self._courier = Courier(world, websets, paced=clock is None)
        self._dispatcher = Dispatcher(world, services, self._book, latency, self.restart)
        self._server = web.Server(self._dispatcher, access_log=None)
        door = Door(self._server, self._address)
        await door.open()
        self._door = door
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self._door is not None:
            # First, since a client that loses its connection to us may try once more.
            self._door.shut()
        await self._courier.aclose()
        for session in self._sessions:
            await session.close()
        self._open.close()
        self._dispatcher.closing.set()
        await _turns()
        tasks = [task for task in self._dispatcher.tasks if not task.done()]
        if self._server is not None:
            await self._server.shutdown(_GRACE)
        if tasks:
            await asyncio.wait(tasks, timeout=_GRACE)
        if self._door is not None:
            await self._door.wait_shut()
        await _turns()
        if kind is None and self._dispatcher.errors:
            raise self._dispatcher.errors[0]

    # Reaching it.

    @property
    def url(self) -> str:
        """The base URL of both services, without a slash at the end."""
        return self._entrance.url

    def connector(self, *, limit: int = 100) -> aiohttp.BaseConnector:
        """Return a new connector of at most *limit* connections that leads to this sandbox; the caller closes it."""
        return self._entrance.connector(limit)

    def session(self, *, limit: int = 100, **options: Any) -> aiohttp.ClientSession:
        """Return a new client session of at most *limit* connections that leads to this sandbox.

        *options* are those of :class:`aiohttp.ClientSession`. The sandbox closes it at its own end at the latest.
        """
        session = aiohttp.ClientSession(connector=self.connector(limit=limit), **options)
        self._sessions.append(session)
        return session

    @property
    def connections(self) -> int:
        """How many connections are open now, idle ones included."""
        return 0 if self._server is None else len(self._server.connections)

    @property
    def refused(self) -> int:
        """How many connections were refused; counted only without sockets, since no server hears of it."""
        return self._entrance.refused

    # Knowing what happened.

    @property
    def ledger(self) -> Ledger:
        """What was asked for and created."""
        return self._open.ledger

    def status(self, ref: str) -> str:
        """Return the service's present word for a job, by its ref as text: ``exa.search:<webset>/<search>``.

        Raises:
            KeyError: No such job was ever created.
        """
        world = self._open
        return world.by_ref(ref).word(world.now())


async def _turns() -> None:
    # Transports take some turns of the loop to begin and to end.
    for _ in range(4):
        await asyncio.sleep(0)
