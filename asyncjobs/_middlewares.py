"""aiohttp client middlewares: the key, for one origin only, and a log line without secrets."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aiohttp import ClientHandlerType, ClientRequest, ClientResponse
    from yarl import URL

_log = logging.getLogger("asyncjobs.http")

#: A shorter key is no secret, and would blot out parts of ordinary words and figures.
_SHORTEST = 6


class Credentials:
    """
    Puts the API key into requests to its own origin, and takes it out of any other.

    aiohttp runs middlewares again on each hop of a redirect, which is what keeps the key at home.
    """

    __slots__ = ("_header", "_key", "_origin")

    def __init__(self, origin: URL, header: str, key: str) -> None:
        self._origin = origin
        self._header = header
        self._key = key

    def __repr__(self) -> str:
        return f"<Credentials for {self._origin}>"

    def conceal(self, body: bytes) -> bytes:
        """Return *body* with the key blotted out, should a service repeat it."""
        return body.replace(self._key.encode(), b"***") if len(self._key) >= _SHORTEST else body

    def conceal_text(self, text: str) -> str:
        """Return *text* with the key blotted out."""
        return text.replace(self._key, "***") if len(self._key) >= _SHORTEST else text

    async def __call__(self, request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
        if request.url.origin() == self._origin:
            request.headers[self._header] = self._key
        else:
            request.headers.pop(self._header, None)
        return await handler(request)


async def log_requests(request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
    """Log method, address without query and status at DEBUG. Headers and bodies are never logged."""
    response = await handler(request)
    if _log.isEnabledFor(logging.DEBUG):
        _log.debug("%s %s -> %d", request.method, request.url.with_query(None), response.status)
    return response
