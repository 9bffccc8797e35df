"""The key, for one origin only, and a log line without secrets: aiohttp client middlewares, where they are needed."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final, NoReturn

import aiohttp

from asyncjobs._concealing import Concealer, Hidden
from asyncjobs._texts import clean
from asyncjobs.errors import InvalidArgument

if TYPE_CHECKING:
    from aiohttp import ClientHandlerType, ClientMiddlewareType, ClientRequest, ClientResponse
    from multidict import CIMultiDict
    from yarl import URL

_log = logging.getLogger("asyncjobs.http")

_CREDENTIAL_HEADERS: Final = frozenset({"authorization", "cookie", "proxy-authorization", "x-api-key"})
#: What another origin gets to see of a request.
_FOR_STRANGERS: Final = frozenset({"accept", "accept-encoding", "host", "user-agent"})


def is_credential(header: str, key_header: str) -> bool:
    """Whether a header of that name carries credentials."""
    return header.lower() in _CREDENTIAL_HEADERS | {key_header.lower()}


def check_session(session: aiohttp.ClientSession, key_header: str) -> aiohttp.ClientSession:
    """
    Return the application's *session* if it carries no credentials of its own.

    Raises:
        InvalidArgument: It has default credentials, which would go to the service beside the key.
    """
    if not isinstance(session, aiohttp.ClientSession):  # pyright: ignore[reportUnnecessaryIsInstance] - users' input
        raise InvalidArgument("session", f"expected aiohttp.ClientSession, got {type(session).__name__}")
    if session.auth is not None or any(is_credential(name, key_header) for name in session.headers):
        raise InvalidArgument("session", "has default credentials; give the key to the client instead")
    return session


def _place(url: URL) -> tuple[str, str | None, int | None]:
    """Return what makes two addresses the same origin."""
    return url.scheme, url.raw_host, url.port


class Credentials:
    """
    Puts the API key into requests to its own origin, and keeps all else that is confidential out of every request.

    aiohttp runs middlewares again on each hop of a redirect, which is what keeps the key at home. What the session
    adds (cookies, a user and password from ``.netrc`` or from the address of a redirect) is taken out: the service
    gets the key and no other credentials. Another origin gets no header that it does not need.
    """

    __slots__ = ("_credentials", "_header", "_home", "_key", "_origin", "concealer")

    def __init__(self, origin: URL | None, header: str, key: str) -> None:
        self._origin = origin
        self._home = None if origin is None else _place(origin)
        self._header = header
        self._credentials = _CREDENTIAL_HEADERS - {header.lower()}
        self._key = Hidden(key)
        #: What takes the key out of what the service says.
        self.concealer: Concealer = Concealer(key)

    def __repr__(self) -> str:
        return f"<Credentials for {self._origin or 'nowhere'}>"

    def abroad(self) -> Credentials:
        """Return what hides the same key and gives it to nobody, not even at home: an address may say who may read."""
        return Credentials(None, self._header, self._key)

    def __reduce__(self) -> NoReturn:
        raise TypeError("credentials are not copied and not pickled, nor is what holds them")

    def add_to(self, headers: CIMultiDict[str]) -> CIMultiDict[str]:
        """
        Return *headers* with the key, for requests that cannot leave home and go over a session of our own.

        They need no :meth:`middlewares`, which cost as much as a tenth of a request.
        """
        keyed = headers.copy()
        keyed[self._header] = self._key
        return keyed

    @property
    def logs(self) -> bool:
        """Whether requests are to be logged."""
        return _log.isEnabledFor(logging.DEBUG)

    def middlewares(self) -> tuple[ClientMiddlewareType, ...]:
        """Return what to send a request through."""
        return (self, self.log) if self.logs else (self,)

    async def __call__(self, request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
        headers = request.headers
        if _place(request.url) == self._home:
            for name in self._credentials:
                headers.popall(name, None)
            headers[self._header] = self._key
        else:
            for name in set(headers):
                if name.lower() not in _FOR_STRANGERS:
                    del headers[name]
        return await handler(request)

    async def log(self, request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
        """Log method, address without query and status at DEBUG. Headers and bodies are never logged."""
        response = await handler(request)
        # The address of a redirect is the service's choice.
        shown = self.concealer.conceal_text(str(request.url.with_query(None).with_fragment(None)))
        _log.debug("%s %s -> %d", request.method, clean(shown), response.status)
        return response
