"""Lists that come page by page, as one async iterator."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Generic, Self, TypeVar

from asyncjobs._bodies import is_encodable
from asyncjobs.errors import ProtocolError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

T = TypeVar("T")

#: No service needs a longer one, and it goes into an address.
_LONGEST_CURSOR: Final = 4096
#: So many pages in a row that bring nothing new, and a list will not go on.
_MOST_IDLE: Final = 100


class Pages(Generic[T]):
    """
    The rows of a list: ``async for row in pages``. A page is fetched when its first row is asked for.

    *fetch* takes a cursor (``None`` for the first page) and gives the rows and the next cursor
    (``None`` after the last page).

    A list that would go on for ever ends in a ``ProtocolError``, after all rows that came: when a cursor comes back or
    cannot be one, and after 100 pages in a row that are empty or the same as the one before.
    """

    __slots__ = ("_cursor", "_fetch", "_idle", "_last", "_more", "_rows", "_seen", "_trouble")

    def __init__(self, fetch: Callable[[str | None], Awaitable[tuple[Sequence[T], str | None]]]) -> None:
        self._fetch = fetch
        self._cursor: str | None = None
        self._more = True
        self._rows: list[T] = []
        self._seen: set[str] = set()
        self._last: list[T] = []
        self._idle = 0
        self._trouble: str | None = None

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> T:
        while not self._rows:
            if self._trouble is not None:
                raise ProtocolError(self._trouble)
            if not self._more:
                raise StopAsyncIteration
            rows, cursor = await self._fetch(self._cursor)
            # The rows of this page are good, whatever follows.
            self._trouble = self._find_trouble(rows, cursor)
            self._cursor, self._more = cursor, cursor is not None
            self._rows = list(reversed(rows))
        return self._rows.pop()

    def _find_trouble(self, rows: Sequence[T], cursor: str | None) -> str | None:
        """Return why no further page can be asked for, if there is one and it cannot."""
        page = list(rows)
        self._idle = self._idle + 1 if not page or page == self._last else 0
        self._last = page
        if cursor is None:
            return None
        if len(cursor) > _LONGEST_CURSOR:
            return f"the cursor of the next page has {len(cursor)} characters"
        if not is_encodable(cursor):
            return "the cursor of the next page has lone surrogates and cannot be sent back"
        if cursor in self._seen:
            return "the list repeats a page for ever: its cursor came back"
        self._seen.add(cursor)
        return None if self._idle < _MOST_IDLE else f"{_MOST_IDLE} pages of the list in a row brought nothing new"
