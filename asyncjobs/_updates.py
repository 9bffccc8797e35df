"""Following a job from change to change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

from asyncjobs._news import news

if TYPE_CHECKING:
    from asyncjobs._core import Core
    from asyncjobs._engine import Engine
    from asyncjobs._models import Snapshot

R_co = TypeVar("R_co", covariant=True)


class Updates(Generic[R_co]):
    """
    The changes of a job: ``async for snapshot in job``.

    Gives what is known now, then each change of state, status, progress or reason, the last one being the end. A
    slow reader gets the latest. It never ends without the end: what would end a wait is raised.
    Leaving the loop only stops looking.
    """

    __slots__ = ("_core", "_ended", "_engine", "_known")

    def __init__(self, engine: Engine, core: Core[R_co]) -> None:
        self._engine = engine
        self._core = core
        self._known: tuple[Any, ...] | None = None
        self._ended = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Snapshot[R_co]:
        if self._ended:
            raise StopAsyncIteration
        if not self._core.record.final:
            self._engine.enter()
        snapshot = await self._core.wait_for_news(self._known)
        self._known = news(snapshot)
        self._ended = self._core.record.final
        return snapshot
