"""The sandbox that users hold: it opens, it closes, and it lets a test interfere."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Self

import aiohttp
from aiohttp import web

from ._agent import Agent
from ._dispatch import Dispatcher
from ._exa import Meter
from ._faults import Fault, FaultBook
from ._memory import MemoryConnector
from ._watercrawl import WaterCrawl
from ._websets import Websets
from ._world import Limits, World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ._http import Service
    from ._ledger import Ledger
    from ._lives import Life

_MEMORY_URL = "http://sandbox.test"
# Seconds that requests under way get when the sandbox closes.
_GRACE = 1.0


class Sandbox:
    """A local server that behaves like Exa Websets, Exa agent runs and WaterCrawl searches, all on one origin.

    An async context manager. With *sockets* it listens on *host* and *port* (0: a free one); without, nothing is opened
    and :meth:`session` talks to it within the process. *clock* gives seconds and defaults to the running loop's time,
    so that on a virtual loop the service lives in virtual time, too. *seed* fixes ids and the lengths of lives; *speed*
    2.0 makes unscripted jobs live twice as fast; *latency* in seconds is added to every reply.

    *api_keys* are the valid keys; ``None`` takes any. *strict_beta* demands the ``Exa-Beta`` header of agent requests.
    *agent_slots* and *watercrawl_slots* bound how many jobs may be active, *rate* how many Exa requests per second are
    answered (``None``: no bound). *cancel_ended* is the status that answers the cancel of a search or an enrichment
    that has ended: 200 shows it unchanged; the real one is not documented.
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
        api_keys: Iterable[str] | None = None,
        strict_beta: bool = False,
        agent_slots: int | None = None,
        watercrawl_slots: int | None = None,
        rate: float | None = None,
        cancel_ended: int = 200,
    ) -> None:
        self._options = (seed, speed, clock, latency)
        self._address = (host, port) if sockets else None
        keys = None if api_keys is None else frozenset(api_keys)
        self._limits = Limits(keys, strict_beta, agent_slots, watercrawl_slots, rate, cancel_ended)
        self._sessions: list[aiohttp.ClientSession] = []
        self._listener: asyncio.Server | None = None
        self._server: web.Server | None = None
        self._world: World | None = None
        self._url: str | None = None

    async def __aenter__(self) -> Self:
        if self._server is not None:
            raise RuntimeError("a sandbox opens once")
        loop = asyncio.get_running_loop()
        seed, speed, clock, latency = self._options
        self._world = world = World(clock=clock or loop.time, seed=seed, speed=speed, limits=self._limits)
        self._faults = FaultBook(seed)
        meter = Meter(world)
        watercrawl = WaterCrawl(world)
        services: dict[str, Service] = {
            "websets": Websets(world, meter),
            "agent": Agent(world, meter),
            "api": watercrawl,
            "media": watercrawl,
        }
        self._dispatcher = Dispatcher(world, services, self._faults, latency)
        self._server = web.Server(self._dispatcher, access_log=None)
        if self._address is None:
            self._url = _MEMORY_URL
        else:
            self._listener = await loop.create_server(self._server, *self._address, backlog=1024)
            host, port = self._listener.sockets[0].getsockname()[:2]
            self._url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self._listener is not None:
            # First, since a client that loses its connection to us may try once more.
            self._listener.close()
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
        if self._listener is not None:
            await self._listener.wait_closed()
        await _turns()
        if kind is None and self._dispatcher.errors:
            raise self._dispatcher.errors[0]

    # Reaching it.

    @property
    def url(self) -> str:
        """The base URL of both services, without a slash at the end."""
        if self._url is None:
            raise RuntimeError("the sandbox is not open")
        return self._url

    def connector(self, *, limit: int = 100) -> aiohttp.BaseConnector:
        """Return a new connector of at most *limit* connections that leads to this sandbox; the caller closes it."""
        if self._server is None:
            raise RuntimeError("the sandbox is not open")
        return aiohttp.TCPConnector(limit=limit) if self._address else MemoryConnector(self._server, limit=limit)

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

    # Interfering.

    def script(
        self,
        kind: str,
        life: Life,
        *,
        times: int | None = 1,
        when: Callable[[dict[str, Any]], bool] | None = None,
    ) -> None:
        """Give the next *times* jobs of *kind* this life (``None``: all), or only those whose create body suits *when*.

        Raises:
            ValueError: No such kind; there are ``exa.search``, ``exa.enrichment``, ``exa.agent_run`` and
                ``watercrawl.search``.
        """
        self._open.script(kind, life, times, when)

    def fault(self, *faults: Fault) -> None:
        """Put rules in force; the oldest that strikes a request is the only one."""
        self._open  # noqa: B018  (an unopened sandbox raises)
        for fault in faults:
            self._faults.add(fault)

    def clear_faults(self) -> None:
        """Let everything go well again."""
        self._open  # noqa: B018
        self._faults.clear()

    def end(self, ref: str, status: str = "canceled", *, reason: str | None = None) -> None:
        """End a job from outside, in the service's word *status*, as another user or an empty account would."""
        world = self._open
        world.by_ref(ref).force(world.now(), status, reason)

    def forget(self, ref: str, *, gone: bool = False) -> None:
        """Let the service deny a job from now on: 404, or 410 with *gone*."""
        world = self._open
        world.by_ref(ref).gone = (world.now(), 410 if gone else 404)

    def reopen(self, ref: str, life: Life | None = None) -> None:
        """Begin a new *life* for a job, as new items do for an enrichment; ``None`` is an ordinary one."""
        world = self._open
        job = world.by_ref(ref)
        job.reopen(world.now(), life or world.fresh_life(job.kind))

    @property
    def _open(self) -> World:
        if self._world is None:
            raise RuntimeError("the sandbox is not open")
        return self._world


async def _turns() -> None:
    # Transports take some turns of the loop to begin and to end.
    for _ in range(4):
        await asyncio.sleep(0)
