"""Exa's manners, which its services share: keys, request ids, error bodies, rates, cursors."""

from __future__ import annotations

import base64
import binascii
import itertools
import json
from collections import deque
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeVar, cast

from ._checks import Rule, problems
from ._http import Call, RefusalError, Reply, Stream

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ._world import World

T = TypeVar("T")

TAGS: Final = {
    400: "INVALID_REQUEST",
    401: "INVALID_API_KEY",
    402: "NO_MORE_CREDITS",
    403: "FEATURE_DISABLED",
    404: "NOT_FOUND",
    409: "INVALID_REQUEST",
    422: "INVALID_REQUEST",
    429: "RATE_LIMIT_EXCEEDED",
    503: "SERVICE_OVERLOADED",
}
_TEXTS: Final = {
    400: "Invalid request",
    401: "Invalid API key",
    402: "You have run out of credits",
    403: "This feature is not enabled for your team",
    404: "Not found",
    409: "Conflict",
    429: "You have exceeded your rate limit",
    503: "The service is overloaded, please try again later",
}


def flat(call: Call, status: int, text: str | None = None, tag: str | None = None) -> Reply:
    """Return the general error body; *tag* and *text* default to the usual ones of *status*."""
    body: dict[str, Any] = {"requestId": call.request_id, "error": text or _TEXTS.get(status, "Something went wrong")}
    if tag or status in TAGS:
        body["tag"] = tag or TAGS[status]
    return Reply(status, body)


def refuse(call: Call, status: int, text: str | None = None, tag: str | None = None) -> NoReturn:
    """End the handler with :func:`flat`."""
    raise RefusalError(flat(call, status, text, tag))


def admit(world: World, call: Call) -> None:
    """Ask for the key, as the gateway before every service does."""
    key = call.headers.get("x-api-key", "").strip()
    if not key:
        scheme, _, token = call.headers.get("Authorization", "").partition(" ")
        key = token.strip() if scheme.lower() == "bearer" else ""
    if not key:
        refuse(call, 401, "API key must be provided as an argument or as an environment variable")
    if world.limits.api_keys is not None and key not in world.limits.api_keys:
        refuse(call, 401)


def stamp_request_id(call: Call, reply: Reply | Stream) -> None:
    """Put the request's id on a reply."""
    reply.headers.setdefault("x-request-id", call.request_id)


def read_json(call: Call) -> Any:
    """Return the body as JSON.

    Raises:
        RefusalError: It is not JSON.
    """
    try:
        return json.loads(call.body, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        refuse(call, 400, "Request body is not valid JSON", "INVALID_REQUEST_BODY")


def checked(call: Call, rule: Rule) -> dict[str, Any]:
    """Return the body as an object that *rule* accepts.

    Raises:
        RefusalError: It is none.
    """
    body = read_json(call)
    wrong = problems(rule, body)
    if wrong:
        refuse(call, 400, f"Invalid request body: {wrong}", "INVALID_REQUEST_BODY")
    return cast("dict[str, Any]", body)


def page_size(call: Call, default: int, most: int) -> int | None:
    """Return the wanted page size, ``None`` if it is out of range."""
    value = call.query.get("limit")
    if value is None:
        return default
    try:
        size = float(value)
    except ValueError:
        return None
    return int(size) if 1 <= size <= most and size == int(size) else None


def to_cursor(number: int) -> str:
    """Return an opaque cursor for a position."""
    return base64.urlsafe_b64encode(f"after:{number}".encode()).decode().rstrip("=")


def from_cursor(cursor: str) -> int | None:
    """Return the position of a cursor, ``None`` if it was never given out."""
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        return int(text.removeprefix("after:")) if text.startswith("after:") else None
    except (binascii.Error, ValueError):
        return None


def page(data: list[dict[str, Any]], position: int | None) -> Reply:
    """Return one page; *position* is where the next one begins, ``None`` for the last."""
    cursor = None if position is None else to_cursor(position)
    return Reply(200, {"data": data, "hasMore": cursor is not None, "nextCursor": cursor})


def listing(call: Call, rows: Iterable[tuple[int, T]], default: int, most: int) -> tuple[list[T], int | None]:
    """Return the page of *rows* that is asked for, and where the next one begins; they come with falling numbers.

    Raises:
        RefusalError: The size or the cursor cannot be one.
    """
    size, cursor = page_size(call, default, most), call.query.get("cursor")
    before = None if cursor is None else from_cursor(cursor)
    if size is None or (cursor is not None and before is None):
        refuse(call, 400, f"limit must be between 1 and {most}" if size is None else "Invalid cursor")
    chosen, more = take(((number, row) for number, row in rows if before is None or number < before), size)
    return [row for _, row in chosen], chosen[-1][0] if more else None


def take(rows: Iterable[T], size: int) -> tuple[list[T], bool]:
    """Return the first *size* rows, and whether there are more."""
    found = list(itertools.islice(rows, size + 1))
    return found[:size], len(found) > size


class Meter:
    """Counts requests within the last second, and refuses what is too much."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._recent: deque[float] = deque()

    def count(self, call: Call, weight: int = 1) -> None:
        """Let a request pass.

        Raises:
            RefusalError: With it the account would exceed its rate.
        """
        rate = self._world.limits.rate
        if rate is None:
            return
        now = self._world.now()
        while self._recent and self._recent[0] <= now - 1.0:
            self._recent.popleft()
        if len(self._recent) + weight > rate:
            reply = flat(call, 429)
            reply.headers["Retry-After"] = "1"
            raise RefusalError(reply)
        self._recent.extend([now] * weight)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
