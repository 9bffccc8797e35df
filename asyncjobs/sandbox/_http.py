"""Requests and replies as values, and the table that leads from one to the other."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias
from urllib.parse import unquote

import attrs

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Mapping

    from multidict import CIMultiDictProxy, MultiMapping

JSON = "application/json"
HTML = "text/html"


@attrs.define(eq=False)
class Call:
    """One request; *now* is the clock reading that its reply describes."""

    method: str
    path: str
    query: MultiMapping[str]
    headers: CIMultiDictProxy[str]
    body: bytes
    origin: str
    now: float
    request_id: str
    ids: tuple[str, ...] = ()
    # How many seconds ago the state was that a stale read shows.
    lag: float = 0.0


@attrs.define
class Reply:
    """One reply; *body* is bytes as they are, or anything that JSON can say; ``None`` is no body."""

    status: int
    body: Any = None
    headers: dict[str, str] = attrs.field(factory=dict[str, str])
    content_type: str = JSON

    def payload(self) -> bytes:
        """Return the bytes to send."""
        if self.body is None:
            return b""
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body, separators=(",", ":")).encode()


@attrs.define
class Stream:
    """A reply of server-sent events."""

    frames: AsyncIterator[bytes]
    headers: dict[str, str] = attrs.field(factory=dict[str, str])


class RefusalError(Exception):
    """Ends a handler with this reply."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply)
        self.reply = reply


Handler: TypeAlias = "Callable[[Call], Reply | Stream]"


@attrs.frozen
class Route:
    """Which handler answers which method and path; ``{}`` stands for one id."""

    method: str
    template: str
    kind: str
    verb: str
    handler: Handler


class Service(Protocol):
    """One web service: its routes and its manners."""

    @property
    def routes(self) -> Iterable[Route]:
        """What it can do."""
        ...

    def admit(self, call: Call) -> None:
        """Raise a refusal unless the caller may come in."""

    def refuse(self, call: Call, status: int) -> Reply:
        """Return the service's own error body for *status*."""
        ...

    def unknown(self, call: Call, methods: Iterable[str]) -> Reply:
        """Answer a path that does not exist, or one that knows other *methods* only."""
        ...

    def finish(self, call: Call, reply: Reply | Stream) -> None:
        """Add what every reply of the service carries."""


class _Node:
    __slots__ = ("any", "literal", "routes")

    def __init__(self) -> None:
        self.literal: dict[str, _Node] = {}
        self.any: _Node | None = None
        self.routes: dict[str, Route] = {}


class Router:
    """Finds routes by their segments."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._root = _Node()
        for route in routes:
            node = self._root
            for segment in route.template.split("/")[1:]:
                if segment == "{}":
                    node.any = node = node.any or _Node()
                else:
                    node = node.literal.setdefault(segment, _Node())
            node.routes[route.method] = route

    def find(self, raw_path: str) -> tuple[Mapping[str, Route], tuple[str, ...]]:
        """Return the routes of a path by method, and the ids in it; no routes for a path that is unknown."""
        node: _Node | None = self._root
        ids: list[str] = []
        for segment in raw_path.split("/")[1:]:
            if node is None:
                break
            child = node.literal.get(segment)
            if child is None and segment and node.any is not None:
                child = node.any
                ids.append(unquote(segment) if "%" in segment else segment)
            node = child
        return ({}, ()) if node is None else (node.routes, tuple(ids))
