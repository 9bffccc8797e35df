"""The handle of one remote job: the same verbs on every service."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, NoReturn, Self, TypeVar

from asyncjobs import _verbs
from asyncjobs._cancel import OUTCOMES
from asyncjobs._settings import check_timeout
from asyncjobs._updates import Updates
from asyncjobs.errors import InvalidArgument, NotSupported

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from types import TracebackType

    from asyncjobs._core import Core
    from asyncjobs._engine import Engine
    from asyncjobs._models import CancelOutcome, Progress, Snapshot
    from asyncjobs._refs import JobRef
    from asyncjobs._states import JobState

R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)


def parts_of(job: Job[R], field: str = "job") -> tuple[Engine, Core[R]]:
    """
    Return what a handle is made of, for what handles many of them at once.

    Raises:
        InvalidArgument: *job* is no job; *field* names it.
    """
    if not isinstance(job, Job):  # pyright: ignore[reportUnnecessaryIsInstance] - users' input
        raise InvalidArgument(field, f"expected a Job, got {type(job).__name__}")
    return job._engine, job._core  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - of the same module


def own(job: Job[Any]) -> None:
    """
    Own the job once more through this handle, as entering its block does; give that up with :func:`release`.

    Raises:
        NotSupported: This kind of job cannot be cancelled, so that owning it would be an empty promise.
    """
    engine, core = parts_of(job)
    if core.record.kind.cancel is None:
        raise NotSupported("cancel", job.kind, ref=job.ref)
    job._held += 1  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - of the same module
    engine.own(core)


def release(job: Job[Any]) -> bool:
    """Give up one hold on the job, and return whether there was one: ``detach`` gives up all."""
    if not job._held:  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - of the same module
        return False
    engine, core = parts_of(job)
    job._held -= 1  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - of the same module
    engine.disown(core)
    return True


def on_detach(job: Job[Any], told: Callable[[Job[Any]], object]) -> None:
    """Tell an owner when the job is detached."""
    job._told = (*job._told, told)  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - of the same module


def off_detach(job: Job[Any], told: Callable[[Job[Any]], object]) -> None:
    """Tell that owner no more."""
    job._told = tuple(each for each in job._told if each != told)  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]


class Job(Generic[R_co]):
    """
    A piece of work that runs at a service.

    A handle is cheap and making one sends nothing. Handles for the same job from the same client are
    equal and share one poll, one cancel request and one result. A handle belongs to its
    client's event loop; :attr:`ref` and :attr:`snapshot` are free to travel.

    ``await job`` is :meth:`result`. Dropping a handle or ceasing to wait leaves the job running; to
    make sure that it does not outlive a block, own it: ``async with job: ...`` cancels it when the
    block is left, by whatever route, unless it has ended.
    """

    __slots__ = ("__weakref__", "_core", "_engine", "_held", "_told")

    def __init__(self, engine: Engine, core: Core[R_co]) -> None:
        self._engine = engine
        self._core = core
        #: How many blocks own the job through this handle.
        self._held = 0
        #: Groups that want to hear when it is detached.
        self._told: tuple[Callable[[Job[Any]], object], ...] = ()

    def __repr__(self) -> str:
        return f"<Job {self.ref} {self.state}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Job) and self._core is other._core

    def __hash__(self) -> int:
        return hash(self._core)

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"a Job belongs to its client and cannot be pickled; pickle job.ref ({self.ref}) instead")

    # -- what is known, without asking ---------------------------------------

    @property
    def ref(self) -> JobRef:
        """The name of the job."""
        return self._core.record.ref

    @property
    def id(self) -> str:
        """The service's id of the job, without those of its containers."""
        return self.ref.id

    @property
    def kind(self) -> str:
        """The name of the kind of job, such as ``exa.search``."""
        return self.ref.kind

    @property
    def state(self) -> JobState:
        """The state as last seen; ``UNKNOWN`` before the first look."""
        return self._core.record.state

    @property
    def snapshot(self) -> Snapshot[R_co] | None:
        """All that was last seen; ``None`` before the first look."""
        return self._core.record.snapshot

    @property
    def progress(self) -> Progress | None:
        """How far the job was when last seen; ``None`` before the first look and for kinds that do not tell."""
        snapshot = self.snapshot
        return None if snapshot is None else snapshot.progress

    @property
    def done(self) -> bool:
        """Whether the job was seen to have ended, in any way."""
        return self._core.record.final

    @property
    def requested_by_us(self) -> bool:
        """Whether this client has sent a cancel request for the job."""
        return self._core.record.requested_by_us

    @property
    def contradiction(self) -> Snapshot[R_co] | None:
        """What a look showed after the end that contradicts it; ``None`` if nothing did."""
        return self._core.record.contradiction

    # -- looking and waiting -------------------------------------------------

    async def refresh(self, *, reopen: bool = False) -> Snapshot[R_co]:
        """
        Look at the job and return what is then known.

        Callers at the same time share one look, which begins after their call.

        An end that was seen stays, whatever the look shows (see :attr:`contradiction`). With *reopen*
        a look that shows something else begins a new epoch: the job is what the look showed,
        for those who wait from now on.

        Raises:
            NotFound: The service does not know the job, and nothing was ever seen of it.
            APIError, TransportError, ProtocolError: The look failed, retries included.
            ClientClosed, WrongLoop: This client cannot be used here and now.
        """
        return await _verbs.refresh(self._engine, self._core, reopen=reopen)

    async def wait(self, timeout: float | None = None) -> Snapshot[R_co]:
        """
        Wait until the job has ended and return its last snapshot, however it ended.

        *timeout* is in seconds and bounds requests under way too; ``None`` waits for as long as the service
        answers, ``0`` looks once. Giving up leaves the job running.

        Raises:
            WaitTimeout: The job had not ended in time.
            JobUnreachable: No look succeeded for ``Settings.unreachable_after`` seconds.
            UnknownStatus: The service said an unknown word for ``Settings.unknown_after`` seconds.
            NotFound: The service does not know the job, and nothing was ever seen of it.
            ProtocolError: Three replies in a row made no sense.
            APIError: The service refuses to tell (any 4xx but 408, 410 and 429).
            InvalidArgument: *timeout* is negative or no number.
            ClientClosed, WrongLoop: This client cannot be used here and now.
        """
        return await _verbs.wait(self._engine, self._core, timeout)

    async def result(self, timeout: float | None = None) -> R_co:
        """
        Wait until the job has completed and return what it made. The value is fetched once and kept.

        *timeout* is that of :meth:`wait` and bounds the fetching too; ``0`` looks once, and fetches if the job has
        completed.

        Raises:
            JobFailed: The service gave the job up.
            JobCanceled: The job was cancelled, here or elsewhere.
            JobGone: The service no longer knows the job.
            WaitTimeout, JobUnreachable, APIError, ...: As :meth:`wait`.
        """
        return await _verbs.result(self._engine, self._core, timeout)

    def __await__(self) -> Generator[Any, Any, R_co]:
        return self.result().__await__()

    def __aiter__(self) -> Updates[R_co]:
        return Updates(self._engine, self._core)

    # -- ending --------------------------------------------------------------

    async def cancel(self, *, confirm: bool = True, timeout: float | None = 30.0) -> CancelOutcome:
        """
        Cancel the job; with *confirm*, return only when it was seen to have ended.

        Cancelling twice, from two tasks, or after the end is harmless and gives the same outcome. A service that
        cannot cancel the job yet is asked again when it can, while a caller waits (with
        ``confirm=False``: for 30 s more).

        *timeout* is in seconds and counts from when the request leaves its queue, so that a batch is not
        cut off for queueing; ``None`` has no bound, ``0`` judges the first reply. To bound the queue too, use
        :func:`asyncio.timeout`; giving up withdraws a request that still queues.

        Returns:
            ``CANCELED``, ``ALREADY_DONE`` or ``GONE``; with ``confirm=False`` also ``REQUESTED``.

        Raises:
            CancelUnconfirmed: The job was not seen to end in time; its cause is the last error, if there was one.
            NotSupported: This kind of job cannot be cancelled; nothing was sent.
            APIError, TransportError: The request failed, retries included.
            JobUnreachable, UnknownStatus, NotFound, ProtocolError: Looking for the end failed, as in :meth:`wait`.
            InvalidArgument: *timeout* is negative or no number.
            ClientClosed, WrongLoop: This client cannot be used here and now.
        """
        timeout = check_timeout(timeout)
        if self.done:
            return OUTCOMES[self.state]
        self._engine.enter()
        return await self._engine.canceling(self._core).join(confirm=confirm, timeout=timeout, outer=True)

    async def stop(self) -> Snapshot[R_co]:
        """
        Ask the job to finish early with what it has; return what is then known. Wait for the end with :meth:`wait`.

        A job that has ended is left alone.

        Raises:
            NotSupported: This kind of job cannot be stopped; nothing was sent.
            InvalidRequest: This job cannot (Exa: only runs of effort ``ultra``).
            APIError, TransportError, ProtocolError: The request failed, retries included.
        """
        return await _verbs.stop(self._engine, self._core)

    # -- owning --------------------------------------------------------------

    async def __aenter__(self) -> Self:
        self._engine.enter()
        own(self)
        return self

    @property
    def owned(self) -> bool:
        """Whether a block owns the job through this handle."""
        return self._held > 0

    def detach(self) -> None:
        """Give up this handle's ownership: leaving its block will no longer cancel the job."""
        while release(self):
            pass
        for told in self._told:
            told(self)

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """
        Cancel the job unless it has ended, and wait until that is confirmed, for ``Settings.cleanup_timeout`` seconds.

        They count from when the request is sent: a pause that the service asks for, or a long queue, comes on top.
        Neither a cancel of this task nor an anyio scope cuts the wait short. A second cancel does, and leaves the
        rest to the client: ``async with asyncio.timeout(40), asyncio.timeout(30), job`` ends the block after 30 s
        and the leaving after 40.

        The exception under way always goes on; a failure to cancel is added to it as a note.
        """
        if release(self):
            await _verbs.leave(self._engine, self._core, exc)
