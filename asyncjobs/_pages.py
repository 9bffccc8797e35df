"""Lists that come page by page, as one async iterator."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, Self, TypeVar

from asyncjobs._bodies import is_encodable
from asyncjobs.errors import ProtocolError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

T = TypeVar("T")


class Pages(Generic[T]):
    """
    The rows of a list: ``async for row in pages``. A page is fetched when its first row is asked for.

    *fetch* takes a cursor (``None`` for the first page) and gives the rows and the next cursor
    (``None`` after the last page). A cursor that comes back is a ``ProtocolError``, not a list without end.
    """

    __slots__ = ("_cursor", "_fetch", "_more", "_rows", "_seen")

    def __init__(self, fetch: Callable[[str | None], Awaitable[tuple[Sequence[T], str | None]]]) -> None:
        self._fetch = fetch
        self._cursor: str | None = None
        self._more = True
        self._rows: list[T] = []
        self._seen: set[str] = set()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> T:
        while not self._rows:
            if not self._more:
                raise StopAsyncIteration
            rows, cursor = await self._fetch(self._cursor)
            if cursor is not None and cursor in self._seen:
                raise ProtocolError("the list repeats a page for ever: its cursor came back")
            if cursor is not None:
                if not is_encodable(cursor):
                    raise ProtocolError("the cursor of the next page has lone surrogates and cannot be sent back")
                self._seen.add(cursor)
            self._cursor, self._more = cursor, cursor is not None
            self._rows = list(reversed(rows))
        return self._rows.pop()
