"""What belongs to one client and to one event loop: the cores, the tasks, the owned jobs, and their orderly end."""

from __future__ import annotations

import asyncio
import logging
import warnings
import weakref
from typing import TYPE_CHECKING, Any, TypeVar

from asyncjobs._admission import Admission
from asyncjobs._caller import Caller
from asyncjobs._cancel import OUTCOMES
from asyncjobs._canceling import Canceling
from asyncjobs._core import Core
from asyncjobs._creates import Creates
from asyncjobs._creating import Create
from asyncjobs._feeding import feeder_for
from asyncjobs._finding import Listings
from asyncjobs._lanes import Lanes
from asyncjobs._outage import Outage
from asyncjobs._owners import Owners, describe_left
from asyncjobs._ownership import outlast, report_left
from asyncjobs._pushes import Pushes
from asyncjobs._services import Services
from asyncjobs._streams import Streams
from asyncjobs._surveying import Surveyor
from asyncjobs._tasks import Tasks
from asyncjobs._tracing import Claims
from asyncjobs._uploads import Uploads
from asyncjobs._watcher import Watcher
from asyncjobs.errors import ClientClosed, NotSupported, WrongLoop

if TYPE_CHECKING:
    from collections.abc import Iterable

    from asyncjobs._job import Job
    from asyncjobs._kinds import JobKind, Limit, Provider
    from asyncjobs._models import CancelOutcome
    from asyncjobs._plans import Plan
    from asyncjobs._refs import JobRef
    from asyncjobs._settings import Settings
    from asyncjobs._uploads import Outgoing
    from asyncjobs.errors import CreateUncertain

R = TypeVar("R")
T = TypeVar("T")

_log = logging.getLogger("asyncjobs")


class Engine:
    """The machinery of one client."""

    def __init__(self, provider: Provider, settings: Settings, transport: Outgoing, limits: Iterable[Limit]) -> None:
        self.provider: Provider = provider
        self.settings: Settings = settings
        self._transport = transport
        # A finalizer of our own might run after those of the session, which complain.
        weakref.finalize(self, transport.abandon)
        self._lanes = Lanes(Admission(limits, min(settings.connections, provider.in_flight or settings.connections)))
        outage = Outage(provider.name)
        self.caller: Caller = Caller(transport, self._lanes, outage, settings)
        self.tasks: Tasks = Tasks()
        self.streams: Streams = Streams(transport, self.caller, self.tasks, settings)
        self.uploads: Uploads = Uploads(transport, self.tasks, settings)
        self._cores: weakref.WeakValueDictionary[JobRef, Core[Any]] = weakref.WeakValueDictionary()
        surveyor = Surveyor(self.caller, provider, self._cores.get)
        self._watcher = Watcher(settings.connections, self.tasks, outage, surveyor)
        self._services = Services(self.caller, self._watcher, settings, provider.refusals, self.tasks)
        self.pushes: Pushes = Pushes(provider.kinds, self._cores, self._watcher, self._services.trust)
        self._watcher.feeder = feeder_for(provider, settings, self.caller, self.tasks, self.pushes)
        self._creates = Creates(self.tasks, settings.cleanup_timeout)
        self.listings: Listings = Listings(self.caller, self.tasks, provider.refusals)
        self.claims: Claims = Claims()
        self._owners = Owners(self.tasks, self._cancel_owned)
        #: Jobs whose caller was gone when they came, and creates whose outcome its caller was not there to hear.
        self.adopted: list[Job[Any]] = []
        self.uncertain: list[CreateUncertain] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closing: asyncio.Task[None] | None = None
        self.closed: bool = False

    def __del__(self) -> None:
        if getattr(self, "_loop", None) is None or self.closed:
            return
        message = f"a client of {self.provider.name} was not closed{self._left()}"
        if self._left():  # Python hides the warning unless it is asked for, and this costs money.
            _log.error("%s", message)
        warnings.warn(message, ResourceWarning, stacklevel=1, source=self)

    def _left(self) -> str:
        unheard = [error.kind for error in self.uncertain]
        return describe_left(self._owners.live, [*self._creates.begun, *unheard], self.adopted)

    def enter(self) -> None:
        """
        Begin a user's operation.

        Raises:
            ClientClosed: The client was closed.
            WrongLoop: It belongs to another event loop, the one on which it was first used.
        """
        self.check_loop()
        self.check_open()

    def check_loop(self) -> None:
        """
        Check that the client's event loop runs here; the first one on which it is used becomes its own.

        Raises:
            WrongLoop: Another one runs, or none: its own has ended.
        """
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            raise WrongLoop(f"this client belongs to {self._loop!r} and was used where no event loop runs") from None
        if self._loop is None:
            self._loop = loop
        elif self._loop is not loop:
            raise WrongLoop(f"this client belongs to {self._loop!r} and was used on {loop!r}")

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
            self.pushes.made(core)
        return core

    # -- creating -----------------------------------------------------------

    async def create(self, plan: Plan[T], *, owned: bool, caller: Caller | None = None) -> T:
        """
        Carry out *plan* to its end, here or without its caller, who means to own what it makes or does not.

        It is sent by *caller* (``None``: as ever).
        """
        self.enter()
        return await self._creates.run(Create(caller or self.caller, self.settings, plan, owned=owned))

    def claim(self, ref: JobRef) -> None:
        """Take in that a create of ours has made this job for certain."""
        self.claims.add(ref, asyncio.get_running_loop().time())

    # -- cancelling and owning ----------------------------------------------

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
        self._owners.add(core)
        if self.closed and not core.record.final:
            # Its create was on the wire when the client began to close.
            self.clean_up(core)

    def disown(self, core: Core[Any]) -> None:
        """Count one fewer."""
        self._owners.remove(core)

    def clean_up(self, core: Core[Any], *, again: bool = False) -> asyncio.Task[CancelOutcome]:
        """
        Start cancelling an owned job whose block is being left, *again* if the first attempt was broken off.

        Raises:
            WrongLoop: The client's event loop does not run here, so that nothing can be sent.
        """
        try:
            self.check_loop()
        except WrongLoop as error:
            report_left(core.record.ref, error)
            raise
        return self._owners.clean_up(core, again=again)

    async def _cancel_owned(self, core: Core[Any]) -> CancelOutcome:
        if core.record.final:
            return OUTCOMES[core.record.state]
        return await self.canceling(core).join(confirm=True, timeout=self.settings.cleanup_timeout, outer=False)

    # -- the end ------------------------------------------------------------

    async def aclose(self) -> None:
        """Close in order; see ``Client.aclose``."""
        if self._loop is None:
            self.closed = True
            return
        if self._loop.is_closed():
            # Its tasks and connections ended with it: there is nothing left to wait for, and nothing can be sent.
            if not self.closed and self._left():
                _log.error("a client of %s is closed after its event loop%s", self.provider.name, self._left())
            self.closed = True
            self._transport.abandon()
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
        self.streams.close()
        for core in self._owners.live:
            self.clean_up(core)

    async def _close(self) -> None:
        try:
            await self._creates.finish()
            await self.tasks.finish_cleanups()
        finally:
            # Also when the event loop's end cancels the closing with everything else: this does not take long.
            await self._watcher.aclose()
            await self.tasks.aclose()
            for canceling in [core.canceling for core in self._cores.values() if core.canceling is not None]:
                canceling.give_up()
            self._lanes.close()
            self._services.deadlines.close()
            await self._transport.aclose()
