"""How Exa spells requests and pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from asyncjobs.errors import ProtocolError

if TYPE_CHECKING:
    from collections.abc import Callable


def body(**fields: Any) -> dict[str, Any]:
    """Return the fields that were given, with camelCase keys; ``None`` is "not given"."""
    return {_camel(name): value for name, value in fields.items() if value is not None}


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(map(str.capitalize, rest))


def read_page(payload: dict[str, Any]) -> tuple[list[Any], str | None]:
    """Return the rows of a page and the cursor of the next one."""
    rows, cursor = payload.get("data"), payload.get("nextCursor")
    if not isinstance(rows, list):
        raise ProtocolError(f"a page of a list: data: expected array, got {type(rows).__name__}")
    if not payload.get("hasMore"):
        return rows, None
    if not isinstance(cursor, str) or not cursor:
        # To end here would pass off a part of the list as the whole.
        raise ProtocolError(f"a page of a list: there is more, but nextCursor: got {type(cursor).__name__}")
    return rows, cursor


def page_query(page_size: int | None, **filters: str | None) -> Callable[[str | None], list[tuple[str, str]]]:
    """Return what gives the query of the page at a cursor."""
    fixed = [(name, value) for name, value in filters.items() if value is not None]
    if page_size is not None:
        fixed.append(("limit", str(page_size)))

    def query(cursor: str | None) -> list[tuple[str, str]]:
        return fixed if cursor is None else [*fixed, ("cursor", cursor)]

    return query
