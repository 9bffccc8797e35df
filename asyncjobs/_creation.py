"""What ``create(…)`` and ``stream(…)`` return: to be awaited for a job that nobody owns, or entered to own it."""

from __future__ import annotations

import warnings
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from asyncjobs._job import Job, own

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from types import TracebackType

    from asyncjobs._events import EventStream

T_co = TypeVar("T_co", covariant=True)
R_co = TypeVar("R_co", covariant=True)
E_co = TypeVar("E_co", covariant=True)


class _Making(Coroutine[Any, Any, T_co], Generic[T_co]):
    """What makes one thing once, told at the start whether that is to be owned."""

    __slots__ = ("_make", "_run")

    def __init__(self, make: Callable[[bool], Coroutine[Any, Any, T_co]]) -> None:
        self._make = make
        self._run: Coroutine[Any, Any, T_co] | None = None

    def __del__(self) -> None:
        if self._run is None:
            warnings.warn(
                "a create was never awaited, so nothing was created", RuntimeWarning, stacklevel=1, source=self
            )

    def _start(self, *, owned: bool) -> Coroutine[Any, Any, T_co]:
        if self._run is None:
            self._run = self._make(owned)
        elif owned:
            raise RuntimeError("this create was awaited already; enter the job that it gave instead")
        return self._run

    def __await__(self) -> Generator[Any, Any, T_co]:
        return self._start(owned=False).__await__()

    def send(self, value: Any) -> Any:
        """Advance as a coroutine; see :class:`collections.abc.Coroutine`."""
        return self._start(owned=False).send(value)

    def throw(self, *args: Any) -> Any:
        """Raise inside as a coroutine; see :class:`collections.abc.Coroutine`."""
        return self._start(owned=False).throw(*args)

    def close(self) -> None:
        """End as a coroutine; see :class:`collections.abc.Coroutine`."""
        self._start(owned=False).close()


class Creation(_Making["Job[R_co]"], Generic[R_co]):
    """
    A job to be created.

    ``job = await create(…)`` hands over a job that nobody owns. ``async with create(…) as job``
    owns it from the first byte: whatever interrupts the block or the create itself, the job is cancelled.
    It is a coroutine, so that :func:`asyncio.gather` and :func:`asyncio.create_task` take it; it can be used once.
    """

    __slots__ = ("_job",)

    def __init__(self, make: Callable[[bool], Coroutine[Any, Any, Job[R_co]]]) -> None:
        super().__init__(make)
        self._job: Job[R_co] | None = None

    async def __aenter__(self) -> Job[R_co]:
        self._job = await self._start(owned=True)
        # Nothing can interrupt between the two: the job is never without an owner.
        own(self._job)
        return self._job

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._job is not None:
            await self._job.__aexit__(exc_type, exc, traceback)


class StreamedCreation(_Making["EventStream[R_co, E_co]"], Generic[R_co, E_co]):
    """
    A job to be created together with its events.

    ``async with stream(…) as events`` owns the job from the first byte, as entering a :class:`Creation` does: when the
    block is left, the stream is closed, and the job is cancelled unless it has ended (``events.job.detach()`` gives
    that up). ``events = await stream(…)`` hands over the events of a job that nobody owns. It can be used once.
    """

    __slots__ = ("_events",)

    def __init__(self, make: Callable[[bool], Coroutine[Any, Any, EventStream[R_co, E_co]]]) -> None:
        super().__init__(make)
        self._events: EventStream[R_co, E_co] | None = None

    async def __aenter__(self) -> EventStream[R_co, E_co]:
        self._events = await self._start(owned=True)
        own(self._events.job)
        return self._events

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._events is not None:
            await self._events.aclose()
            await self._events.job.__aexit__(exc_type, exc, traceback)
