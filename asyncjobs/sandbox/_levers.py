"""How a test interferes with a sandbox: lives, faults, ends, runs and events that nobody asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from ._courier import Courier, Deliveries, Post
    from ._door import Door
    from ._faults import Fault, FaultBook
    from ._lives import Life
    from ._websets import Websets
    from ._world import World


class Levers:
    """The half of a sandbox that interferes."""

    _book: FaultBook
    _websets: Websets
    _courier: Courier

    def __init__(self) -> None:
        self._door: Door | None = None
        self._world: World | None = None

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
            ValueError: No such kind; the ledger names them. The life of an ``exa.import`` begins with its upload.
        """
        self._open.script(kind, life, times, when)

    def fault(self, *faults: Fault) -> None:
        """Put rules in force; the oldest that strikes a request is the only one."""
        self._open  # noqa: B018  (an unopened sandbox raises)
        for fault in faults:
            self._book.add(fault)

    def clear_faults(self) -> None:
        """Let everything go well again."""
        self._open  # noqa: B018
        self._book.clear()

    def refuse(self, seconds: float) -> None:
        """Refuse new connections for so many seconds of the running loop; those that are open may go on."""
        self._entrance.refuse(seconds)

    def restart(self, seconds: float = 1.0) -> None:
        """Break off all connections and refuse new ones for so many seconds; every job is kept.

        What was asked before and is not answered yet takes effect nevertheless, as in a server that drains.
        """
        self._entrance.refuse(seconds)
        self._entrance.throw_out()

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

    def run_monitor(self, monitor: str) -> str:
        """Run a monitor now, by its id, whatever its schedule says; return the ref of the run.

        Raises:
            KeyError: There is no such monitor.
        """
        self._open  # noqa: B018
        return self._websets.monitors.run(monitor).ref

    def announce(self, kind: str, data: dict[str, Any]) -> str:
        """Let an event happen that the sandbox has no cause for, of any type; return its id."""
        world = self._open
        world.chronicle.tell(kind, data, world.now())
        return str(world.chronicle.told[-1].body["id"])

    def deliver(self, how: Deliveries | None = None, *, post: Post | None = None) -> None:
        """
        Say how events reach the webhooks from now on; ``None`` is without trouble.

        *post* takes each delivery instead of the network: ``async def post(url, body, headers) -> status``.
        """
        self._open  # noqa: B018
        self._courier.deliver(how, post)

    @property
    def _entrance(self) -> Door:
        if self._door is None:
            raise RuntimeError("the sandbox is not open")
        return self._door

    @property
    def _open(self) -> World:
        if self._world is None:
            raise RuntimeError("the sandbox is not open")
        return self._world
