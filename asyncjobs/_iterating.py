"""What iterators over the events of a job have in common, whatever they read: one reader, one end, looks in between."""

from __future__ import annotations

import asyncio
import warnings
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Self, TypeVar

from asyncjobs._job import Job, parts_of
from asyncjobs._verbs import look_once

if TYPE_CHECKING:
    from types import TracebackType

    from asyncjobs._record import Record
    from asyncjobs._streaming import EventReader

R_co = TypeVar("R_co", covariant=True)
E_co = TypeVar("E_co", covariant=True)


class EventIterator(ABC, Generic[R_co, E_co]):
    """An async iterator over the events of a job."""

    #: The complaint about one that was dropped while it was open.
    _left_open: ClassVar[str] = "the events of {} were neither read to their end nor closed"

    def __init__(self, job: Job[R_co], reader: EventReader | None = None) -> None:
        self._job = job
        self._engine, self._core = parts_of(job)
        self._reader: EventReader | None = reader
        self._busy = False
        self._closed = False

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._job.ref}>"

    def __del__(self) -> None:
        reader: EventReader | None = getattr(self, "_reader", None)
        if reader is not None and not reader.stream.over:
            reader.close()
            warnings.warn(self._left_open.format(self._job.ref), ResourceWarning, stacklevel=1, source=self)

    @property
    def job(self) -> Job[R_co]:
        """The job that the events are about."""
        return self._job

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> E_co:
        if self._busy:
            raise RuntimeError("these events are being read by another task")
        self._busy = True
        try:
            while not self._closed:
                event = await self._advance()
                if event is not None:
                    return event
        finally:
            self._busy = False
        raise StopAsyncIteration

    @abstractmethod
    async def _advance(self) -> E_co | None:
        """Take one step; return the new event that it brought, if it did."""

    async def _look_since(self) -> None:
        """Wait until the job was looked at once more, at its pace, or has ended."""
        since = asyncio.get_running_loop().time()

        def looked(record: Record[Any], began: float) -> bool:
            return record.final or began >= since

        await self._core.wait_for(looked)

    async def _look_once(self) -> None:
        """Look at the job now; a failure that would end no wait is none."""
        await look_once(self._core)

    # -- the end -------------------------------------------------------------

    def _drop(self) -> None:
        reader, self._reader = self._reader, None
        if reader is not None:
            reader.close()

    def _close(self) -> None:
        self._closed = True
        self._drop()

    async def aclose(self) -> None:
        """Close the connection; the job goes on. Closing twice is harmless."""
        self._close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._close()
