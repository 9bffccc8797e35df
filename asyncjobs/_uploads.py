"""Putting a file where a service says: somewhere else, to which no credentials and no redirects lead."""

from __future__ import annotations

import asyncio
import math
import random
import re
from typing import TYPE_CHECKING, Final, Protocol

import aiohttp
from yarl import URL

from asyncjobs._addresses import given_address
from asyncjobs._heads import BROKEN
from asyncjobs._retry import Retries
from asyncjobs._seam import Transport
from asyncjobs.errors import APIError, AsyncJobsError, ProtocolError, ServerError, TransportError

if TYPE_CHECKING:
    from aiohttp import ClientHandlerType, ClientRequest, ClientResponse

    from asyncjobs._settings import Settings
    from asyncjobs._tasks import Tasks

#: What a store of files gets to see of a request: nothing that tells who asks.
_SHOWN: Final = frozenset({"accept", "accept-encoding", "content-length", "content-type", "host", "user-agent"})
#: A line that is slower than so many bytes per second is as good as none.
_SLOWEST: Final = 100_000
#: How much is read of what a store says to it.
_LONGEST_REPLY: Final = 64 * 1024
_CODE: Final = re.compile(rb"<Code>(\w{1,60})</Code>")


def check_address(address: str, *, secure: bool) -> URL:
    """
    Return the address that a service gave for an upload.

    Raises:
        ProtocolError: It is none, or leads from a *secure* service over a line that anybody can read.
    """
    url = given_address(address, secure=secure)
    if isinstance(url, URL):
        return url
    raise ProtocolError(f"the address for the upload {url}")


async def _bare(request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
    """Take everything out of a request that is nobody's business elsewhere: keys, cookies, default headers."""
    for name in set(request.headers):
        if name.lower() not in _SHOWN:
            del request.headers[name]
    return await handler(request)


class Outgoing(Transport, Protocol):
    """One whose session may serve for requests to elsewhere; *secure* if nobody on the way to the service can read."""

    secure: bool

    def open(self) -> aiohttp.ClientSession:
        """Return the session over which it sends; raises ``ClientClosed``."""
        ...


class Uploads:
    """What one client puts elsewhere."""

    def __init__(self, transport: Outgoing, tasks: Tasks, settings: Settings) -> None:
        self._transport = transport
        self._tasks = tasks
        self._settings = settings

    async def put(self, address: str, data: bytes, content_type: str) -> None:
        """
        Put *data* at *address*, again where that may help, within the retry budget.

        One attempt has the time of a request, and a second more for each 100 kB.

        Raises:
            ProtocolError: The address cannot be one.
            APIError: It was refused, or sent elsewhere.
            TransportError: There was no answer.
            ClientClosed: The client was closed.
        """
        url = check_address(address, secure=self._transport.secure)
        await self._tasks.run(self._put(url, data, content_type), "upload")

    async def _put(self, url: URL, data: bytes, content_type: str) -> None:
        loop = asyncio.get_running_loop()
        retries = Retries(self._settings.retry_budget, repeatable=True)
        while True:
            began = loop.time()
            failure = await self._attempt(url, data, content_type)
            if failure is None:
                return
            spread = random.random()  # noqa: S311 - jitter is no secret
            delay = retries.after(failure, took=loop.time() - began, spread=spread)
            if delay is None:
                # Raised out here: aiohttp's own exceptions show what was sent.
                raise failure
            await asyncio.sleep(delay)

    async def _attempt(self, url: URL, data: bytes, content_type: str) -> AsyncJobsError | None:
        # The address is as good as a key while it is valid, and a store repeats it when it refuses.
        shown = str(url.origin())
        bounds = self._settings.request_timeout + len(data) / _SLOWEST, self._settings.connect_timeout
        total, connect = (None if bound == math.inf else bound for bound in bounds)
        try:
            async with self._transport.open().put(
                url,
                data=data,
                headers={"Content-Type": content_type},
                timeout=aiohttp.ClientTimeout(total=total, connect=None, sock_connect=connect),
                allow_redirects=False,
                raise_for_status=False,
                auto_decompress=False,
                middlewares=(_bare,),
            ) as response:
                said = await response.content.read(_LONGEST_REPLY)
        except BROKEN as error:
            return TransportError(type(error).__name__, method="PUT", url=shown)
        status = response.status
        if 200 <= status < 300:  # noqa: PLR2004
            return None
        kind, code = ServerError if status >= 500 else APIError, _CODE.search(said)  # noqa: PLR2004
        tag = None if code is None else code[1].decode()
        return kind("the upload was refused", status=status, tag=tag, method="PUT", url=shown)
