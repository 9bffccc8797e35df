"""aiohttp client middlewares: the key, for one origin only, and a log line without secrets."""

from __future__ import annotations

import html
import json
import logging
from typing import TYPE_CHECKING, Final, NoReturn
from urllib.parse import quote, quote_plus

from asyncjobs._texts import clean

if TYPE_CHECKING:
    from aiohttp import ClientHandlerType, ClientRequest, ClientResponse
    from yarl import URL

_log = logging.getLogger("asyncjobs.http")

#: A shorter key is no secret, and would blot out parts of ordinary words and figures.
_SHORTEST: Final = 6
#: Payloads are the user's own data: only what cannot be a word of theirs is taken out of them.
_UNMISTAKABLE: Final = 16
_CREDENTIAL_HEADERS: Final = frozenset({"authorization", "cookie", "proxy-authorization", "x-api-key"})
#: What another origin gets to see of a request.
_FOR_STRANGERS: Final = frozenset({"accept", "accept-encoding", "host", "user-agent"})


def is_credential(header: str, key_header: str) -> bool:
    """Whether a header of that name carries credentials."""
    return header.lower() in _CREDENTIAL_HEADERS | {key_header.lower()}


def _spellings(key: str) -> tuple[str, ...]:
    """Return how a service may repeat *key*: as it is, in JSON, in an address, in HTML, and without "Bearer"."""
    words = {key, key.rsplit(maxsplit=1)[-1]}
    in_json = {json.dumps(word)[1:-1] for word in words}
    spelled = words | in_json | {word.replace("/", r"\/") for word in in_json}
    spelled |= {way(word) for word in words for way in (quote, quote_plus, html.escape)}
    spelled |= {quote(word, safe="") for word in words}
    # The longest first, so that none leaves half of another.
    return tuple(sorted((word for word in spelled if len(word) >= _SHORTEST), key=len, reverse=True))


class Credentials:
    """
    Puts the API key into requests to its own origin, and keeps all else that is confidential out of every request.

    aiohttp runs middlewares again on each hop of a redirect, which is what keeps the key at home. What the session
    adds (cookies, a user and password from ``.netrc`` or from the address of a redirect) is taken out: the service
    gets the key and no other credentials. Another origin gets no header that it does not need.
    """

    __slots__ = ("_header", "_key", "_origin", "_spellings")

    def __init__(self, origin: URL, header: str, key: str) -> None:
        self._origin = origin
        self._header = header
        self._key = key
        self._spellings = _spellings(key)

    def __repr__(self) -> str:
        return f"<Credentials for {self._origin}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("credentials are not copied and not pickled, nor is what holds them")

    def conceal(self, body: bytes) -> bytes:
        """Return *body* with the key blotted out, should a service repeat it."""
        for spelling in self._spellings:
            body = body.replace(spelling.encode(), b"***")
        return body

    def conceal_payload(self, body: bytes) -> bytes:
        """Return *body*, which is the user's data, with the key blotted out if it is too long to be a word."""
        return self.conceal(body) if len(self._key) >= _UNMISTAKABLE else body

    def conceal_text(self, text: str) -> str:
        """Return *text* with the key blotted out."""
        for spelling in self._spellings:
            text = text.replace(spelling, "***")
        return text

    async def __call__(self, request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
        at_home = request.url.origin() == self._origin
        for name in set(request.headers):
            if is_credential(name, self._header) if at_home else name.lower() not in _FOR_STRANGERS:
                del request.headers[name]
        if at_home:
            request.headers[self._header] = self._key
        return await handler(request)

    async def log(self, request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
        """Log method, address without query and status at DEBUG. Headers and bodies are never logged."""
        response = await handler(request)
        if _log.isEnabledFor(logging.DEBUG):
            # The address of a redirect is the service's choice.
            shown = self.conceal_text(str(request.url.with_query(None).with_fragment(None)))
            _log.debug("%s %s -> %d", request.method, clean(shown), response.status)
        return response
