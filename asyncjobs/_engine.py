"""What belongs to one client and to one event loop: the cores, the tasks, the owned jobs, and their orderly end."""

from __future__ import annotations

import asyncio
import logging
import warnings
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakValueDictionary

from asyncjobs._admission import Admission
from asyncjobs._caller import Caller
from asyncjobs._cancel import OUTCOMES
from asyncjobs._canceling import Canceling
from asyncjobs._core import Core, Services
from asyncjobs._finding import Listings
from asyncjobs._kinds import Limit
from asyncjobs._lanes import Lanes
from asyncjobs._ownership import outlast
from asyncjobs._tasks import Tasks
from asyncjobs._tracing import Claims
from asyncjobs._watcher import Watcher
from asyncjobs.errors import AsyncJobsError, ClientClosed, InvalidArgument, NotSupported, WrongLoop

if TYPE_CHECKING:
    from collections.abc import Iterable

    from asyncjobs._creating import Create
    from asyncjobs._kinds import JobKind, Provider
    from asyncjobs._models import CancelOutcome
    from asyncjobs._refs import JobRef
    from asyncjobs._settings import Settings
    from asyncjobs._transport import Transport

R = TypeVar("R")
T = TypeVar("T")

_log = logging.getLogger("asyncjobs")


def limits_for(provider: Provider, settings: Settings, *, at_home: bool) -> tuple[Limit, ...]:
    """
    Return the rates to keep: the settings' own, else the provider's at its own address, else none.

    Raises:
        InvalidArgument: The settings name a limit that the provider does not have.
    """
    if settings.rates is None:
        return provider.limits if at_home else ()
    known = [limit.name for limit in provider.limits]
    for name in settings.rates:
        if name not in known:
            has = ", ".join(known) or "none"
            raise InvalidArgument("settings", f"rates: {provider.name} has no limit called {name!r}; it has {has}")
    limits: list[Limit] = []
    for name, rate in settings.rates.items():
        if rate != float("inf"):
            count = max(int(rate), 1)
            limits.append(Limit(name, count, count / rate))
    return tuple(limits)


class Engine:
    """The machinery of one client."""

    def __init__(self, provider: Provider, settings: Settings, transport: Transport, limits: Iterable[Limit]) -> None:
        self.provider: Provider = provider
        self.settings: Settings = settings
        self._transport = transport
        slots = min(settings.connections, provider.in_flight or settings.connections)
        self._lanes = Lanes(Admission(limits, slots))
        self.caller: Caller = Caller(transport, self._lanes, settings)
        self.tasks: Tasks = Tasks()
        self._watcher = Watcher(settings.connections, self.tasks)
        self._services = Services(self.caller, self._watcher, settings, provider.refusals, self.tasks)
        self._cores: WeakValueDictionary[JobRef, Core[Any]] = WeakValueDictionary()
        self._creates: set[Create[Any]] = set()
        self.listings: Listings = Listings(self.caller, self.tasks, provider.refusals)
        self.claims: Claims = Claims()
        #: How many blocks own the job of a core.
        self._owners: dict[Core[Any], int] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closing: asyncio.Task[None] | None = None
        self.closed: bool = False

    def __del__(self) -> None:
        if getattr(self, "_loop", None) is not None and not self.closed:
            owned = ", ".join(sorted(str(core.record.ref) for core in self._owners))
            left = f"; these jobs it owned may still be running: {owned}" if owned else ""
            warnings.warn(
                f"a client of {self.provider.name} was not closed{left}", ResourceWarning, stacklevel=1, source=self
            )

    def enter(self) -> None:
        """
        Begin a user's operation.

        Raises:
            ClientClosed: The client was closed.
            WrongLoop: It belongs to another event loop, the one on which it was first used.
        """
        loop = asyncio.get_running_loop()
        if self._loop is None:
            self._loop = loop
        elif self._loop is not loop:
            raise WrongLoop(f"this client belongs to {self._loop!r} and was used on {loop!r}")
        self.check_open()

    def check_open(self) -> None:
        """
        Check that the client was not closed.

        Raises:
            ClientClosed: It was.
        """
        if self.closed:
            raise ClientClosed(f"this client of {self.provider.name} was closed")

    def core(self, kind: JobKind[R], ref: JobRef) -> Core[R]:
        """Return the core of the job, the same one as long as somebody holds it."""
        core = self._cores.get(ref)
        if core is None:
            core = self._cores[ref] = Core(kind, ref, self._services)
        return core

    # -- creating -----------------------------------------------------------

    async def create(self, create: Create[T]) -> T:
        """Run *create* to its end, here or without its caller."""
        self.enter()
        task = create.start(self.tasks.start(create.run(), f"create {create.what}"))
        self._creates.add(create)
        task.add_done_callback(lambda _: self._creates.discard(create))
        try:
            await asyncio.wait((task,))
        except asyncio.CancelledError:
            create.close()
            orphan = self.tasks.start_cleanup(create.abandon(), f"abandoned create {create.what}")
            if create.owned:
                await outlast((orphan,), cancelled=True)
            raise
        if task.cancelled():
            raise ClientClosed("the client was closed before the create was sent")
        return task.result()

    def claim(self, ref: JobRef) -> None:
        """Take in that a create of ours has made this job for certain."""
        self.claims.add(ref, asyncio.get_running_loop().time())

    # -- cancelling and owning ----------------------------------------------

    async def cancel(self, core: Core[Any], *, confirm: bool, timeout: float | None, outer: bool) -> CancelOutcome:
        """Cancel the job of *core*, or join the cancel that is under way; see ``Job.cancel``."""
        if core.record.final:
            return OUTCOMES[core.record.state]
        return await self.canceling(core).join(confirm=confirm, timeout=timeout, outer=outer)

    def canceling(self, core: Core[Any]) -> Canceling:
        """
        Return the cancel of the job that is under way, a new one if there is none.

        Raises:
            NotSupported: This kind of job cannot be cancelled.
        """
        if core.record.kind.cancel is None:
            raise NotSupported("cancel", core.record.kind.name, ref=core.record.ref)
        if core.canceling is None or not core.canceling.active:
            core.canceling = Canceling(core)
        return core.canceling

    def own(self, core: Core[Any]) -> None:
        """Count one more block that owns the job."""
        self._owners[core] = self._owners.get(core, 0) + 1
        if self.closed and not core.record.final:
            # Its create was on the wire when the client began to close.
            self.clean_up(core)

    def disown(self, core: Core[Any]) -> None:
        """Count one fewer."""
        left = self._owners.get(core, 0) - 1
        if left > 0:
            self._owners[core] = left
        else:
            self._owners.pop(core, None)

    def clean_up(self, core: Core[Any]) -> asyncio.Task[CancelOutcome]:
        """Start cancelling an owned job whose block is being left."""
        return self.tasks.start_cleanup(self._clean_up(core), f"clean up {core.record.ref}")

    async def _clean_up(self, core: Core[Any]) -> CancelOutcome:
        try:
            return await self.cancel(core, confirm=True, timeout=self.settings.cleanup_timeout, outer=False)
        except asyncio.CancelledError:
            _log.error("%s is owned and its cancelling was broken off, it may still be running", core.record.ref)
            raise
        except AsyncJobsError as error:
            _log.error("%s is owned and could not be cancelled, it may still be running: %s", core.record.ref, error)
            raise

    # -- the end ------------------------------------------------------------

    async def aclose(self) -> None:
        """Close in order; see ``Client.aclose``."""
        if self._loop is None:
            self.closed = True
            return
        if self._loop.is_closed():
            # Its tasks and connections ended with it; there is nothing left to wait for.
            self.closed = True
            return
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            raise WrongLoop(f"this client belongs to {self._loop!r}; close it there, not on {loop!r}")
        if self._closing is None:
            self.closed = True
            self._begin_to_close()
            self._closing = self._loop.create_task(self._close(), name="asyncjobs: close")
        await outlast((self._closing,), cancelled=False)

    def _begin_to_close(self) -> None:
        """End what users wait for and start to cancel what they own: who leaves a block from now on counts on it."""
        for core in list(self._cores.values()):
            core.close()
        self.tasks.end_errands()
        for core in self._owners:
            if not core.record.final:
                self.clean_up(core)

    async def _finish_creates(self) -> None:
        """Withdraw the creates that queue, and give those on the wire some time: their jobs may exist already."""
        for create in self._creates:
            create.close()
        if not self._creates:
            return
        await asyncio.wait({create.task for create in self._creates}, timeout=self.settings.cleanup_timeout)
        for create in self._creates:
            create.cut_off()
        if self._creates:
            await asyncio.wait({create.task for create in self._creates})

    async def _close(self) -> None:
        await self._finish_creates()
        await self.tasks.finish_cleanups()
        await self._watcher.aclose()
        await self.tasks.aclose()
        self._lanes.close()
        await self._transport.aclose()
