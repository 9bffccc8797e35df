"""What ``create(…)`` returns: to be awaited for an unowned job, or entered for an owned one."""

from __future__ import annotations

import warnings
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from asyncjobs._job import Job, own

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from types import TracebackType

R_co = TypeVar("R_co", covariant=True)


class Creation(Coroutine[Any, Any, "Job[R_co]"], Generic[R_co]):
    """
    A job to be created.

    ``job = await create(…)`` hands over a job that nobody owns. ``async with create(…) as job``
    owns it from the first byte: whatever interrupts the block or the create itself, the job is cancelled.
    It is a coroutine, so that :func:`asyncio.gather` and :func:`asyncio.create_task` take it; it can be used once.
    """

    __slots__ = ("_job", "_make", "_run")

    def __init__(self, make: Callable[[bool], Coroutine[Any, Any, Job[R_co]]]) -> None:
        self._make = make
        self._run: Coroutine[Any, Any, Job[R_co]] | None = None
        self._job: Job[R_co] | None = None

    def __del__(self) -> None:
        if self._run is None:
            warnings.warn(
                "a create was never awaited, so nothing was created", RuntimeWarning, stacklevel=1, source=self
            )

    def _start(self, *, owned: bool) -> Coroutine[Any, Any, Job[R_co]]:
        if self._run is None:
            self._run = self._make(owned)
        elif owned:
            raise RuntimeError("this create was awaited already; enter the job that it gave instead")
        return self._run

    def __await__(self) -> Generator[Any, Any, Job[R_co]]:
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
