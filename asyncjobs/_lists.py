"""The pages of a list: which query asks for one, and what a reply holds. Values in, values out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs, urlsplit

from asyncjobs._figures import pick
from asyncjobs._settings import check_count
from asyncjobs._wire import build
from asyncjobs.errors import ProtocolError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from asyncjobs._calls import Paging, Survey
    from asyncjobs._wire import Request

#: What servers take at most. To take a much longer one apart costs many times its size.
_LONGEST_ADDRESS: Final = 8192


def page_query(paging: Paging | None, size: int | None, cursor: str | None) -> list[tuple[str, str]]:
    """
    Return the query of the page at *cursor* (``None``: the first) of *size* rows (``None``: as the service likes).

    Raises:
        InvalidArgument: *size* is no whole number of at least 1.
    """
    if paging is None:
        return []
    rows = [] if size is None else [(paging.size, str(check_count(size, "page_size")))]
    return rows if cursor is None else [*rows, (paging.cursor, cursor)]


def page_request(
    survey: Survey, ids: Sequence[str], cursor: str | None, query: Mapping[str, str] | None = None
) -> Request:
    """Return the request for the page at *cursor* (``None``: the first) of a list, as large as the service gives it."""
    size = None if survey.paging is None else survey.paging.most
    return build(survey.call, ids, query=[*(query or {}).items(), *page_query(survey.paging, size, cursor)])


def read_rows(payload: Mapping[str, Any], path: str) -> list[Any]:
    """
    Return the rows at a dotted *path*, gathered from every row of the lists on the way; empty is the payload itself.

    After the first step an object stands for the list of it alone.

    Raises:
        ProtocolError: There is no list at its first step.
    """
    if not path:
        return [payload]
    first, *rest = path.split(".")
    rows = payload.get(first)
    if not isinstance(rows, list):
        raise ProtocolError(f"a page of a list: {first}: expected array, got {type(rows).__name__}")
    for key in rest:
        lists = [row.get(key) for row in rows if isinstance(row, dict)]
        rows = [row for inner in lists if inner for row in (inner if isinstance(inner, list) else [inner])]
    return rows


def next_cursor(payload: Mapping[str, Any], paging: Paging | None) -> str | None:
    """
    Return the cursor of the page after this one, ``None`` at the end.

    Raises:
        ProtocolError: What is there can be no cursor.
    """
    if paging is None or (paging.more is not None and not pick(payload, paging.more)):
        return None
    following = pick(payload, paging.following)
    if not following and paging.more is None:
        return None
    # To end where the next page cannot be made out would pass off a part of the list as the whole.
    problem = f"a page of a list: there is more, but {paging.following}: "
    if not isinstance(following, str) or not following:
        raise ProtocolError(f"{problem}expected str, got {type(following).__name__}")
    if not paging.address:
        return following
    if len(following) > _LONGEST_ADDRESS:
        raise ProtocolError(f"{problem}has {len(following)} characters")
    try:
        cursors = parse_qs(urlsplit(following).query).get(paging.cursor)
    except ValueError:
        cursors = None
    if not cursors:
        raise ProtocolError(f"{problem}is no address of a page")
    return cursors[-1]
