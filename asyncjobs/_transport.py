"""Sending over aiohttp."""

from __future__ import annotations

import asyncio
import contextlib
import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import aiohttp
from multidict import CIMultiDict
from yarl import URL

from asyncjobs._buffers import keep_memory
from asyncjobs._deadlines import Deadlines, Scope
from asyncjobs._heads import BROKEN, Head, begin_elsewhere, failed
from asyncjobs._middlewares import Credentials
from asyncjobs._texts import clean
from asyncjobs._unpacking import READABLE, Unpacker
from asyncjobs._wire import Reply, Request
from asyncjobs.errors import AsyncJobsError, ClientClosed, ProtocolError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Mapping

    from asyncjobs._settings import Settings

_CHUNK: Final = 64 * 1024


class AiohttpTransport:
    """
    Sends over one ``aiohttp.ClientSession``: its own, opened at the first request, or the application's.

    The key goes to *base_url*'s origin only, and a redirect is followed only when reading. An own session takes
    nothing from the environment. Of the application's session we use the connector (and so its proxy and its TLS)
    and its ordinary default headers; its middlewares do not run for our requests, and its cookies and what
    ``trust_env`` finds in ``.netrc`` are not sent.
    """

    def __init__(
        self,
        base_url: URL,
        *,
        key_header: str,
        key: str,
        headers: Mapping[str, str],
        settings: Settings,
        session: aiohttp.ClientSession | None = None,
    ) -> None:
        self._base = str(base_url)
        self.secure: bool = base_url.scheme == "https"
        self._url = base_url
        self._prefix = base_url.raw_path.rstrip("/")
        self._credentials = Credentials(base_url.origin(), key_header, key)
        # Whatever their case, a later one takes the place of an earlier one, and none of what the body is.
        usual = CIMultiDict[str]()
        for name, value in (*headers.items(), ("Accept-Encoding", READABLE)):
            usual[name] = value
        with_body = usual.copy()
        with_body["Content-Type"] = "application/json"
        usual.popall("Content-Type", None)
        #: By whether there is a body: for what goes through the middlewares, and for what needs none of them. A session
        #: that added them by itself would show them to strangers, too.
        self._headers = usual, with_body
        self._keyed_headers = self._credentials.add_to(usual), self._credentials.add_to(with_body)
        self._settings = settings
        self._session = session
        self._owns_session = session is None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False
        # What bounds the whole is a scope with a timer that it shares, which costs a fraction of aiohttp's.
        self._bounds = aiohttp.ClientTimeout(total=None, connect=None, sock_connect=_bound(settings.connect_timeout))
        self._limits = Deadlines()
        keep_memory()

    async def send(self, request: Request) -> Reply:
        """Send *request* once; see :class:`asyncjobs._seam.Transport`."""
        outcome = await self._exchange(self.open(), request)
        # Raised out here on purpose. aiohttp's exceptions can hold the request's headers, and so the key; and the
        # frames below hold the reply, which a traceback with local variables would show.
        if isinstance(outcome, AsyncJobsError):
            raise outcome
        return outcome

    async def _exchange(self, session: aiohttp.ClientSession, request: Request) -> Reply | AsyncJobsError:
        shown = f"{self._base}{request.target.partition('?')[0]}"
        concealer = self._credentials.concealer
        try:
            with Scope(self._limits, self._settings.request_timeout) as began:
                response = await self._ask(session, request)
                try:
                    body = await self._read(response)
                finally:
                    # Read to its end, it has given its connection back; else that is closed now.
                    response.release()
            said = concealer.conceal_headers(response.headers, response.raw_headers)
            if body is None:
                message = f"{shown}: the body has more than max_body_bytes ({self._settings.max_body_bytes})"
                return ProtocolError(message, request_id=clean(said.get("x-request-id", "")) or None)
            return Reply(
                status=response.status,
                headers=said,
                body=concealer.conceal_payload(body) if 200 <= response.status < 300 else concealer.conceal(body),  # noqa: PLR2004
                url=shown,
                began=began,
                received_at=datetime.now(UTC),
            )
        except BROKEN as error:
            return failed(error, request, shown)

    async def begin(self, request: Request, headers: Mapping[str, str]) -> Head:
        """Send *request* once and return the head of the reply; nothing but the connecting is bounded."""
        response = await self._ask(self.open(), request, headers)
        return Head(response, f"{self._base}{request.target.partition('?')[0]}", self._credentials.concealer)

    def _ask(
        self, session: aiohttp.ClientSession, request: Request, more: Mapping[str, str] | None = None
    ) -> Awaitable[aiohttp.ClientResponse]:
        path, _, query = request.target.partition("?")
        reads = request.method == "GET"
        # Only what may be led elsewhere, or goes over a session that may add to it, is to be looked after on its way.
        guarded = reads or not self._owns_session or self._credentials.logs
        headers = (self._headers if guarded else self._keyed_headers)[request.body is not None]
        if more or request.headers:
            headers = headers.copy()
            headers.update(more or {})
            headers.update(request.headers)
        return session.request(
            request.method,
            # Already encoded: decoding and encoding again could turn "%2F" into a slash.
            URL.build(
                scheme=self._url.scheme,
                authority=self._url.raw_authority,
                path=f"{self._prefix}{path}",
                query_string=query,
                encoded=True,
            ),
            data=request.body,
            headers=headers,
            timeout=self._bounds,
            allow_redirects=reads,
            max_redirects=5,
            raise_for_status=False,
            # It does not bound what it unpacks, or bounds it otherwise, in some of its versions.
            auto_decompress=False,
            middlewares=self._credentials.middlewares() if guarded else (),
        )

    async def begin_elsewhere(self, address: str) -> Head:
        """Read what is at an *address* that the service gave; see :func:`asyncjobs._heads.begin_elsewhere`."""
        return await begin_elsewhere(self.open(), address, self._base, self._credentials, self._bounds)

    @property
    def connections(self) -> int:
        """How many connections there can be at once, 0 for any number."""
        connector = None if self._session is None else self._session.connector
        return 0 if connector is None else connector.limit

    async def aclose(self) -> None:
        """Close the session if it is ours."""
        self._closed = True
        self._limits.close()
        session, self._session = self._session, None
        if session is not None and self._owns_session:
            await session.close()

    def abandon(self) -> None:
        """Drop the session if it is ours, so that aiohttp does not complain of each of its pieces."""
        self._closed = True
        session, self._session = self._session, None
        if session is None or not self._owns_session or not self._reachable():
            return
        connector = session.connector
        if connector is None:
            return
        session.detach()
        closing = connector.close().__await__()
        # One step closes; the others would only wait until the connections have said goodbye.
        with contextlib.suppress(StopIteration):
            next(closing)
        closing.close()

    def _reachable(self) -> bool:
        """Whether the connections may be touched from here: in another thread, say, they may not."""
        try:
            here = asyncio.get_running_loop()
        except RuntimeError:
            here = None
        return self._loop is not None and (self._loop is here or self._loop.is_closed())

    def open(self) -> aiohttp.ClientSession:
        """Return the session; see :class:`asyncjobs._uploads.Outgoing`."""
        if self._closed:
            raise ClientClosed("the client was closed")
        if self._session is None:
            self._loop = asyncio.get_running_loop()
            self._session = aiohttp.ClientSession(
                # The lanes bound what runs at once; streams, which last, come on top.
                connector=aiohttp.TCPConnector(limit=0),
                # A service's cookies are nobody's business here.
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        elif self._session.closed:
            raise ClientClosed("the session that this client was given is closed")
        return self._session

    async def _read(self, response: aiohttp.ClientResponse) -> bytes | None:
        """Return the body, ``None`` if it is too large; nothing is read beyond the bound."""
        bound = self._settings.max_body_bytes
        length = response.content_length
        encoding = response.headers.get("Content-Encoding")
        if length is not None and length <= bound:
            # The usual case, in one piece, and mostly here already.
            content = response.content
            body = content.read_nowait() if content.is_eof() else await content.read()
            if encoding is None:
                return body
            unpacker = Unpacker(encoding)
            body = unpacker.feed(body, bound)
            if len(body) <= bound:
                unpacker.end()
                return body
        elif length is None:
            unpacker = Unpacker(encoding or "")
            chunks: list[bytes] = []
            size = packed = 0
            async for data in response.content.iter_chunked(_CHUNK):
                chunks.append(unpacker.feed(data, bound - size))
                packed += len(data)
                size += len(chunks[-1])
                if max(size, packed) > bound:
                    break
            else:
                unpacker.end()
                return b"".join(chunks)
        response.close()
        return None


def _bound(seconds: float) -> float | None:
    """Return a time limit as aiohttp takes it: it cannot count to infinity."""
    return None if seconds == math.inf else seconds
