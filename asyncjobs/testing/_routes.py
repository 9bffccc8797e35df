"""Requests as documentation writes them, ``POST /renders/{id}/abort``, and which of them a real one is."""

from __future__ import annotations

import re
import string
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote

from asyncjobs.errors import InvalidArgument

if TYPE_CHECKING:
    from collections.abc import Mapping

_REQUEST = re.compile(r"(GET|POST|PUT|PATCH|DELETE) (/[^?\s]*)(?:\?(\S+))?")


class Route:
    """One request of a service: a method, a path whose braces stand for ids, and perhaps a query."""

    def __init__(self, text: str) -> None:
        found = _REQUEST.fullmatch(text)
        assert found is not None
        self.method: str = found[1]
        self.path: str = found[2]
        self.query: frozenset[tuple[str, str]] = frozenset(parse_qsl(found[3] or ""))
        pieces = [(re.escape(before), name) for before, name, _, _ in string.Formatter().parse(self.path)]
        self.fields: tuple[str, ...] = tuple(name for _, name in pieces if name)
        self._pattern = re.compile("".join(before + ("([^/]+)" if name else "") for before, name in pieces))

    @staticmethod
    def check(_: Any, attribute: Any, value: Any) -> None:
        """
        Be the validator of attrs fields that hold requests.

        Raises:
            InvalidArgument: It is no request.
        """
        if not isinstance(value, str) or _REQUEST.fullmatch(value) is None:
            raise InvalidArgument(attribute.name, f"expected one such as 'GET /renders/{{id}}', got {value!r}")

    def match(self, method: str, raw_path: str, query: Mapping[str, str]) -> tuple[str, ...] | None:
        """Return the ids in a request if it is this one, else ``None``; *raw_path* is still encoded."""
        found = self._pattern.fullmatch(raw_path)
        if found is None or method != self.method or not self.query <= set(query.items()):
            return None
        return tuple(map(unquote, found.groups()))


class Routes:
    """The requests of a service by verb; of two that fit, the one that asks for more in its query is meant."""

    def __init__(self, requests: Mapping[str, str]) -> None:
        routes = {verb: Route(text) for verb, text in requests.items()}
        self._routes = sorted(routes.items(), key=lambda item: -len(item[1].query))

    def find(self, method: str, raw_path: str, query: Mapping[str, str]) -> tuple[str, tuple[str, ...]] | None:
        """Return the verb and the ids of a request, ``None`` if the service has no such request."""
        for verb, route in self._routes:
            ids = route.match(method, raw_path, query)
            if ids is not None:
                return verb, ids
        return None
